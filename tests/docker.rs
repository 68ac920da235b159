//! The container files, as far as they can be tested without making images: `make test-docker` makes and runs them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use standins::playground::{OTHER_USER, Playground, PlaygroundOptions};
use test_support::{process::output, registration::DRIVER};

fn docker() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docker")
}

fn script(name: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg(docker().join("scripts").join(name));
    command
}

/// A directory of this test's own, empty.
fn directory(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docker").join(test);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Dockerfile's instructions of one kind, without the keyword.
fn instructions(kind: &str) -> Vec<String> {
    let file = read(&docker().join("Dockerfile")).replace("\\\n", " ");
    file.lines()
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
        .map(str::to_owned)
        .collect()
}

/// What the Dockerfile takes from the directory that it is built in: by COPY, and by mounts of RUN.
fn taken() -> Vec<String> {
    let copied = instructions("COPY").into_iter().flat_map(|line| {
        let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        words.pop();
        words
    });
    let mounted = instructions("RUN").into_iter().flat_map(|line| {
        let sources = line.split("source=").skip(1);
        sources
            .map(|rest| rest.split(',').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    });
    copied.chain(mounted).collect()
}

#[test]
fn every_script_has_the_syntax_of_sh_and_stops_at_the_first_failure() {
    let mut count = 0;
    for entry in fs::read_dir(docker().join("scripts")).unwrap() {
        let path = entry.unwrap().path();
        output(Command::new("sh").arg("-n").arg(&path));
        assert!(read(&path).contains("\nset -eu\n"), "{}", path.display());
        count += 1;
    }
    assert!(count >= 6, "{count} scripts");
}

#[test]
fn every_run_line_is_one_script_that_exists_or_makes_a_directory() {
    let lines = instructions("RUN");
    assert!(!lines.is_empty());
    for line in lines {
        assert!(!line.contains([';', '&', '|']), "{line}");
        let words: Vec<_> = line
            .split_whitespace()
            .skip_while(|word| word.starts_with("--mount="))
            .collect();
        match words.as_slice() {
            ["install", "-d", ..] => {}
            ["sh", path, ..] => {
                let name = path.strip_prefix("/scripts/").unwrap();
                assert!(docker().join("scripts").join(name).is_file(), "{line}");
            }
            _ => panic!("{line}"),
        }
    }
}

#[test]
fn what_is_taken_from_here_exists_or_is_built_and_nothing_else_is_sent() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let context = read(&root.join("scripts/docker-context.sh"));
    let ignored = read(&docker().join("Dockerfile.dockerignore"));
    let mut patterns = ignored.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(patterns.next(), Some("*"));
    let sent: Vec<_> = patterns.map(|line| line.strip_prefix('!').unwrap()).collect();
    let taken = taken();
    assert!(taken.len() >= 6, "{taken:?}");
    for source in &taken {
        assert!(
            root.join(source).exists() || source.starts_with("build/") && context.contains(source),
            "{source}"
        );
        assert!(
            sent.iter()
                .any(|pattern| pattern.starts_with(source) || source.starts_with(pattern)),
            "{source} is not sent"
        );
    }
    for pattern in sent {
        assert!(
            taken
                .iter()
                .any(|source| pattern.starts_with(source) || source.starts_with(pattern)),
            "{pattern} is not needed"
        );
    }
}

#[test]
fn no_container_ends_up_as_root() {
    let users = instructions("USER");
    assert_eq!(users.last().map(String::as_str), Some("65534:65534"), "{users:?}");
    // Each stage that goes back to root leaves it again.
    let root = users.iter().filter(|user| *user == "root").count();
    assert!(users.len() > 2 * root, "{users:?}");
}

#[test]
fn microsofts_driver_is_not_installed_unless_its_licence_is_accepted() {
    for answer in [None, Some(""), Some("N")] {
        let mut command = script("install-driver18.sh");
        command.env_remove("ACCEPT_EULA");
        if let Some(answer) = answer {
            command.env("ACCEPT_EULA", answer);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("ACCEPT_EULA=Y"));
    }
    // Nobody accepts it on the user's behalf.
    assert!(instructions("ARG").contains(&"ACCEPT_EULA".to_owned()));
    assert!(instructions("ENV").iter().all(|line| !line.contains("EULA")));
}

#[test]
fn the_playgrounds_client_looks_where_its_servers_listen() {
    let servers = read(&docker().join("scripts/run-standins.sh"));
    let port = |option: &str| {
        let (_, rest) = servers.split_once(option).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let compose = read(&docker().join("compose.yaml"));
    let sql = port("--sql-port");
    assert!(compose.contains(&format!(
        "AZURE_AUTHORITY_HOST: https://localhost:{}\n",
        port("--entra-port")
    )));
    assert!(compose.contains(&format!(
        "HOST: http://127.0.0.1:{}\n",
        port("--managed-identity-port")
    )));
    assert!(read(&docker().join("odbc.ini")).contains(&format!("Server=localhost,{sql}\n")));
    assert!(read(&docker().join("scripts/play.sh")).contains(&format!("Server=localhost,{sql};")));
}

#[test]
fn the_playgrounds_client_knows_the_stand_ins_application() {
    let company = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standins/src/playground.rs"));
    let constant = |name: &str| {
        let (_, rest) = company
            .split_once(&format!("pub const {name}: &str = \""))
            .unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let client = read(&docker().join("scripts/play.sh"));
    assert!(client.contains(&format!("tenant={}\n", constant("TENANT_ID"))));
    assert!(client.contains(&format!("application={}\n", constant("PAYROLL_CLIENT_ID"))));
    let quoted = constant("PAYROLL_SECRET").replace('}', "}}");
    assert!(client.contains(&format!("secret='{{{quoted}}}'\n")));
    let person = read(&docker().join("scripts/enter-code.sh"));
    assert!(person.contains(&format!("name={}\n", constant("USER"))));
    assert!(person.contains(&format!("password='{}'\n", constant("USER_PASSWORD"))));
}

/// Asks for a device code as a program does.
const ASK: &str = "
import sys, urllib.parse, urllib.request
form = {'client_id': '04b07795-8ddb-461a-bbee-02f9e1bf7b46', 'scope': 'https://database.windows.net/.default'}
urllib.request.urlopen(sys.argv[1] + '/organizations/oauth2/v2.0/devicecode', urllib.parse.urlencode(form).encode())
";

#[test]
fn a_device_code_can_be_entered_from_outside() {
    let playground = Playground::start(&PlaygroundOptions::default());
    let ca = directory("device-code").join("ca.pem");
    fs::write(&ca, playground.ca.pem()).unwrap();
    let with_ca = |mut command: Command| {
        command
            .env("SSL_CERT_FILE", &ca)
            .env("AZURE_AUTHORITY_HOST", playground.entra.authority());
        command
    };
    let mut ask = with_ca(Command::new("python3"));
    output(ask.args(["-c", ASK, &playground.entra.authority()]));
    let codes = playground.entra.open_user_codes();
    let enter = |arguments: &[&str]| {
        let mut command = with_ca(script("enter-code.sh"));
        command.args(arguments);
        command
    };
    let wrong = enter(&[&codes[0], OTHER_USER, "guess"]).output().unwrap();
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("AADSTS50126"));
    output(&mut enter(&[&codes[0]]));
    assert!(playground.entra.open_user_codes().is_empty());
    let late = enter(&[&codes[0]]).output().unwrap();
    assert!(String::from_utf8_lossy(&late.stderr).contains("didn't work"));
}

#[test]
fn all_files_name_the_driver_alike() {
    assert!(read(&docker().join("odbc.ini")).contains(&format!("Driver={DRIVER}\n")));
    assert!(read(&docker().join("scripts/play.sh")).contains(&format!("driver=\"{DRIVER}\"\n")));
}
