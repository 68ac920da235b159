//! Which logins are ended early, and which are let be.

use super::*;
use crate::tds::{Encryption, LoginOptions, Target, Trust};
use entra_auth::user::prompt::Prompts;
use std::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Far more than any step takes here.
const LONG: Duration = Duration::from_secs(30);

struct Tell(mpsc::Sender<()>, bool);

impl CancelLogin for Tell {
    fn cancel(&self) -> bool {
        self.0.send(()).unwrap();
        self.1
    }
}

struct Machine {
    watch: LoginWatch,
    services: Services,
}

fn reached(host: &str, port: u16) -> Arc<Reached> {
    Arc::new(Reached::at(Target {
        host: host.to_owned(),
        port,
        connect_to: None,
        options: LoginOptions::default(),
        encryption: Encryption::No,
        trust: Trust::Any,
    }))
}

impl Machine {
    fn new() -> Self {
        Self {
            watch: LoginWatch::new(),
            services: Services::new(Environment::empty(), Prompts::unseen()),
        }
    }

    fn watch(
        &self,
        reached: &Arc<Reached>,
        timeout: u64,
        can_be_canceled: bool,
    ) -> (Watched, mpsc::Receiver<()>) {
        let (sender, canceled) = mpsc::channel();
        let deadline = Instant::now() + Duration::from_secs(timeout);
        let canceller = Box::new(Tell(sender, can_be_canceled));
        let watched = self
            .watch
            .watch(reached, canceller, deadline, &self.services)
            .unwrap();
        (watched, canceled)
    }

    fn login(&self, host: &str, port: u16) -> (Watched, mpsc::Receiver<()>) {
        self.watch(&reached(host, port), 5, true)
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
    let (open, slow) = listener();
    let (unknown, unknown_is_canceled) = machine.login("unknown.invalid", 1433);
    let slow: Vec<_> = (0..3).map(|_| machine.login("127.0.0.1", slow)).collect();
    let (closed, closed_is_canceled) = machine.login("127.0.0.1", closed);
    unknown_is_canceled.recv_timeout(LONG).unwrap();
    closed_is_canceled.recv_timeout(LONG).unwrap();
    assert!(matches!(unknown.end().unwrap().finding, Finding::NameUnknown(_)));
    assert_eq!(closed.end().unwrap().finding, Finding::NobodyListens);
    // They were looked into at the same time as the others, all at once, and never again.
    assert_eq!(machine.tried(), 0);
    open.set_nonblocking(true).unwrap();
    let looks: Vec<TcpStream> = std::iter::from_fn(|| open.accept().ok())
        .map(|(look, _)| look)
        .collect();
    assert_eq!(looks.len(), 1);
    for (slow, is_canceled) in slow {
        assert!(is_canceled.try_recv().is_err());
        assert_eq!(slow.end(), None);
    }
}

#[test]
fn nobody_must_be_reached_for_a_good_part_of_the_login_timeout() {
    let (sender, _canceled) = mpsc::channel();
    let deadline = Instant::now() + Duration::from_secs(40);
    let login = Login::new(&reached("a", 1), Box::new(Tell(sender, true)), deadline);
    let unknown = Finding::NameUnknown("so it is said".to_owned());
    for (finding, seconds, verdict) in [
        (&unknown, 2, Verdict::LookAgain),
        (&unknown, 9, Verdict::LookAgain),
        (&unknown, 11, Verdict::Ends),
        (&Finding::NobodyListens, 11, Verdict::LookAgain),
        (&Finding::NobodyListens, 21, Verdict::Ends),
        (&Finding::Silent, 39, Verdict::GoesOn),
        (&Finding::Answers, 2, Verdict::GoesOn),
        (
            &Finding::NameNotResolved("nobody answers".to_owned()),
            39,
            Verdict::GoesOn,
        ),
    ] {
        let now = login.begun + Duration::from_secs(seconds);
        assert_eq!(login.verdict(finding, now), verdict, "{finding:?} {seconds}");
    }
}

#[test]
fn a_login_that_has_ended_is_not_canceled_and_not_remembered() {
    let machine = Machine::new();
    let closed = listener().1;
    let (ended, canceled) = machine.login("127.0.0.1", closed);
    let (other, other_is_canceled) = machine.login("127.0.0.1", closed);
    assert_eq!(machine.tried(), 2);
    assert_eq!(ended.end(), None);
    assert_eq!(machine.tried(), 1);
    other_is_canceled.recv_timeout(LONG).unwrap();
    assert!(canceled.recv().is_err(), "nobody has it any more");
    drop(other);
    // Whether the task still runs or not, the next login is watched as well.
    let (next, next_is_canceled) = machine.login("127.0.0.1", closed);
    next_is_canceled.recv_timeout(LONG).unwrap();
    assert_eq!(next.end().unwrap().finding, Finding::NobodyListens);
}

#[test]
fn a_driver_that_does_not_let_itself_be_canceled_has_not_been_ended() {
    let machine = Machine::new();
    let (watched, canceled) = machine.watch(&reached("127.0.0.1", listener().1), 5, false);
    canceled.recv_timeout(LONG).unwrap();
    assert_eq!(watched.end(), None);
}
