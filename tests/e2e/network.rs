//! A network of a test's own: every address leads to this machine, and names mean what the test says.
//!
//! In a network namespace without a way out, each address of both families is local, so that one listener answers for
//! all of them and sees which one a client wanted. `/etc/resolv.conf` and `/etc/hosts` are the namespace's own.

use std::{fs, path::Path, process::Command};

use test_support::{process::finished, scratch_directory::ScratchDirectory};

/// Set where a test runs inside.
const INSIDE: &str = "ENTRA_ODBC_TEST_NAMESPACE";

/// The machine's own name inside, which `/etc/hosts` says nothing of.
pub const HOST_NAME: &str = "workstation";

const SETUP: &str = r#"
set -e
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
hostname "$1"
mount --bind "$2/resolv.conf" /etc/resolv.conf
mount --bind "$2/hosts" /etc/hosts
shift 2
exec "$@"
"#;

/// Runs `body` in a namespace: the test of this full name is started again there, and must pass.
///
/// Fails where the system gives nobody a namespace: what is shown here cannot be shown without.
pub fn inside(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let directory = ScratchDirectory::new("network");
    fs::write(
        directory.join("resolv.conf"),
        "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    )
    .unwrap();
    fs::write(directory.join("hosts"), "127.0.0.1 localhost\n").unwrap();
    let program = std::env::current_exe().unwrap();
    let output = unshare(directory.path())
        .args([program.as_os_str(), "--exact".as_ref(), test.as_ref()])
        .arg("--nocapture")
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = finished(&output, &format!("{test} in its namespace"));
    // What the test itself says, without the words of its runner, which would be counted twice.
    said.lines()
        .filter(|line| line.starts_with("seed "))
        .for_each(|line| println!("{line}"));
}

fn unshare(directory: &Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--net", "--mount", "--uts"])
        .args(["sh", "-c", SETUP, "sh", HOST_NAME])
        .arg(directory);
    command
}
