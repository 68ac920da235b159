//! A machine with nothing on it but the tool and our library: no unixODBC, no OpenSSL, no certificates, no home.

use crate::tool::Run;
use std::{fs, path::Path, process::Command};
use test_support::{drivers::built_library, process::output, scratch_directory::ScratchDirectory};

/// The machine's root directory.
struct MinimalSystem(ScratchDirectory);

impl MinimalSystem {
    fn new() -> Self {
        let system = Self(ScratchDirectory::new("minimal-system"));
        let tool = Path::new(env!("CARGO_BIN_EXE_entra-odbc"));
        system.copy(tool, "bin/entra-odbc");
        system.copy(&built_library(), "lib/libentra_odbc.so");
        // What the loader needs to start the tool.
        for line in output(Command::new("ldd").arg(tool)).lines() {
            if let Some(library) = line.split_whitespace().find(|word| word.starts_with('/')) {
                system.copy(Path::new(library), library.trim_start_matches('/'));
            }
        }
        system.write("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        system
    }

    fn copy(&self, from: &Path, to: &str) {
        let to = self.0.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = if nix::unistd::geteuid().is_root() {
            Command::new("chroot")
        } else {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "chroot"]);
            command
        };
        command
            .arg(self.0.path())
            .arg("/bin/entra-odbc")
            .args(arguments)
            .env_clear()
            .env("PATH", "/bin:/usr/sbin:/sbin:/usr/bin");
        Run::of(&mut command)
    }
}

#[test]
fn without_unixodbc_the_driver_is_not_registered_and_the_command_that_installs_it_is_shown() {
    let system = MinimalSystem::new();
    let err = system.run(&["install"]).refused(2);
    // All that is missing at once, and one command for what one command installs.
    for part in [
        "unixODBC is not installed",
        "Microsoft's ODBC Driver 18, which does the work, is not found",
        "OpenSSL",
        "no CA certificates",
        "sudo apt-get install unixodbc openssl ca-certificates\n",
        "/config/debian/12/",
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert!(!system.0.join("etc/odbcinst.ini").exists());
}

#[test]
fn the_doctor_names_each_thing_that_is_missing_with_its_command() {
    let system = MinimalSystem::new();
    let run = system.run(&["doctor", "--json", "--timeout", "1"]);
    assert_eq!(run.code, Some(1));
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let next = |check: &str| {
        let findings = value["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["check"] == check).unwrap();
        assert_eq!(finding["level"], "failure", "{finding:#}");
        finding["next"].as_str().unwrap().to_owned()
    };
    assert_eq!(next("unixodbc"), "sudo apt-get install unixodbc");
    assert_eq!(next("openssl"), "sudo apt-get install openssl");
    assert_eq!(next("certificates"), "sudo apt-get install ca-certificates");
    assert_eq!(next("registration"), "sudo entra-odbc install");
    assert!(next("real-driver").contains("/config/debian/12/"));
    // Missing certificates are one cause, and one finding.
    let authority = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == "authority");
    assert_eq!(authority.unwrap()["level"], "skipped");
}

#[test]
fn what_needs_none_of_that_works() {
    let system = MinimalSystem::new();
    for arguments in [
        &["sid", "619a4449-b4aa-4383-a2a9-7c365106c5e7"][..],
        &["--help"],
        &["completions", "bash"],
    ] {
        system.run(arguments).done();
    }
    let run = system.run(&["status"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("unixODBC is not installed"), "{run:#?}");
}
