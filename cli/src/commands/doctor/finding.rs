//! Findings of the doctor: the state of each check, its cause and what to do.

use crate::ui::terminal::{self, Style};
use entra_auth::{Error, ErrorKind};
use serde_json::{Value, json};
use std::io;

/// The checks; each has a section in docs/troubleshooting.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    ConnectionString,
    Library,
    UnixOdbc,
    IniFiles,
    Registration,
    RealDriver,
    DriverLibraries,
    OpenSsl,
    CaCertificates,
    Certificates,
    Proxy,
    Authority,
    Clock,
    DefaultChain,
    Server,
    Trust,
    SignIn,
    Token,
    Tenant,
    Login,
    AlwaysEncrypted,
}

impl Check {
    /// Its name, here and in the documentation.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectionString => "connection-string",
            Self::Library => "library",
            Self::UnixOdbc => "unixodbc",
            Self::IniFiles => "ini-files",
            Self::Registration => "registration",
            Self::RealDriver => "real-driver",
            Self::DriverLibraries => "driver-libraries",
            Self::OpenSsl => "openssl",
            Self::CaCertificates => "ca-certificates",
            Self::Certificates => "certificates",
            Self::Proxy => "proxy",
            Self::Authority => "authority",
            Self::Clock => "clock",
            Self::DefaultChain => "default-chain",
            Self::Server => "server",
            Self::Trust => "trust",
            Self::SignIn => "sign-in",
            Self::Token => "token",
            Self::Tenant => "tenant",
            Self::Login => "login",
            Self::AlwaysEncrypted => "always-encrypted",
        }
    }
}

/// The state of what was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Not checked, or not present and not needed.
    Skipped,
    /// A possible cause of failures.
    Warning,
    /// A cause of failures.
    Failure,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok => Style::Ok,
            Self::Skipped => Style::Faint,
            Self::Warning => Style::Warning,
            Self::Failure => Style::Failure,
        }
    }
}

/// One finding.
#[derive(Debug)]
pub struct Finding {
    check: Check,
    level: Level,
    /// What was found.
    what: String,
    /// The cause.
    cause: String,
    /// What to do: a sentence, or commands, one a line.
    next: String,
}

/// All findings, in their order.
#[derive(Debug)]
pub struct Findings {
    all: Vec<Finding>,
    print_each: bool,
}

impl Findings {
    /// No findings yet; `print_each` has each printed as it is added.
    pub fn new(print_each: bool) -> Self {
        Self {
            all: Vec::new(),
            print_each,
        }
    }

    /// Adds a check that passed.
    pub fn ok(&mut self, check: Check, what: impl Into<String>) -> io::Result<()> {
        self.add(check, Level::Ok, what.into(), String::new(), String::new())
    }

    /// Whether a finding of this check has these words.
    pub fn has_told(&self, check: Check, words: &str) -> bool {
        let mut of_check = self.all.iter().filter(|finding| finding.check == check);
        of_check.any(|finding| finding.what.contains(words))
    }

    /// Adds a check that was skipped.
    pub fn skipped(&mut self, check: Check, what: impl Into<String>) -> io::Result<()> {
        self.add(check, Level::Skipped, what.into(), String::new(), String::new())
    }

    /// Adds a possible cause of failures.
    pub fn warning(
        &mut self,
        check: Check,
        what: impl Into<String>,
        cause: impl Into<String>,
        next: impl Into<String>,
    ) -> io::Result<()> {
        self.add(check, Level::Warning, what.into(), cause.into(), next.into())
    }

    /// Adds a cause of failures.
    pub fn failure(
        &mut self,
        check: Check,
        what: impl Into<String>,
        cause: impl Into<String>,
        next: impl Into<String>,
    ) -> io::Result<()> {
        self.add(check, Level::Failure, what.into(), cause.into(), next.into())
    }

    /// Adds an error as a failure.
    pub fn error(&mut self, check: Check, error: &Error) -> io::Result<()> {
        let [what, remedy, detail] = error.words();
        self.failure(check, what, detail, remedy)
    }

    fn add(
        &mut self,
        check: Check,
        level: Level,
        what: String,
        cause: String,
        next: String,
    ) -> io::Result<()> {
        let printable = |text: String| terminal::printable(text.trim());
        let finding = Finding {
            check,
            level,
            what: printable(what),
            cause: printable(cause),
            next: printable(next),
        };
        if self.print_each {
            terminal::print(&finding.text())?;
        }
        self.all.push(finding);
        Ok(())
    }

    /// The first of these checks that has failed.
    pub fn first_failed(&self, checks: &[Check]) -> Option<Check> {
        let mut failures = self.all.iter().filter(|finding| finding.level == Level::Failure);
        failures
            .find(|finding| checks.contains(&finding.check))
            .map(|finding| finding.check)
    }

    /// The check whose failure is the cause of this error of a sign-in by the mode.
    pub fn cause_of(&self, error: &Error, mode: &str) -> Option<Check> {
        let is_unanswered = matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut);
        // A managed identity is asked for on this machine, not in Entra.
        let asks_entra = !matches!(mode, "Msi");
        let causes = [Check::Certificates, Check::Proxy, Check::Authority, Check::Server];
        self.first_failed(&causes).filter(|_| is_unanswered && asks_entra)
    }

    /// Whether one of them is a failure.
    pub fn have_failures(&self) -> bool {
        self.count(Level::Failure) > 0
    }

    fn count(&self, level: Level) -> usize {
        self.all.iter().filter(|finding| finding.level == level).count()
    }

    /// The summary, printed last.
    pub fn summary(&self) -> String {
        let (failures, warnings) = (self.count(Level::Failure), self.count(Level::Warning));
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let text = format!(
            "{failures} failure{}, {warnings} warning{}.",
            plural(failures),
            plural(warnings)
        );
        let style = match (failures, warnings) {
            (0, 0) => Style::Ok,
            (0, _) => Style::Warning,
            _ => Style::Failure,
        };
        style.paint(&text)
    }

    /// The JSON output.
    pub fn json(&self) -> Value {
        let findings = self.all.iter().map(|finding| {
            json!({
                "check": finding.check.name(),
                "level": finding.level.name(),
                "what": finding.what,
                "cause": finding.cause,
                "next": finding.next,
            })
        });
        json!({
            "failures": self.count(Level::Failure),
            "warnings": self.count(Level::Warning),
            "findings": findings.collect::<Vec<_>>(),
        })
    }
}

impl Finding {
    fn text(&self) -> String {
        const MARGIN: usize = 28;
        let level = self.level.style().paint(&format!("{:<8}", self.level.name()));
        let indented = |text: &str| text.replace('\n', &format!("\n{:MARGIN$}", ""));
        let mut lines = vec![format!(
            "{level} {:<17}  {}",
            self.check.name(),
            indented(&self.what)
        )];
        for (label, part) in [("cause:", &self.cause), ("next: ", &self.next)] {
            if !part.is_empty() {
                let label = Style::Faint.paint(label);
                lines.push(format!("{:MARGIN$}{label} {}", "", indented(part)));
            }
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Check; 21] = [
        Check::ConnectionString,
        Check::Library,
        Check::UnixOdbc,
        Check::IniFiles,
        Check::Registration,
        Check::RealDriver,
        Check::DriverLibraries,
        Check::OpenSsl,
        Check::CaCertificates,
        Check::Certificates,
        Check::Proxy,
        Check::Authority,
        Check::Clock,
        Check::DefaultChain,
        Check::Server,
        Check::Trust,
        Check::SignIn,
        Check::Token,
        Check::Tenant,
        Check::Login,
        Check::AlwaysEncrypted,
    ];

    #[test]
    fn every_check_has_its_section_in_the_documentation_in_their_order() {
        let document = include_str!("../../../../docs/troubleshooting.md");
        let headings: Vec<_> = document
            .lines()
            .filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'))
            .collect();
        assert_eq!(headings, ALL.map(Check::name));
    }

    #[test]
    fn a_finding_is_printed_with_its_cause_and_what_to_do() {
        let mut findings = Findings::new(false);
        findings
            .failure(Check::Clock, "an hour late", "no \u{1b}[31mNTP", "a\nb")
            .unwrap();
        findings.ok(Check::Library, "there").unwrap();
        let text = findings.all[0].text();
        assert!(
            text.contains("an hour late") && text.contains("cause:") && text.ends_with('b'),
            "{text}"
        );
        assert!(!findings.all[0].cause.contains('\u{1b}'));
        assert!(findings.have_failures());
        assert_eq!(findings.json()["failures"], 1);
        assert!(findings.summary().contains("1 failure, 0 warnings."));
    }
}
