//! The child process `entra-odbc-connect`, which connects through unixODBC on behalf of this tool.

mod event;
mod log;

use crate::{
    odbc::driver_manager,
    system::{
        loader, own_files,
        packages::{Distribution, Package},
        signals::{self, BlockedSignals},
    },
    ui::failure::Failure,
};
use entra_auth::Environment;
pub use event::{Diagnostic, Event};
use log::Log;
pub use log::LogLine;
use serde_json::json;
use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};
use zeroize::Zeroizing;

const PROGRAM: &str = "entra-odbc-connect";

/// How the dynamic loader ends a program whose libraries are missing.
const NOT_LOADED: i32 = 127;

/// What the process is to do.
pub struct Request<'a> {
    /// The connection string.
    pub string: &'a str,
    /// How many times to connect.
    pub repeat: u64,
    /// A query, to be run on the last connection.
    pub query: Option<&'a str>,
    /// The login timeout in seconds.
    pub timeout: Option<u32>,
}

/// The running process.
pub struct Connector {
    child: Child,
    events: BufReader<ChildStdout>,
    log: Option<Log>,
    /// Last, so that Ctrl-C takes effect once the process and the log are gone.
    held: BlockedSignals,
}

impl Connector {
    /// Starts it, and passes the request on standard input: everyone can read a process's arguments.
    pub fn start(request: &Request<'_>) -> Result<Self, Failure> {
        let program = find_program()?;
        let log = Log::new();
        let mut command = Command::new(&program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        loader::preload(&mut command, &driver_manager::preloaded(&Environment::process()));
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
        // After the start, since the child would inherit the signal mask.
        let held = BlockedSignals::block();
        let body = Zeroizing::new(
            json!({
                "string": request.string, "repeat": request.repeat, "query": request.query, "timeout": request.timeout,
            })
            .to_string(),
        );
        if let Some(mut input) = child.stdin.take() {
            // If it has ended already, its exit status says why.
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
            self.held.wait_readable(self.events.get_ref())
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
        value
            .and_then(|value| event::parse(&value))
            .map(Some)
            .ok_or_else(|| {
                Failure::failed(
                    "the connecting program is of another version",
                    "Install the tool anew.",
                )
            })
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What the driver has written to its log.
    pub fn log(&self) -> String {
        self.log.as_ref().map(Log::read).unwrap_or_default()
    }

    /// Waits for its end.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let failed = |what: String| Failure::failed(what, "Install the tool anew.");
        let status = self
            .child
            .wait()
            .map_err(|error| failed(format!("{PROGRAM} is lost: {error}")))?;
        if signals::TERMINATING
            .iter()
            .any(|end| status.signal() == Some(*end as i32))
        {
            return Err(Failure::Interrupted);
        }
        match (status.code(), status.signal()) {
            (Some(0 | 1), _) => Ok(()),
            // The loader has named the library on standard error.
            (Some(NOT_LOADED), _) => Err(Failure::refused(
                "unixODBC, through which programs connect, is not installed",
                Distribution::current().install_command(Package::UnixOdbc),
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

impl Drop for Connector {
    /// An abandoned process must not go on connecting.
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program beside the tool, or in a directory for internal programs (libexec).
fn find_program() -> Result<PathBuf, Failure> {
    let mut places = own_files::candidates(PROGRAM, &["libexec/entra-odbc", "lib/entra-odbc"]).into_iter();
    places.find(|path| path.is_file()).ok_or_else(|| {
        let remedy = if own_files::is_python_package() {
            "Install the Python package anew: pip install --force-reinstall entra-odbc"
        } else {
            "Install the tool with both of its programs: make install"
        };
        Failure::refused(
            format!("{PROGRAM}, which connects for this tool, is not beside it"),
            remedy,
        )
    })
}
