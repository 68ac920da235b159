//! The ODBC program that connects for us, `entra-odbc-connect`: started, asked, listened to.

use crate::{
    odbc::library,
    system::{
        file,
        packages::{Distribution, Package},
        signals::{self, Held},
    },
    ui::failure::Failure,
};
use entra_odbc_core::{connection_string::ConnectionString, real_driver::OUR_SECTION};
use serde_json::{Value, json};
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::{fs::DirBuilderExt as _, process::ExitStatusExt as _},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};
use zeroize::Zeroizing;

const PROGRAM: &str = "entra-odbc-connect";

/// How the dynamic loader ends a program whose libraries are missing.
const NOT_LOADED: i32 = 127;

/// What it is asked for.
pub struct Request<'a> {
    /// The connection string.
    pub string: &'a str,
    /// How many times.
    pub repeat: u64,
    /// A query, for the last of them.
    pub query: Option<&'a str>,
    /// The login timeout.
    pub timeout: Option<u32>,
}

/// What it tells.
#[derive(Debug)]
pub enum Event {
    /// A connect begins, in microseconds since 1970.
    Start(u64),
    /// It has succeeded.
    Connected(u64),
    /// The first query took so many microseconds.
    Queried(u64),
    /// Where it leads.
    Facts(Value),
    /// The names of the columns, and whether they hold numbers.
    Columns(Vec<(String, bool)>),
    /// A row.
    Row(Vec<Option<String>>),
    /// It failed.
    Error(Refusal),
    /// Everything is done.
    Done,
}

/// What the driver or its manager says against it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// During what.
    pub during: String,
    /// The SQLSTATE, where there is one.
    pub state: String,
    /// The native error.
    pub native: i64,
    /// The words.
    pub message: String,
}

impl Refusal {
    /// As the tool's own end.
    pub fn failure(&self) -> Failure {
        let state = if self.state.is_empty() {
            String::new()
        } else {
            format!("[{}] ", self.state)
        };
        let message = crate::ui::terminal::shown(self.message.trim());
        // A query that is refused says itself what is wrong with it.
        let remedy = match self.during.as_str() {
            "query" => "",
            _ => "entra-odbc doctor looks for the cause.",
        };
        Failure::failed(format!("{state}{message}"), remedy)
    }
}

/// The running program.
pub struct Host {
    child: Child,
    events: BufReader<ChildStdout>,
    log: Option<Log>,
    /// Last, so that Ctrl-C takes effect once everything is tidied up.
    held: Held,
}

/// The connection string with a driver.
pub fn completed(string: &str) -> Zeroizing<String> {
    let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
    let parsed = ConnectionString::parse(&units);
    let has_driver = ["DRIVER", "DSN", "FILEDSN"]
        .iter()
        .any(|name| parsed.find(name).is_some());
    let driver = if has_driver {
        String::new()
    } else {
        format!("DRIVER={{{OUR_SECTION}}};")
    };
    Zeroizing::new(format!("{driver}{string}"))
}

impl Host {
    /// Starts it, and hands it what it is to do: not as arguments, which everyone can read.
    pub fn start(request: &Request<'_>) -> Result<Self, Failure> {
        let program = program()?;
        let log = Log::new();
        let mut command = Command::new(&program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(log) = &log {
            command
                .env("ENTRA_ODBC_LOG", log.level())
                .env("ENTRA_ODBC_LOG_FILE", &log.path);
        }
        let failed = |error: &io::Error| {
            Failure::failed(
                format!("{} cannot be started: {error}", program.display()),
                "Install the tool anew.",
            )
        };
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        // Only now: it would be held back there, too.
        let held = Held::back();
        let body = Zeroizing::new(
            json!({
                "string": request.string, "repeat": request.repeat, "query": request.query, "timeout": request.timeout,
            })
            .to_string(),
        );
        if let Some(mut input) = child.stdin.take() {
            // If it has died already, its end says why.
            let _ = input.write_all(body.as_bytes());
        }
        let Some(events) = child.stdout.take().map(BufReader::new) else {
            return Err(Failure::failed("the connecting program has no output", ""));
        };
        Ok(Self {
            child,
            events,
            log,
            held,
        })
    }

    /// The next event; `None` once it has ended.
    pub fn next(&mut self) -> Result<Option<Event>, Failure> {
        let mut line = Zeroizing::new(String::new());
        let more = if self.events.buffer().is_empty() {
            self.held.until_readable(self.events.get_ref())
        } else {
            Ok(())
        };
        let read = more.and_then(|()| self.events.read_line(&mut line));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => Failure::Interrupted,
            _ => Failure::failed(format!("the connecting program cannot be heard: {error}"), ""),
        })?;
        if line.is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_str(&line).ok();
        value.and_then(|value| event(&value)).map(Some).ok_or_else(|| {
            Failure::failed(
                "the connecting program is of another version",
                "Install the tool anew.",
            )
        })
    }

    /// Waits for its end; what the driver wrote into its log meanwhile.
    pub fn finish(mut self) -> Result<String, Failure> {
        let failed = |what: String| Failure::failed(what, "Install the tool anew.");
        let status = self
            .child
            .wait()
            .map_err(|error| failed(format!("{PROGRAM} is lost: {error}")))?;
        if signals::ENDS
            .iter()
            .any(|end| status.signal() == Some(*end as i32))
        {
            return Err(Failure::Interrupted);
        }
        match (status.code(), status.signal()) {
            (Some(0 | 1), _) => Ok(self.log.as_ref().map(Log::take).unwrap_or_default()),
            // The loader itself has said which library it was.
            (Some(NOT_LOADED), _) => Err(Failure::refused(
                "unixODBC, through which programs connect, is not installed",
                Distribution::here().install(Package::UnixOdbc),
            )),
            (_, Some(signal)) => Err(failed(format!(
                "the driver has crashed the connecting program (signal {signal})"
            ))),
            (code, _) => Err(failed(format!(
                "the connecting program ended with {}",
                code.unwrap_or(-1)
            ))),
        }
    }
}

impl Drop for Host {
    /// Whoever does not want to hear the rest wants no program that goes on.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside the tool, or where distributions put programs that are not for people.
fn program() -> Result<PathBuf, Failure> {
    let here = library::directory_of_tool().unwrap_or_default();
    let prefix = here.parent().unwrap_or(&here).to_owned();
    [
        here,
        prefix.join("libexec/entra-odbc"),
        prefix.join("lib/entra-odbc"),
    ]
    .into_iter()
    .map(|directory| directory.join(PROGRAM))
    .find(|path| path.is_file())
    .ok_or_else(|| {
        Failure::refused(
            format!("{PROGRAM}, which connects for this tool, is not beside it"),
            "Install the tool with both of its programs: make install. The Python package has it without this one; \
             there, entra_odbc.connect() connects.",
        )
    })
}

fn event(value: &Value) -> Option<Event> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some(match value.get("event")?.as_str()? {
        "start" => Event::Start(number("at")?),
        "connected" => Event::Connected(number("at")?),
        "queried" => Event::Queried(number("microseconds")?),
        "facts" => Event::Facts(value.clone()),
        "columns" => {
            let columns = value.get("columns")?.as_array()?.iter();
            let column = |column: &Value| {
                (
                    text(column, "name"),
                    column.get("number") == Some(&Value::Bool(true)),
                )
            };
            Event::Columns(columns.map(column).collect())
        }
        "row" => {
            let values = value.get("values")?.as_array()?.iter();
            Event::Row(values.map(|value| value.as_str().map(str::to_owned)).collect())
        }
        "error" => Event::Error(Refusal {
            during: text(value, "during"),
            state: text(value, "state"),
            native: value.get("native").and_then(Value::as_i64).unwrap_or(0),
            message: text(value, "message"),
        }),
        "done" => Event::Done,
        _ => return None,
    })
}

/// The driver's log, from which the times are read; a file of ours, which is gone when this is dropped.
struct Log {
    directory: PathBuf,
    path: PathBuf,
    /// Where the user wants it, if anywhere.
    wanted: Option<String>,
    wanted_in: Option<String>,
}

impl Log {
    /// A private directory; `None` where there is no place for one, and then there are no times of parts.
    fn new() -> Option<Self> {
        let directory = std::env::temp_dir().join(format!("entra-odbc-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&directory).ok()?;
        let set = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        Some(Self {
            path: directory.join("log"),
            directory,
            wanted: set("ENTRA_ODBC_LOG"),
            wanted_in: set("ENTRA_ODBC_LOG_FILE"),
        })
    }

    /// What the user wants, and at least what the times are in.
    fn level(&self) -> &str {
        match self.wanted.as_deref() {
            Some(more @ ("debug" | "trace")) => more,
            _ => "info",
        }
    }

    /// What was written, which the user gets as well where they wanted it.
    fn take(&self) -> String {
        let bytes = file::read(&self.path, 64 * 1024 * 1024)
            .ok()
            .flatten()
            .unwrap_or_default();
        if self.wanted.is_some() {
            let file = self
                .wanted_in
                .as_ref()
                .and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
            let _ = match file {
                Some(mut file) => file.write_all(&bytes),
                None => io::stderr().lock().write_all(&bytes),
            };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
