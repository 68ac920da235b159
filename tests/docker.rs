//! The container files, as far as they can be tested without a container engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
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

/// Registers a library below `root`.
fn register(root: &Path, library: &str) {
    output(
        script("register.sh")
            .arg(docker().join("odbcinst.ini.in"))
            .arg(library)
            .env("DESTDIR", root),
    );
}

fn registered(root: &Path) -> String {
    output(
        Command::new("odbcinst")
            .args(["-q", "-d"])
            .env("ODBCSYSINI", root.join("etc"))
            .env_remove("ODBCINSTINI"),
    )
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
fn every_run_line_is_one_script_that_exists() {
    let lines = instructions("RUN");
    assert!(!lines.is_empty());
    for line in lines {
        let path = line.strip_prefix("sh ").unwrap().split(' ').next().unwrap();
        let (directory, name) = path.rsplit_once('/').unwrap();
        assert!(
            ["/source/docker/scripts", "/opt/entra-odbc/scripts"].contains(&directory),
            "{line}"
        );
        assert!(docker().join("scripts").join(name).is_file(), "{line}");
        assert!(!line.contains([';', '&', '|']), "{line}");
    }
}

#[test]
fn every_file_that_is_copied_exists() {
    for line in instructions("COPY") {
        let source = line.split(' ').next().unwrap();
        if !line.starts_with("--from=") {
            assert!(
                Path::new(env!("CARGO_MANIFEST_DIR")).join(source).exists(),
                "{line}"
            );
        }
    }
}

#[test]
fn no_container_ends_up_as_root() {
    let users = instructions("USER");
    assert_eq!(users.last().map(String::as_str), Some("odbc"), "{users:?}");
    // Each stage that goes back to root leaves it again.
    let root = users.iter().filter(|user| *user == "root").count();
    assert!(users.len() > 2 * root, "{users:?}");
}

#[test]
fn the_image_is_built_by_the_rust_that_the_project_asks_for() {
    let manifest = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"');
    assert!(instructions("ARG").contains(&format!("RUST_VERSION={version}")));
}

#[test]
fn the_registered_driver_is_listed_by_odbcinst() {
    let root = directory("registered");
    register(&root, "/usr/local/lib/entra-odbc/libentra_odbc.so");
    assert!(registered(&root).contains(&format!("[{DRIVER}]")));
    let ini = read(&root.join("etc/odbcinst.ini"));
    assert!(
        ini.contains("Driver=/usr/local/lib/entra-odbc/libentra_odbc.so\n"),
        "{ini}"
    );
}

#[test]
fn registering_again_takes_the_new_path_and_leaves_other_drivers_alone() {
    let root = directory("again");
    let ini = root.join("etc/odbcinst.ini");
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(&ini, "[Other]\nDriver=/other.so\n").unwrap();
    register(&root, "/old.so");
    register(&root, "/new.so");
    let text = read(&ini);
    assert!(text.contains("Driver=/new.so"), "{text}");
    assert!(!text.contains("/old.so"), "{text}");
    assert!(text.contains("Driver=/other.so"), "{text}");
    assert_eq!(text.matches(DRIVER).count(), 1, "{text}");
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

/// What `build.sh` lays out, with a cargo that only leaves an empty file.
#[test]
fn the_build_lays_out_what_the_image_installs() {
    let root = directory("build");
    let tools = root.join("tools");
    fs::create_dir_all(&tools).unwrap();
    let cargo = tools.join("cargo");
    fs::write(
        &cargo,
        "#!/bin/sh\necho \"$@\" >>\"$CARGO_TARGET_DIR/arguments\"\nmkdir -p \"$CARGO_TARGET_DIR/release\"\n\
         touch \"$CARGO_TARGET_DIR/release/libentra_odbc.so\" \"$CARGO_TARGET_DIR/release/standins\"\n",
    )
    .unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    for product in ["library", "standins"] {
        output(
            script("build.sh")
                .arg(env!("CARGO_MANIFEST_DIR"))
                .arg(root.join("out"))
                .arg(product)
                .env("PATH", &path)
                .env("CARGO_TARGET_DIR", &root),
        );
    }
    // Where the Dockerfile's register.sh looks for it.
    let library = "usr/local/lib/entra-odbc/libentra_odbc.so";
    assert!(root.join("out").join(library).is_file());
    assert!(
        instructions("RUN")
            .iter()
            .any(|line| line.ends_with(&format!("/{library}")))
    );
    assert!(root.join("out/usr/local/bin/standins").is_file());
    assert!(root.join("out/usr/local/include/entra_odbc.h").is_file());
    for line in read(&root.join("arguments")).lines() {
        assert!(line.starts_with("build --release --locked "), "{line}");
    }
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
    assert!(read(&docker().join("odbcinst.ini.in")).starts_with(&format!("[{DRIVER}]\n")));
    assert!(read(&docker().join("odbc.ini")).contains(&format!("Driver={DRIVER}\n")));
    assert!(read(&docker().join("scripts/play.sh")).contains(&format!("driver=\"{DRIVER}\"\n")));
}
