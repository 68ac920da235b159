//! The store of CA certificates that connections share: the same answers as from the unwrapped driver, one load for many.

mod differential;
mod driver;
mod lifetime;

use std::{fs, path::Path, thread, time::SystemTime};

use test_support::{host_process::HostProcess, machine::Machine};

/// Reads `set NAME VALUE`, `unset NAME` and `connect STRING`, and answers each by a line: `connected`, or the error.
const HOST: &str = r#"
pyodbc.pooling = False
while line := hear():
    command, _, rest = line.partition(" ")
    answer = "done"
    if command == "set":
        name, _, value = rest.partition(" ")
        os.environ[name] = value
    elif command == "unset":
        del os.environ[rest]
    elif command == "connect":
        try:
            pyodbc.connect(rest).close()
            answer = "connected"
        except pyodbc.Error as error:
            answer = " ".join(str(error).split())
    say(answer)
"#;

/// A program that connects as it is told, and whose environment can be changed.
struct Host(HostProcess);

impl Host {
    fn start(machine: &Machine) -> Self {
        Self(HostProcess::start(machine, HOST, &[]))
    }

    fn connect(&mut self, string: &str) -> String {
        self.ask(&format!("connect {string}"))
    }

    fn ask(&mut self, line: &str) -> String {
        self.0.write_line(line);
        self.0.read_line()
    }
}

/// Waits until the last change of a file is old enough for a store of its certificates to be kept.
fn settle(path: &Path) {
    const MIN_AGE: std::time::Duration = std::time::Duration::from_millis(110);
    use std::os::unix::fs::MetadataExt as _;
    let Ok(metadata) = fs::metadata(path) else { return };
    let changed = SystemTime::UNIX_EPOCH
        + std::time::Duration::from_secs(metadata.ctime().unsigned_abs())
        + std::time::Duration::from_nanos(metadata.ctime_nsec().unsigned_abs());
    while changed.elapsed().is_ok_and(|age| age < MIN_AGE) {
        // Time has to pass, and nothing else.
        thread::sleep(MIN_AGE.saturating_sub(changed.elapsed().unwrap_or_default()));
    }
}

/// A machine whose library logs everything to a file.
fn logging() -> Machine {
    let machine = Machine::new();
    let log = machine.path("log");
    settle(&machine.path("ca.pem"));
    machine
        .with("ENTRA_ODBC_LOG", "debug")
        .with("ENTRA_ODBC_LOG_FILE", log.to_str().unwrap())
}

/// How often the log of the machine has an event.
fn count(machine: &Machine, event: &str) -> usize {
    let event = format!("event={event}");
    machine
        .read("log")
        .lines()
        .filter(|line| line.split(' ').any(|word| word == event))
        .count()
}

const LOADED: &str = "ca_certificates_loaded";
const SHARED: &str = "ca_certificates_shared";
const OFF: &str = "ca_cache_off";
