//! A set-user-id program, run by someone who may set its environment and wants its secrets: only `/etc` counts.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output},
};

use crate::script_host::SCRIPT_HOST;
use standins::playground::PAYROLL_CLIENT_ID;
use test_support::{
    connection_string::payroll,
    drivers::built_library,
    login_name::application,
    machine::Machine,
    process::finished,
    registration::{DRIVER, our_section},
};

/// Whom the program's caller is.
const NOBODY: &str = "65534";

/// Why no set-user-id program can be had here, if so.
fn hindrance(machine: &Machine) -> Option<String> {
    let says = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.map_or_else(
            |error| format!("{program}: {error}"),
            |output| {
                let text = [output.stdout, output.stderr].concat();
                String::from_utf8_lossy(&text).trim().to_owned()
            },
        )
    };
    if says("id", &["-u"]) != "0" {
        return Some("only root can make a set-user-id program".to_owned());
    }
    let directory = machine.directory().to_str().unwrap();
    if says("findmnt", &["-no", "OPTIONS", "-T", directory]).contains("nosuid") {
        return Some(format!("{directory} is mounted nosuid"));
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    if status.contains("NoNewPrivs:\t1") {
        return Some("this process may gain no privileges".to_owned());
    }
    let namespace = says(
        "unshare",
        &["--mount", "sh", "-c", "mount --bind /etc /etc && echo may"],
    );
    (namespace != "may").then(|| format!("no mount namespace: {namespace}"))
}

/// Puts `$1` in the place of `/etc`, for itself alone, and becomes a program of the user `$2`.
const PRIVATE_ETC: &str = "
set -e
mount --bind \"$1\" /etc
user=$2
shift 2
exec setpriv --reuid=\"$user\" --regid=\"$user\" --clear-groups \"$@\"
";

/// Runs the scripted host as a set-user-id program of root's, started by another user with this machine's environment,
/// where `/etc` is a copy of the machine's own with these files in it.
fn run_privileged(machine: &Machine, etc: &[(&str, &str)], steps: &[&str]) -> Output {
    let host = machine.path("set-user-id");
    fs::copy(&*SCRIPT_HOST, &host).unwrap();
    fs::set_permissions(&host, Permissions::from_mode(0o4755)).unwrap();
    let copy = machine.path("etc");
    fs::create_dir(&copy).unwrap();
    let copied = Command::new("cp")
        .args(["-a", "/etc/."])
        .arg(&copy)
        .status()
        .unwrap();
    assert!(copied.success());
    for (name, content) in etc {
        fs::write(copy.join(name), content).unwrap();
    }
    machine
        .command("unshare")
        .args(["--mount", "sh", "-c"])
        .arg(PRIVATE_ETC)
        .arg("sh")
        .arg(&copy)
        .arg(NOBODY)
        .arg(&host)
        .arg("--library")
        .arg(built_library())
        .args(steps)
        .output()
        .unwrap()
}

#[test]
fn the_caller_of_a_privileged_program_does_not_decide_where_its_secrets_go() {
    let machine = Machine::new();
    if let Some(why) = hindrance(&machine) {
        println!("skipped: {why}");
        return;
    }
    let caller = Machine::new();
    let authorities = [&machine, &caller]
        .map(|machine| machine.playground.ca.pem())
        .concat();
    // What the administrator says.
    let honest = format!(
        "{}Authority={}\n",
        our_section(DRIVER),
        machine.playground.entra.authority()
    );
    // What the caller would have read instead, in each way that there is.
    let evil_entra = caller.playground.entra.authority();
    caller.register(&format!("{}Authority={evil_entra}\n", our_section(DRIVER)));
    caller.write_ini("odbc.ini", "[payroll]\nTrustServerCertificate=no\n");
    let log = caller.path("log");
    let directory = caller.directory().to_str().unwrap();
    // The caller owns the directory, and may write there.
    fs::set_permissions(caller.directory(), Permissions::from_mode(0o777)).unwrap();
    let mut attack = machine;
    attack.variables.clone_from(&caller.variables);
    for (name, value) in [
        ("ODBCSYSINI", directory),
        ("ODBCINSTINI", "odbcinst.ini"),
        ("HOME", directory),
        ("XDG_STATE_HOME", directory),
        ("AZURE_AUTHORITY_HOST", &evil_entra),
        ("ENTRA_ODBC_DRIVER", "/nowhere/driver.so"),
        ("ENTRA_ODBC_LOG", "trace"),
        ("ENTRA_ODBC_LOG_FILE", log.to_str().unwrap()),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
        ("SSL_CERT_FILE", "/dev/null"),
        ("TMPDIR", directory),
    ] {
        attack = attack.with(name, value);
    }
    let string = attack.string(&format!("{}TrustServerCertificate=yes;", payroll()));
    let output = run_privileged(
        &attack,
        &[
            ("odbcinst.ini", &honest),
            ("odbc.ini", ""),
            ("ssl/certs/ca-certificates.crt", &authorities),
        ],
        &[&format!("connect:{string}"), "query:SELECT SUSER_SNAME()"],
    );
    assert!(
        caller.playground.entra.token_requests().is_empty(),
        "the secret went astray"
    );
    let said = finished(&output, "the privileged program");
    assert!(said.contains(&application(PAYROLL_CLIENT_ID)), "{said}");
    assert_eq!(attack.playground.entra.token_requests().len(), 1);
    assert!(!log.exists(), "the caller had a log written");
}

#[test]
fn a_privileged_program_runs_no_tool_and_uses_no_saved_sign_in() {
    let machine = Machine::new().with_tool("az", "touch \"${0%/*}/ran\"");
    if let Some(why) = hindrance(&machine) {
        println!("skipped: {why}");
        return;
    }
    let string = machine.string("Authentication=ActiveDirectoryAzCli;TrustServerCertificate=yes;");
    let output = run_privileged(
        &machine,
        &[("odbcinst.ini", &our_section(DRIVER)), ("odbc.ini", "")],
        &[&format!("!connect:{string}")],
    );
    let said = finished(&output, "the privileged program");
    assert!(said.contains("a privileged program runs no tools"), "{said}");
    assert!(!machine.path("tools/ran").exists());
}
