//! Which logins are ended early, and which are let be.

use super::*;
use crate::tds::{Encryption, LoginOptions, Target, Trust, diagnosis::Finding};
use entra_auth::user::prompt::Prompts;
use std::{net::TcpListener, sync::mpsc};

/// Far more than two looks take.
const LONG: Duration = Duration::from_secs(30);

struct Tell(mpsc::Sender<()>);

impl CancelLogin for Tell {
    fn cancel(&self) {
        self.0.send(()).unwrap();
    }
}

struct Machine {
    watch: LoginWatch,
    services: Services,
}

impl Machine {
    fn new() -> Self {
        Self {
            watch: LoginWatch::new(),
            services: Services::new(Environment::empty(), Prompts::unseen()),
        }
    }

    fn login(&self, host: &str, port: u16) -> (Watched, mpsc::Receiver<()>) {
        let target = Target {
            host: host.to_owned(),
            port,
            connect_to: None,
            options: LoginOptions::default(),
            encryption: Encryption::No,
            trust: Trust::Any,
        };
        let (sender, cancelled) = mpsc::channel();
        let watched = self
            .watch
            .watch(
                &Arc::new(Reached::at(target)),
                Box::new(Tell(sender)),
                &self.services,
            )
            .unwrap();
        (watched, cancelled)
    }

    fn tried(&self) -> usize {
        self.watch.0.lock().tried.len()
    }
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn logins_to_nobody_are_ended_and_one_to_a_server_that_is_slow_goes_on() {
    let machine = Machine::new();
    let closed = listener().1;
    let (_open, slow) = listener();
    let (unknown, unknown_is_cancelled) = machine.login("unknown.invalid", 1433);
    let (slow, slow_is_cancelled) = machine.login("127.0.0.1", slow);
    let (closed, closed_is_cancelled) = machine.login("127.0.0.1", closed);
    unknown_is_cancelled.recv_timeout(LONG).unwrap();
    closed_is_cancelled.recv_timeout(LONG).unwrap();
    assert!(matches!(unknown.end().unwrap().finding, Finding::NameUnknown(_)));
    assert_eq!(closed.end().unwrap().finding, Finding::NobodyListens);
    // It was looked into at the same time as the others.
    assert!(slow_is_cancelled.try_recv().is_err());
    assert_eq!(slow.end(), None);
}

#[test]
fn a_server_that_comes_up_between_two_looks_gets_its_login() {
    let machine = Machine::new();
    let (listener, port) = listener();
    drop(listener);
    let (watched, cancelled) = machine.login("127.0.0.1", port);
    std::thread::sleep(FIRST_LOOK + PAUSE / 2);
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(cancelled.recv_timeout(FIRST_LOOK + PAUSE).is_err());
    assert_eq!(watched.end(), None);
}

#[test]
fn a_login_that_has_ended_is_not_cancelled_and_not_remembered() {
    let machine = Machine::new();
    let closed = listener().1;
    let (ended, cancelled) = machine.login("127.0.0.1", closed);
    let (other, other_is_cancelled) = machine.login("127.0.0.1", closed);
    assert_eq!(machine.tried(), 2);
    assert_eq!(ended.end(), None);
    assert_eq!(machine.tried(), 1);
    other_is_cancelled.recv_timeout(LONG).unwrap();
    assert!(cancelled.recv().is_err(), "nobody has it any more");
    drop(other);
    // The task has ended, and the next login has another one.
    let (next, next_is_cancelled) = machine.login("127.0.0.1", closed);
    next_is_cancelled.recv_timeout(LONG).unwrap();
    assert_eq!(next.end().unwrap().finding, Finding::NobodyListens);
}
