//! A good guest: hosts end at once whatever the background thread does, and their signals are their own.

use std::time::Duration;

use standins::http::{Fault, Gate, Times};
use test_support::{
    connection_string::{MSI, payroll},
    drivers::built_library,
    host_process::HostProcess,
    machine::Machine,
    process::finished,
};

/// Runs a program up to its `hear()`, by when a token request hangs, and then on to its end.
fn ends(program: &str, first_token: bool) -> Duration {
    let machine = Machine::new();
    machine.playground.set_token_lifetime(Duration::from_secs(4));
    let gate = Gate::new();
    let msi = &machine.playground.managed_identity;
    if !first_token {
        msi.inject_on("", Times::UntilCleared, Fault::HangBefore(gate.clone()));
    }
    let library = built_library();
    let mut host = HostProcess::start(
        &machine,
        program,
        &[&machine.string(MSI), library.to_str().unwrap()],
    );
    if first_token {
        assert_eq!(host.read_line(), "connected");
        msi.inject_on("", Times::UntilCleared, Fault::HangBefore(gate.clone()));
    }
    msi.record().wait_for(if first_token { 2 } else { 1 });
    host.write_line("end");
    let (status, took) = host.wait(Duration::from_secs(20));
    assert!(status.success(), "{status}");
    took
}

/// What a host may do last.
const ENDINGS: [&str; 3] = ["os._exit(0)", "sys.exit(0)", "pass"];

/// Python itself takes a while to end, more so where the machine has other work.
const PROMPTLY: Duration = Duration::from_secs(1);

#[test]
fn a_host_ends_at_once_while_a_connect_waits_for_its_token() {
    for ending in ENDINGS {
        let took = ends(
            &format!(
                "
threading.Thread(target=lambda: pyodbc.connect(sys.argv[1]), daemon=True).start()
hear()
{ending}
"
            ),
            false,
        );
        println!("{ending}: {took:?}");
        assert!(took < PROMPTLY, "{ending}: {took:?}");
    }
}

#[test]
fn a_host_ends_at_once_while_a_renewal_is_under_way() {
    for ending in ENDINGS {
        let took = ends(
            &format!(
                "
connection = pyodbc.connect(sys.argv[1])
say('connected')
hear()
{ending}
"
            ),
            true,
        );
        println!("{ending}: {took:?}");
        assert!(took < PROMPTLY, "{ending}: {took:?}");
    }
}

#[test]
fn a_host_that_unloads_the_library_while_a_renewal_is_under_way_goes_on() {
    let took = ends(
        "
import ctypes, _ctypes
connection = pyodbc.connect(sys.argv[1])
connection.close()
library = ctypes.CDLL(sys.argv[2])
say('connected')
hear()
for _ in range(3):
    _ctypes.dlclose(library._handle)
assert 'libentra_odbc' in open('/proc/self/maps').read()
os._exit(0)
",
        true,
    );
    assert!(took < PROMPTLY, "{took:?}");
}

/// SIGPIPE ends the process, and SIGCHLD is ignored, as daemons have it.
const SIGNALS: &str = "
import pyodbc, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
";

#[test]
fn a_host_with_the_default_action_for_sigpipe_survives_endpoints_that_reset() {
    let machine = Machine::new();
    let (entra, msi) = (&machine.playground.entra, &machine.playground.managed_identity);
    for fault in [Fault::Reset, Fault::ResetMidway, Fault::Close] {
        entra.inject_on("", Times::Next(2), fault.clone());
        msi.inject_on("", Times::Next(2), fault);
    }
    let output = machine.python(
        &format!(
            "{SIGNALS}
import time
for string in sys.argv[1:]:
    while True:
        try:
            print(pyodbc.connect(string).execute('SELECT SUSER_SNAME()').fetchval())
            break
        except pyodbc.Error as error:
            assert '08001' in str(error), error
            time.sleep(1.1)
"
        ),
        &[&machine.string(&payroll()), &machine.string(MSI)],
    );
    assert_eq!(finished(&output, "python").lines().count(), 2);
}

#[test]
fn a_host_that_ignores_sigchld_signs_in_by_the_azure_cli() {
    let machine = Machine::new();
    let token = machine.user_token("ada@contoso.com");
    // A child of its own, whose end it waits for, as the real one has.
    let machine = machine.with_tool(
        "az",
        &format!(
            "sh -c 'exit 7'\ntest $? = 7 || exit 1\n\
             echo '{{\"accessToken\":\"{token}\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}}'"
        ),
    );
    let output = machine.python(
        &format!(
            "{SIGNALS}
print(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
"
        ),
        &[&machine.string("Authentication=ActiveDirectoryAzCli;")],
    );
    assert_eq!(finished(&output, "python"), "ada@contoso.com");
}
