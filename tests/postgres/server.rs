//! A PostgreSQL server in a directory of its own, shared by the tests that run at the same time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use test_support::{process::output, scratch_directory::ScratchDirectory};

/// Where Debian puts the programs of each version, which are not in the search path.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A running server, stopped when the last test lets go of it.
pub struct Server {
    directory: ScratchDirectory,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// The running server, or a new one.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start());
        *shared = Arc::downgrade(&server);
        server
    }

    /// Its directory, in which its socket is.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn start() -> Self {
        let directory = ScratchDirectory::new("postgres");
        if is_root() {
            output(Command::new("chown").arg("postgres").arg(directory.path()));
        }
        let server = Self { directory };
        let data = server.directory.join("data");
        output(
            server
                .program("initdb")
                .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
                .arg(&data),
        );
        // Only a Unix socket; `-w` returns when the server accepts connections.
        let options = format!("-k {} -h '' -c fsync=off", server.directory().display());
        let log = server.directory.join("log");
        output(
            server
                .program("pg_ctl")
                .args(["start", "-w", "-s", "-o", &options, "-l"])
                .arg(log)
                .arg("-D")
                .arg(&data),
        );
        server
    }

    /// One of PostgreSQL's programs, which refuse to run as root.
    fn program(&self, name: &str) -> Command {
        let program = installed(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.directory()).env("LC_ALL", "C.UTF-8");
        command
    }
}

/// That program of whichever version this Debian has.
fn installed(name: &str) -> PathBuf {
    std::fs::read_dir(VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{VERSIONS}/*/bin/{name} is in Debian's package postgresql"))
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.directory.join("data");
        let _ = self
            .program("pg_ctl")
            .args(["stop", "-s", "-m", "immediate", "-D"])
            .arg(data)
            .status();
    }
}

fn is_root() -> bool {
    // SAFETY: geteuid has no preconditions.
    unsafe { libc::geteuid() == 0 }
}
