//! Processes of one user share their tokens where that is asked for, and only there.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    thread,
    time::Duration,
};

use standins::{
    http::{Fault, Gate, Times},
    playground::{OTHER_USER, PAYROLL_SECRET, TENANT_ID, USER},
};
use test_support::{
    connection_string::{MSI, braced, payroll},
    host_process::HostProcess,
    hosts::PYODBC_LOGIN_NAME,
    machine::Machine,
    process::finished,
};

const SHARED: &str = "Authentication=ActiveDirectoryMsi;TokenCache=shared;";

/// A machine whose user has a runtime directory.
fn machine() -> Machine {
    let machine = Machine::new();
    let runtime = machine.path("run");
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, Permissions::from_mode(0o700)).unwrap();
    let path = runtime.to_str().unwrap().to_owned();
    machine.with("XDG_RUNTIME_DIR", path)
}

/// Where the tokens are.
fn directory(machine: &Machine) -> PathBuf {
    machine.path("run/entra-odbc")
}

/// Starts so many processes and lets them connect at once; who each of them is to the server.
fn at_once(machine: &Machine, count: usize, rest: &str) -> Vec<String> {
    let program = "
say('ready')
hear()
try:
    say(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
except pyodbc.Error as error:
    say(error)
";
    let string = machine.string(rest);
    let mut hosts: Vec<_> = (0..count)
        .map(|_| HostProcess::start(machine, program, &[&string]))
        .collect();
    for host in &hosts {
        assert_eq!(host.read_line(), "ready");
    }
    for host in &mut hosts {
        host.write_line("go");
    }
    hosts.iter().map(HostProcess::read_line).collect()
}

#[test]
fn sixteen_processes_that_start_at_once_make_one_request() {
    let machine = machine();
    let names = at_once(&machine, 16, SHARED);
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    assert!(!names[0].contains("entra-odbc"), "{names:?}");
    assert_eq!(machine.managed_identity_requests(), 1);
    for file in fs::read_dir(directory(&machine)).unwrap() {
        assert_eq!(
            file.unwrap().metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn sixty_four_forked_workers_make_one_request() {
    let machine = machine().with("ENTRA_ODBC_TOKEN_CACHE", "shared");
    let output = machine.python(
        "
import os, pyodbc, sys
pyodbc.pooling = False
start, go = os.pipe()
workers = []
for _ in range(64):
    worker = os.fork()
    if not worker:
        os.close(go)
        os.read(start, 1)
        try:
            pyodbc.connect(sys.argv[1], timeout=60).execute('SELECT SUSER_SNAME()').fetchval()
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    workers.append(worker)
os.close(go)
print(sum(os.waitpid(worker, 0)[1] == 0 for worker in workers))
",
        &[&machine.string(MSI)],
    );
    assert_eq!(finished(&output, "python"), "64");
    assert_eq!(machine.managed_identity_requests(), 1);
}

#[test]
fn unless_asked_for_each_process_makes_its_own_request_and_leaves_nothing_behind() {
    let machine = machine();
    at_once(&machine, 4, MSI);
    assert_eq!(machine.managed_identity_requests(), 4);
    assert!(!directory(&machine).exists());
    // Nor where the string declines what the environment offers.
    let machine = machine.with("ENTRA_ODBC_TOKEN_CACHE", "shared");
    at_once(&machine, 2, &format!("{MSI}TokenCache=process;"));
    assert_eq!(machine.managed_identity_requests(), 6);
    assert!(!directory(&machine).exists());
}

#[test]
fn a_wrong_secret_never_gets_the_token_that_the_right_one_fetched() {
    let machine = machine();
    let right = format!("{}TokenCache=shared;", payroll());
    let wrong = right.replace(&braced(PAYROLL_SECRET), "wrong");
    assert_ne!(right, wrong);
    let who = machine.pyodbc(&machine.string(&right));
    let error = machine.pyodbc_error(&machine.string(&wrong));
    assert!(error.contains("28000"), "{error}");
    assert_eq!(machine.pyodbc(&machine.string(&right)), who);
    assert_eq!(machine.playground.entra.token_requests().len(), 2);
}

/// The tools: what they are called, their modes, and the files that say who is signed in.
const TOOLS: [(&str, &str, &str); 3] = [
    ("az", "AzCli", ".azure/azureProfile.json"),
    ("azd", "AzureDeveloperCli", ".azd/auth.json"),
    ("pwsh", "AzurePowerShell", ".Azure/AzureRmContext.json"),
];

/// What a tool prints that has this token, which ends in 2100.
fn answer(tool: &str, token: &str) -> String {
    match tool {
        "az" => format!(r#"{{"accessToken":"{token}","expires_on":4102444800,"tokenType":"Bearer"}}"#),
        "azd" => format!(r#"{{"token":"{token}","expiresOn":"2100-01-01T00:00:00Z"}}"#),
        _ => format!("entra-odbc%{token}%4102444800"),
    }
}

/// A machine whose tools answer for whoever their profile names, and count how often they are asked.
fn with_tools(machine: Machine) -> Machine {
    TOOLS.into_iter().fold(machine, |machine, (tool, _, profile)| {
        let [ada, grace] = [USER, OTHER_USER].map(|user| answer(tool, &machine.user_token(user)));
        let script = format!(
            "echo >>\"$HOME/{tool}-asked\"
case \"$(cat \"$HOME/{profile}\")\" in
    *{USER}*) echo '{ada}' ;;
    *{OTHER_USER}*) echo '{grace}' ;;
    *) echo 'Please run az login, azd auth login or Connect-AzAccount.' >&2; exit 1 ;;
esac"
        );
        fs::create_dir_all(machine.path(profile).parent().unwrap()).unwrap();
        machine.with_tool(tool, &script)
    })
}

/// How often a tool was asked.
fn asked(machine: &Machine, tool: &str) -> usize {
    machine.read(&format!("{tool}-asked")).lines().count()
}

#[test]
fn a_developers_tool_is_asked_once_for_all_processes() {
    let machine = with_tools(machine());
    for (tool, mode, profile) in TOOLS {
        machine.file(profile, USER);
        let shared = machine.string(&format!("Authentication=ActiveDirectory{mode};TokenCache=shared"));
        for _ in 0..3 {
            assert_eq!(machine.pyodbc(&shared), USER);
        }
        assert_eq!(asked(&machine, tool), 1, "{tool}");
        // As before where nobody asks for that.
        let alone = machine.string(&format!("Authentication=ActiveDirectory{mode}"));
        assert_eq!(machine.pyodbc(&alone), USER);
        assert_eq!(asked(&machine, tool), 2, "{tool}");
    }
}

#[test]
fn whoever_signed_out_of_a_tool_or_was_followed_by_someone_else_is_not_found_again() {
    let machine = with_tools(machine());
    for (tool, mode, profile) in TOOLS {
        let shared = machine.string(&format!("Authentication=ActiveDirectory{mode};TokenCache=shared"));
        machine.file(profile, USER);
        assert_eq!(machine.pyodbc(&shared), USER);
        machine.file(profile, OTHER_USER);
        assert_eq!(machine.pyodbc(&shared), OTHER_USER, "{tool}: another account");
        machine.file(profile, "");
        let nobody = machine.pyodbc_error(&shared);
        assert!(
            nobody.contains("28000") && nobody.contains("is not signed in"),
            "{nobody}"
        );
        fs::remove_file(machine.path(profile)).unwrap();
        let nobody = machine.pyodbc_error(&shared);
        assert!(nobody.contains("is not signed in"), "{nobody}");
        machine.file(profile, USER);
        assert_eq!(machine.pyodbc(&shared), USER);
        let before = asked(&machine, tool);
        // The same account with another subscription or tenant selected, then in another tenant of the string's.
        machine.file(profile, &format!("{USER} another subscription"));
        assert_eq!(machine.pyodbc(&shared), USER);
        assert_eq!(asked(&machine, tool), before + 1, "{tool}: another subscription");
        assert_eq!(machine.pyodbc(&format!("{shared};TenantId={TENANT_ID}")), USER);
        assert_eq!(asked(&machine, tool), before + 2, "{tool}: another tenant");
    }
}

#[test]
fn a_process_that_is_killed_while_it_asks_leaves_its_turn_to_the_next() {
    let machine = machine();
    let gate = Gate::new();
    let msi = &machine.playground.managed_identity;
    msi.inject_on("", Times::Next(1), Fault::HangBefore(gate.clone()));
    let asking = HostProcess::start(
        &machine,
        "pyodbc.connect(sys.argv[1])",
        &[&machine.string(SHARED)],
    );
    msi.record().wait_for(1);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| machine.pyodbc(&machine.string(SHARED)));
        drop(asking);
        assert!(!waiting.join().unwrap().is_empty());
    });
    assert_eq!(machine.managed_identity_requests(), 2);
    gate.open();
}

#[test]
fn a_directory_that_is_open_to_others_is_not_used_and_the_connect_goes_on() {
    let machine = machine().with("ENTRA_ODBC_LOG", "warn");
    fs::create_dir(directory(&machine)).unwrap();
    fs::set_permissions(directory(&machine), Permissions::from_mode(0o755)).unwrap();
    let output = machine.python(PYODBC_LOGIN_NAME, &[&machine.string(SHARED)]);
    finished(&output, "python");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        log.contains("event=sharing_failed") && log.contains("0700"),
        "{log}"
    );
    assert_eq!(fs::read_dir(directory(&machine)).unwrap().count(), 0);
}

#[test]
fn one_process_renews_for_all() {
    let machine = machine();
    machine.playground.set_token_lifetime(Duration::from_secs(9));
    let program = "
connection = pyodbc.connect(sys.argv[1])
say('connected')
hear()
pyodbc.pooling = False
say(pyodbc.connect(sys.argv[1]).execute('SELECT 1').fetchval())
";
    let string = machine.string(SHARED);
    let mut hosts: Vec<_> = (0..4)
        .map(|_| HostProcess::start(&machine, program, &[&string]))
        .collect();
    for host in &hosts {
        assert_eq!(host.read_line(), "connected");
    }
    // Due after 6 s, and again 6 s later: by then the first token has ended.
    machine.playground.managed_identity.record().wait_for(3);
    for host in &mut hosts {
        host.write_line("go on");
    }
    for host in &hosts {
        assert_eq!(host.read_line(), "1");
    }
    assert_eq!(machine.managed_identity_requests(), 3);
}
