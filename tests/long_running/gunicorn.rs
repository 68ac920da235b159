//! gunicorn with `preload_app`: the application is loaded, and connects, before the workers are forked.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    thread,
    time::Duration,
};

use test_support::{
    connection_string::MSI, host_process::HostProcess, hosts::python, login_name::system_assigned,
    machine::Machine,
};

use crate::token_lifetime::{assert_restored, wait_for_renewal_and_expiry};

const WORKERS: usize = 3;

/// Tells the test that it listens; its own log goes to standard error.
const CONFIGURATION: &str = "
preload_app = True
workers = 3
bind = 'unix:gunicorn.sock'
control_socket_disable = True
def when_ready(server):
    print('ready', flush=True)
";

/// `/` asks on a connection that the worker keeps, `/connect` on a new one.
const APPLICATION: &str = "
import multiprocessing, os, pyodbc
string = os.environ['DATABASE']
everyone = multiprocessing.get_context('fork').Barrier(3)
connection = pyodbc.connect(string, autocommit=True)
connected_in = os.getpid()
def ask(connection):
    return connection.execute('SELECT SUSER_SNAME()').fetchval()
first = ask(connection)
def application(environ, start_response):
    global connection, connected_in
    # A worker serves one request at a time, so three at once are served by three.
    everyone.wait(60)
    if environ['PATH_INFO'] == '/connect':
        answer = ask(pyodbc.connect(string))
    else:
        # A socket cannot be shared with the parent, whatever the driver: the worker opens its own.
        if connected_in != os.getpid():
            kept.append(connection)
            connection, connected_in = pyodbc.connect(string, autocommit=True), os.getpid()
        answer = ask(connection)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [f'{os.getpid()} {answer}'.encode()]
kept = []
";

/// One request to each worker at the same time; which processes answered, and what.
fn round(machine: &Machine, path: &str) -> (Vec<String>, Vec<String>) {
    let answers: Vec<String> = thread::scope(|scope| {
        let ask = || {
            let mut stream = UnixStream::connect(machine.path("gunicorn.sock")).unwrap();
            stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
            write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(" 200 "), "{answer}");
            body.to_owned()
        };
        let asking: Vec<_> = (0..WORKERS).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let mut answers: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.split_once(' '))
        .collect();
    answers.sort_unstable();
    answers
        .into_iter()
        .map(|(process, name)| (process.to_owned(), name.to_owned()))
        .unzip()
}

#[test]
fn workers_that_were_forked_after_a_first_connect_sign_in_and_renew_on_their_own() {
    let machine = Machine::with_short_lived_tokens();
    machine.file("gunicorn.conf.py", CONFIGURATION);
    machine.file("application.py", APPLICATION);
    let string = machine.string(MSI);
    let machine = machine.with("DATABASE", string);
    let mut command = machine.command(python());
    command.args(["-m", "gunicorn", "application:application"]);
    let mut host = HostProcess::spawn(command);
    assert_eq!(host.read_line(), "ready");
    assert_eq!(machine.managed_identity_requests(), 1, "the parent's");

    let (processes, names) = round(&machine, "/");
    assert_eq!(names, vec![system_assigned(&machine); WORKERS]);
    assert_eq!(
        machine.managed_identity_requests(),
        1,
        "the workers use the parent's token"
    );
    assert_eq!(machine.accepted_logins().len(), 1 + WORKERS);

    // The parent's connection is open as well.
    wait_for_renewal_and_expiry(&machine, 1 + WORKERS);
    // One each, and perhaps the next one of each.
    assert!(machine.managed_identity_requests() <= 1 + 2 * (1 + WORKERS));
    machine.playground.sql_server.drop_connections();
    assert_eq!(round(&machine, "/"), (processes.clone(), names.clone()));
    assert_restored(&machine, 1 + WORKERS, WORKERS);

    // Renewals go on meanwhile; connects as such ask for nothing.
    assert_eq!(round(&machine, "/connect"), (processes, names));
    assert_eq!(machine.accepted_logins().len(), 1 + 3 * WORKERS);

    host.terminate();
    let (status, _) = host.wait(Duration::from_secs(30));
    assert!(status.success(), "{status}");
}
