//! Terminals, signals, and users without a home directory.

use crate::{
    machine::{self, ToolMachine as _, server, text},
    tool::Run,
};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::{Pid, geteuid},
};
use standins::{
    http::{Fault, Times},
    playground::USER,
    sql_server,
};
use std::{
    fs::{self, Permissions},
    io::Read as _,
    os::unix::{fs::PermissionsExt, process::CommandExt, process::ExitStatusExt},
    process::{Command, Stdio},
    time::Duration,
};
use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
};

const MSI: &str = "Authentication=ActiveDirectoryMsi";

/// Runs the tool on a terminal; what is shown there.
fn on_terminal(machine: &Machine, arguments: &[&str]) -> String {
    machine.file("watch.py", include_str!("watch.py"));
    let tool = env!("CARGO_BIN_EXE_entra-odbc");
    let mut command = machine.program("python3", &[&["watch.py", tool], arguments].concat());
    command.env("TERM", "xterm");
    Run::of(&mut command).done()
}

#[test]
fn a_wait_shows_on_a_terminal_after_half_a_second_and_is_wiped_away() {
    let machine = machine::with_standins();
    let slow = Fault::Delayed(Duration::from_millis(1500));
    machine
        .playground
        .managed_identity
        .inject_on("", Times::UntilCleared, slow);
    let shown = on_terminal(&machine, &["token", MSI]);
    assert!(shown.contains("Waiting for a token"), "{shown:?}");
    assert!(shown.contains("\u{1b}[2K"), "{shown:?}");
    // Not where nobody looks.
    let run = machine.run(&["token", MSI]);
    assert_eq!(run.err, "");
    // Not where it could not be wiped away.
    let watch = [
        "TERM=dumb",
        "python3",
        "watch.py",
        env!("CARGO_BIN_EXE_entra-odbc"),
        "token",
        MSI,
    ];
    let shown = Run::of(&mut machine.program("env", &watch)).done();
    assert!(shown.contains("eyJ") && !shown.contains('\u{1b}'), "{shown:?}");
    machine.playground.managed_identity.faults().clear();
    let shown = on_terminal(&machine, &["token", MSI]);
    assert!(!shown.contains("Waiting"), "{shown:?}");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let machine = machine::with_standins();
    assert!(on_terminal(&machine, &["status"]).contains("\u{1b}["));
    assert!(!machine.run(&["status"]).out.contains('\u{1b}'));
    let mut command = machine.program(
        "env",
        &[
            "NO_COLOR=1",
            "python3",
            "watch.py",
            env!("CARGO_BIN_EXE_entra-odbc"),
            "status",
        ],
    );
    command.env("TERM", "xterm");
    assert!(!Run::of(&mut command).done().contains("\u{1b}["));
}

/// Starts the tool in a group of its own, and interrupts that as a terminal does, once `started` says so.
fn interrupted(machine: &Machine, arguments: &[&str], started: impl FnOnce()) -> Option<i32> {
    ended_by(machine, arguments, started, |tool| {
        killpg(tool, Signal::SIGINT).unwrap();
    })
}

/// Starts the tool in a group of its own, and ends it once `started` says so.
fn ended_by(
    machine: &Machine,
    arguments: &[&str],
    started: impl FnOnce(),
    end: impl FnOnce(Pid),
) -> Option<i32> {
    fs::create_dir(machine.path("tmp")).unwrap();
    // Whoever runs the tests in the background of a shell bequeaths them an ignored SIGINT.
    let mut child = machine
        .program("env", &["--default-signal", env!("CARGO_BIN_EXE_entra-odbc")])
        .args(arguments)
        .env("TMPDIR", machine.path("tmp"))
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    started();
    end(Pid::from_raw(child.id().try_into().unwrap()));
    let status = child.wait().unwrap();
    // As a shell would tell it.
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
}

#[test]
fn an_interrupted_connect_leaves_nothing_behind() {
    let group = |signal| move |tool| killpg(tool, signal).unwrap();
    let tool_alone = |signal| move |tool| kill(tool, signal).unwrap();
    connect_ended_by(130, group(Signal::SIGINT));
    connect_ended_by(143, group(Signal::SIGTERM));
    // As `timeout` and service managers do it: the connecting process ends with the tool, at once.
    connect_ended_by(130, tool_alone(Signal::SIGINT));
    connect_ended_by(143, tool_alone(Signal::SIGTERM));
    connect_ended_by(129, tool_alone(Signal::SIGHUP));
}

fn connect_ended_by(expected: i32, end: impl FnOnce(Pid)) {
    let machine = machine::with_standins();
    machine.playground.sql_server.inject(sql_server::Fault::HangLogin);
    let started = || {
        let login = machine
            .playground
            .sql_server
            .wait_for_login(Duration::from_secs(30), |_| true);
        assert!(login.is_some(), "no login came");
    };
    let server = server(&machine);
    let arguments = ["connect", &server, MSI, "--timeout", "600"];
    let code = ended_by(&machine, &arguments, started, end);
    assert_eq!(code, Some(expected));
    assert_eq!(fs::read_dir(machine.path("tmp")).unwrap().count(), 0);
}

#[test]
fn an_interrupted_repetition_shows_the_times_so_far() {
    let machine = machine::with_standins();
    let server = server(&machine);
    let mut child = machine
        .program("env", &["--default-signal", env!("CARGO_BIN_EXE_entra-odbc")])
        .args(["connect", &server, MSI, "--repeat", "100000", "--json"])
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Several connects are through by the server's sixth connection, whatever probes there were before.
    let sql_server = &machine.playground.sql_server;
    let sixth = sql_server.wait_for_login(Duration::from_mins(1), |login| login.connection >= 6);
    assert!(sixth.is_some(), "the connects do not go on");
    killpg(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(Signal::SIGINT as i32), "{out}");
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&value["connected"], &value["interrupted"]),
        (&true.into(), &true.into())
    );
    assert!(value["milliseconds"].as_array().unwrap().len() >= 2, "{value}");
}

#[test]
fn repeated_connects_show_how_far_they_are_on_a_terminal() {
    let machine = machine::with_standins();
    let slow = Fault::Delayed(Duration::from_millis(1500));
    machine
        .playground
        .managed_identity
        .inject_on("", Times::UntilCleared, slow);
    let shown = on_terminal(&machine, &["connect", &server(&machine), MSI, "--repeat", "2"]);
    assert!(shown.contains("Connecting, 1 of 2"), "{shown:?}");
}

#[test]
fn an_interrupted_sign_in_saves_nothing() {
    let machine = machine::with_standins();
    let code = interrupted(&machine, &["login", "--device-code"], || {
        machine.playground.entra.record().wait_for(1);
        while machine.playground.entra.open_user_codes().is_empty() {
            std::thread::yield_now();
        }
    });
    assert_eq!(code, Some(130));
    assert_eq!(machine.run(&["accounts"]).done(), "Nobody is signed in.\n");
}

/// The tool as a user whom nobody knows, as containers have them; where the test may not change users, as itself.
fn as_nobody_known(machine: &Machine, command: &Command) -> Command {
    let tool = machine.path("entra-odbc");
    if !tool.exists() {
        fs::copy(command.get_program(), &tool).unwrap();
    }
    let mut stranger = if geteuid().is_root() {
        let mut setpriv = Command::new("setpriv");
        setpriv
            .args(["--reuid", "54321", "--regid", "54321", "--clear-groups"])
            .arg(&tool);
        setpriv
    } else {
        Command::new(&tool)
    };
    stranger
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir("/");
    stranger
}

#[test]
fn an_arbitrary_user_without_a_home_can_look_and_sign_in() {
    let machine = machine::with_standins();
    fs::set_permissions(machine.directory(), Permissions::from_mode(0o755)).unwrap();
    for arguments in [
        &["token", MSI][..],
        &["sid", "619a4449-b4aa-4383-a2a9-7c365106c5e7"],
        &["man"],
        &["accounts"],
    ] {
        let mut command = machine.tool_command(arguments);
        command.env("HOME", "/nonexistent").env_remove("ODBCINI");
        Run::of(&mut as_nobody_known(&machine, &command)).done();
        command.env_remove("HOME");
        let run = Run::of(&mut as_nobody_known(&machine, &command));
        // What is about a user's own files says that there is no place for them.
        let expected = i32::from(arguments == ["accounts"]);
        assert_eq!(run.code, Some(expected), "{run:#?}");
    }
}

#[test]
fn a_home_that_cannot_be_written_to_keeps_nobody_from_signing_in_otherwise() {
    let machine = machine::with_standins();
    fs::set_permissions(machine.directory(), Permissions::from_mode(0o755)).unwrap();
    // The home belongs to someone else.
    let mut command = machine.tool_command(&["token", MSI]);
    Run::of(&mut as_nobody_known(&machine, &command)).done();
    command = machine.tool_command(&["login", "--device-code"]);
    if geteuid().is_root() {
        let err = Run::of(&mut as_nobody_known(&machine, &command)).refused(1);
        assert!(err.contains("saved sign-ins") && !err.contains(USER), "{err}");
    }
}

#[test]
fn a_change_that_is_refused_in_the_middle_leaves_no_file_behind() {
    let machine = machine::with_stock_driver();
    // The data sources cannot be written, since a directory is in their place; the drivers could.
    fs::create_dir(machine.path("odbc.ini")).unwrap();
    let library = built_library();
    let arguments = [
        "install",
        "--library",
        text(&library),
        "--dsn",
        "x",
        "--real-driver",
    ];
    let real = real_driver();
    machine.run(&[&arguments[..], &[text(&real)]].concat()).refused(2);
    assert_eq!(machine.files(), ["odbcinst.ini"]);
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
}
