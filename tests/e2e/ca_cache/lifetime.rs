//! When the certificates are loaded, by which thread and process, and what turns sharing off.

use std::time::Duration;

use standins::http::Fault;
use test_support::{
    connection_string::{MSI, sql_login},
    drivers::real_driver,
    host_process::HostProcess,
    machine::Machine,
    process::finished,
    registration::DRIVER,
};

use super::{Host, LOADED, OFF, SHARED, count, logging};

fn connect_three_times(machine: &Machine, string: &str) {
    let mut host = Host::start(machine);
    for _ in 0..3 {
        assert_eq!(host.connect(string), "connected");
    }
}

#[test]
fn the_first_connection_loads_for_all_that_follow() {
    let machine = logging();
    connect_three_times(&machine, &machine.string(&sql_login()));
    assert_eq!((count(&machine, LOADED), count(&machine, SHARED)), (1, 2));
    assert_eq!(count(&machine, OFF), 0);
}

#[test]
fn they_are_loaded_while_the_first_token_is_requested() {
    let machine = logging();
    connect_three_times(&machine, &machine.string(MSI));
    assert_eq!((count(&machine, LOADED), count(&machine, SHARED)), (1, 3));
    assert!(machine.read("log").contains("ahead=true"));
}

#[test]
fn the_builds_of_driver_18_for_other_distributions_share_as_well() {
    let real = real_driver();
    let file = real.file_name().unwrap();
    let builds = real.ancestors().nth(4).unwrap();
    let processor = real.strip_prefix(builds).unwrap().iter().nth(1).unwrap();
    // There is none of SUSE's for arm64.
    let others: &[&str] = if processor == "arm64" {
        &["rhel"]
    } else {
        &["rhel", "suse"]
    };
    for build in others {
        let driver = builds.join(build).join(processor);
        let machine = logging().with(
            "ENTRA_ODBC_DRIVER",
            driver.join("lib").join(file).to_str().unwrap(),
        );
        connect_three_times(&machine, &machine.string(&sql_login()));
        assert_eq!(
            (count(&machine, LOADED), count(&machine, SHARED)),
            (1, 2),
            "{build}"
        );
    }
}

#[test]
fn a_variable_and_the_section_turn_sharing_off_and_the_log_says_which() {
    let machine = logging().with("ENTRA_ODBC_CA_CACHE", "no");
    connect_three_times(&machine, &machine.string(MSI));
    assert_eq!((count(&machine, LOADED), count(&machine, SHARED)), (0, 0));
    assert!(
        machine.read("log").contains("ENTRA_ODBC_CA_CACHE=no"),
        "{}",
        machine.read("log")
    );

    let machine = logging();
    let sections = machine.read("odbcinst.ini");
    let section = format!("[{DRIVER}]\n");
    assert!(sections.contains(&section));
    machine.register(&sections.replace(&section, &format!("{section}CaCache=no\n")));
    connect_three_times(&machine, &machine.string(MSI));
    assert_eq!((count(&machine, LOADED), count(&machine, SHARED)), (0, 0));
    assert!(
        machine.read("log").contains("CaCache=no in ["),
        "{}",
        machine.read("log")
    );
}

#[test]
fn sixty_four_first_connections_load_once() {
    let machine = logging();
    let output = machine.python(
        "
import pyodbc, sys, threading
pyodbc.pooling = False
together = threading.Barrier(64)
failures = []
def connect():
    together.wait()
    try: pyodbc.connect(sys.argv[1]).close()
    except pyodbc.Error as error: failures.append(error)
threads = [threading.Thread(target=connect) for _ in range(64)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(failures), failures[:1])
",
        &[&machine.string(&sql_login())],
    );
    assert_eq!(finished(&output, "python"), "0 []");
    assert_eq!((count(&machine, LOADED), count(&machine, SHARED)), (1, 63));
}

#[test]
fn forked_children_load_their_own() {
    let machine = logging();
    let mut host = HostProcess::start(
        &machine,
        "
pyodbc.pooling = False
string = sys.argv[1]
pyodbc.connect(string).close()
stop = threading.Event()
# unixODBC's own locks stay locked in a child where another thread held them.
inside = threading.Lock()
def connect():
    while not stop.is_set():
        with inside: pyodbc.connect(string).close()
threads = [threading.Thread(target=connect) for _ in range(4)]
for thread in threads: thread.start()
bad = 0
for _ in range(20):
    with inside: child = os.fork()
    if not child:
        try:
            for _ in range(2): pyodbc.connect(string).close()
            os._exit(0)
        except BaseException:
            os._exit(1)
    bad += os.waitpid(child, 0)[1] != 0
stop.set()
for thread in threads: thread.join()
say('bad children:', bad)
",
        &[&machine.string(&sql_login())],
    );
    assert_eq!(host.read_line(), "bad children: 0");
    let (status, _) = host.wait(Duration::from_secs(10));
    assert!(status.success());
    // One in the parent, one in each child.
    assert_eq!(count(&machine, LOADED), 21);
}

#[test]
fn a_program_that_ends_while_they_are_loaded_ends_well() {
    let machine = logging();
    // Enough to outlast the refusal.
    let system = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap();
    let bundle = machine.file("large.pem", &system.repeat(2));
    super::settle(std::path::Path::new(&bundle));
    // Nobody listens there.
    let string = format!("DRIVER={{{DRIVER}}};SERVER=127.0.0.1,1;{MSI}");
    for _ in 0..5 {
        let mut command = machine.command(test_support::hosts::python());
        command
            .args([
                "-c",
                "import pyodbc, sys\ntry: pyodbc.connect(sys.argv[1], timeout=1)\nexcept pyodbc.Error: print('refused')",
            ])
            .arg(&string)
            .env("SSL_CERT_FILE", &bundle);
        assert_eq!(finished(&command.output().unwrap(), "python"), "refused");
    }
    assert_eq!(count(&machine, LOADED), 5);
}

#[test]
fn a_child_forked_while_they_are_loaded_connects() {
    let machine = logging();
    let system = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap();
    let bundle = machine.file(
        "large.pem",
        &format!("{}{}", machine.read("ca.pem"), system.repeat(2)),
    );
    super::settle(std::path::Path::new(&bundle));
    let machine = machine.with("SSL_CERT_FILE", &bundle);
    for _ in 0..5 {
        machine.playground.managed_identity.inject(Fault::status(400));
        let host = HostProcess::start(
            &machine,
            "
pyodbc.pooling = False
failing, working = sys.argv[1:]
try: pyodbc.connect(failing)
except pyodbc.Error: pass
child = os.fork()
if not child:
    pyodbc.connect(working).close()
    os._exit(0)
say(os.waitpid(child, 0)[1])
",
            // A sign-in that fails at once, while the certificates are loaded for it.
            &[&machine.string(MSI), &machine.string(&sql_login())],
        );
        assert_eq!(host.read_line(), "0");
    }
    // In each parent ahead, and in each child.
    assert_eq!(count(&machine, LOADED), 10);
    assert!(machine.read("log").contains("ahead=true"));
}
