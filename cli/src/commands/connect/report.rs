//! The report of a connect, for people and for scripts.

use super::{
    connector::{Diagnostic, Event},
    phases::{NAMES, Phases},
};
use crate::ui::terminal::{self, Style};
use serde_json::{Map, Value, json};
use std::io;

/// The facts and times of all connects of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Start and end of each connect that succeeded, in microseconds since 1970, and its first query.
    runs: Vec<(u64, Option<u64>, Option<u64>)>,
    phases: Vec<Phases>,
    facts: Value,
    error: Option<Diagnostic>,
    is_interrupted: bool,
}

impl Report {
    /// Records an event.
    pub fn record(&mut self, event: Event) {
        match event {
            Event::Start(at) => self.runs.push((at, None, None)),
            Event::Connected(at) => {
                if let Some(run) = self.runs.last_mut() {
                    run.1 = Some(at);
                }
            }
            Event::Queried(microseconds) => {
                if let Some(run) = self.runs.last_mut() {
                    run.2 = Some(microseconds);
                }
            }
            Event::Facts(facts) => self.facts = facts,
            Event::Error(error) => self.error = Some(error),
            Event::Columns(_) | Event::Row(_) | Event::Done => {}
        }
    }

    /// The current step of so many connects, for the progress line.
    pub fn current_step(&self, repeat: u64) -> String {
        let step = match self.runs.last() {
            Some((_, Some(_), _)) => "Waiting for the server",
            _ => "Connecting",
        };
        if repeat > 1 {
            format!("{step}, {} of {repeat}", self.runs.len().max(1))
        } else {
            step.to_owned()
        }
    }

    /// Notes that somebody has ended it early; whether there is something to report.
    pub fn interrupt(&mut self) -> bool {
        self.is_interrupted = true;
        self.runs.iter().any(|(_, end, _)| end.is_some())
    }

    /// The error that ended the run.
    pub fn error(&self) -> Option<&Diagnostic> {
        self.error.as_ref()
    }

    /// Reads the phases from the driver's log.
    pub fn read_phases(&mut self, log: &str) {
        let done = self
            .runs
            .iter()
            .filter_map(|(start, end, _)| Some((*start, (*end)?)));
        self.phases = done
            .map(|(start, end)| Phases::from_log(log, start, end))
            .collect();
    }

    /// The text of a fact.
    fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn encryption(&self) -> &'static str {
        match self.fact("encrypted") {
            Some("TRUE") => "yes",
            Some(_) => "no",
            None => "as the connection string asks (the server does not say)",
        }
    }

    /// The milliseconds of the first queries.
    #[allow(
        clippy::cast_precision_loss,
        reason = "spans of time are far from 2^52 microseconds"
    )]
    fn queries(&self) -> Vec<Option<f64>> {
        let microseconds = self.runs.iter().map(|(.., query)| *query);
        microseconds
            .map(|query| query.map(|query| query as f64 / 1000.0))
            .collect()
    }

    /// The name of each phase, and its milliseconds in each run.
    fn phase_times(&self) -> Vec<(&'static str, Vec<Option<f64>>)> {
        let mut phase_times: Vec<_> = NAMES
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let times = self
                    .phases
                    .iter()
                    .map(|phases| phases.values().get(at).copied().flatten());
                (*name, times.collect())
            })
            .collect();
        phase_times.push(("first query", self.queries()));
        phase_times
    }

    fn lines(&self) -> Vec<String> {
        let printable = |text: &str| terminal::printable(text);
        let mut lines = vec![Style::Ok.paint("Connected")];
        let version = self.fact("version").unwrap_or_default();
        let product = self
            .fact("product")
            .map(|product| format!("{} {version}", printable(product)));
        let facts = [
            ("server", self.fact("server").map(printable)),
            ("product", product),
            ("database", self.fact("database").map(printable)),
            ("login", self.fact("user").map(printable)),
            ("user", self.fact("database_user").map(printable)),
            ("encrypted", Some(self.encryption().to_owned())),
        ];
        lines.extend(
            facts
                .into_iter()
                .filter_map(|(label, value)| Some(format!("  {label:<15} {}", value?.trim_end()))),
        );
        if self.phases.len() > 1 {
            lines.extend(self.distribution());
        } else {
            for (name, times) in self.phase_times() {
                if let Some(Some(time)) = times.first() {
                    lines.push(format!("  {name:<15} {time:>9.1} ms"));
                }
            }
        }
        lines
    }

    /// The first connect of a process loads the driver, and so has a column of its own.
    fn distribution(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "  {:<15} {:>9} {:>9} {:>9} {:>9} {:>9}   (ms, {} connects)",
            "",
            "first",
            "least",
            "median",
            "95 %",
            "most",
            self.phases.len()
        )];
        for (name, times) in self.phase_times() {
            let first = times.first().copied().flatten();
            let later = Spread::from_times(times.get(1..).unwrap_or_default());
            if first.is_none() && later.is_none() {
                continue;
            }
            let number = |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.1}"));
            let of = |pick: fn(&Spread) -> f64| number(later.as_ref().map(pick));
            lines.push(format!(
                "  {name:<15} {:>9} {:>9} {:>9} {:>9} {:>9}",
                number(first),
                of(|spread| spread.least),
                of(|spread| spread.median),
                of(|spread| spread.high),
                of(|spread| spread.most)
            ));
        }
        lines
    }

    /// Prints it on standard output.
    pub fn print(&self) -> io::Result<()> {
        terminal::print(&self.lines().join("\n"))
    }

    /// Prints it on standard error, beside the rows of a query.
    pub fn print_note(&self) {
        terminal::note(&self.lines().join("\n"));
    }

    /// Prints it as JSON.
    pub fn print_json(&self) -> io::Result<()> {
        let key = |name: &str| name.to_ascii_lowercase().replace(' ', "_");
        let phase_times = self.phase_times();
        let run = |at: usize| -> Value {
            let times = phase_times
                .iter()
                .filter_map(|(name, times)| Some((key(name), json!(times.get(at).copied().flatten()?))));
            Value::Object(times.collect::<Map<_, _>>())
        };
        let encrypted = self.fact("encrypted").map(|value| value == "TRUE");
        let error = self.error.as_ref().map(|error| {
            json!({ "during": error.during, "state": error.sqlstate, "native": error.native, "message": error.message })
        });
        terminal::print_json(&json!({
            "connected": self.error.is_none(),
            "interrupted": self.is_interrupted,
            "server": self.fact("server"), "product": self.fact("product"), "version": self.fact("version"),
            "database": self.fact("database"), "login": self.fact("user"), "user": self.fact("database_user"),
            "encrypted": encrypted,
            "milliseconds": (0..self.phases.len()).map(run).collect::<Vec<_>>(),
            "error": error,
        }))
    }
}

/// The distribution of durations.
struct Spread {
    least: f64,
    median: f64,
    high: f64,
    most: f64,
}

impl Spread {
    fn from_times(times: &[Option<f64>]) -> Option<Self> {
        let mut times: Vec<f64> = times.iter().flatten().copied().collect();
        times.sort_by(f64::total_cmp);
        // The nearest rank: a time that was measured, not one in between.
        let at = |hundredths: usize| {
            times
                .get((times.len() * hundredths).div_ceil(100).saturating_sub(1))
                .copied()
        };
        Some(Self {
            least: *times.first()?,
            median: at(50)?,
            high: at(95)?,
            most: *times.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_spread_is_made_of_times_that_were_measured() {
        let times: Vec<_> = (1..=20).rev().map(|time| Some(f64::from(time))).collect();
        let spread = Spread::from_times(&times).unwrap();
        let values = [spread.least, spread.median, spread.high, spread.most];
        assert_eq!(values.map(|time| format!("{time}")), ["1", "10", "19", "20"]);
        let one = Spread::from_times(&[None, Some(7.0)]).unwrap();
        assert_eq!(format!("{}", one.high), "7");
        assert!(Spread::from_times(&[None]).is_none());
    }
}
