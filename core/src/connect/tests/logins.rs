//! Login timeouts, polls and repeated logins.

use super::*;
use std::{net::TcpListener, thread};

#[test]
fn no_limit_at_the_host_means_the_default_for_the_whole_connect() {
    let mut real = Scripted::connecting();
    real.timeout = None;
    Machine::new()
        .connect("Server=localhost;AccessToken=abc", &mut real)
        .unwrap();
    assert!(real.did.contains(&Did::Limit(15)), "{:?}", real.did);
}

#[test]
fn the_strings_login_timeout_counts_where_the_program_set_none() {
    for (keyword, expected) in [
        ("Connect Timeout=40", Some(40)),
        ("Timeout=40", Some(40)),
        ("ConnectTimeout=40", Some(40)),
        ("connection timeout=40", Some(40)),
        ("LoginTimeout= 40 ", Some(40)),
        // No limit, for which there is the default.
        ("LoginTimeout=0", Some(15)),
        ("LoginTimeout=", None),
        ("LoginTimeout=2;Connect Timeout=40", Some(2)),
    ] {
        let text = format!("Server=localhost;AccessToken=abc;APP=a;{keyword}");
        let mut real = Scripted::connecting();
        Machine::new().connect(&text, &mut real).unwrap();
        assert_eq!(real.strings(), [driver_string(STOCK, "APP=a;")], "{keyword}");
        let limit = real.did.iter().find_map(|did| match did {
            Did::Limit(seconds) => Some(*seconds),
            _ => None,
        });
        assert_eq!(limit, expected, "{keyword}");
    }
    let mut real = Scripted::connecting();
    real.host_timeout = true;
    let machine = Machine::with_section(&[("Server", "localhost"), ("Connect Timeout", "40")]);
    let text = "DSN=payroll;AccessToken=abc";
    machine.connect(text, &mut real).unwrap();
    assert!(
        !real.did.iter().any(|did| matches!(did, Did::Limit(_))),
        "{:?}",
        real.did
    );
    let mut real = Scripted::connecting();
    machine.connect(text, &mut real).unwrap();
    assert!(real.did.contains(&Did::Limit(40)), "{:?}", real.did);
    let error = machine.refusal("Server=localhost;AccessToken=abc;Connect Timeout=soon");
    assert!(error.to_string().contains("Connect Timeout="), "{error}");
}

#[test]
fn a_driver_that_still_executes_is_called_again_with_the_kept_string_and_token() {
    let mut real = Scripted::answering([
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::Connected(0), "SERVER=localhost;"),
    ]);
    let machine = Machine::new();
    let mut pending = None;
    let text = "Server=localhost;AccessToken=abc;ClientId=c";
    for _ in 0..2 {
        machine.connect_pending(text, &mut pending, &mut real).unwrap();
        assert!(pending.is_some());
    }
    let answer = machine
        .connect_pending(
            "other arguments of the poll do not count",
            &mut pending,
            &mut real,
        )
        .unwrap();
    assert!(pending.is_none());
    assert_eq!(
        real.strings(),
        [
            driver_string(STOCK, ""),
            driver_string(STOCK, ""),
            driver_string(STOCK, "")
        ]
    );
    assert_eq!(
        real.did.iter().filter(|did| matches!(did, Did::Place(_))).count(),
        1
    );
    assert!(completed(answer).contains("ClientId=c"));
}

#[test]
fn a_refused_login_with_a_given_token_is_not_tried_again() {
    let mut real = Scripted::answering([(ConnectOutcome::Failed(-1), "")]);
    real.natives = vec![18456];
    let answer = Machine::new()
        .connect("Server=localhost;AccessToken=abc", &mut real)
        .unwrap();
    assert!(matches!(
        answer,
        Answer::SignedIn {
            reply: DriverReply {
                outcome: ConnectOutcome::Failed(-1),
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_login_that_is_refused_for_a_moment_is_made_again_after_a_pause() {
    let failed = (ConnectOutcome::Failed(-1), "");
    let mut real = Scripted::answering([failed, failed, (ConnectOutcome::Connected(0), "")]);
    real.natives = vec![40_613];
    let answer = Machine::new()
        .connect("Server=localhost;AccessToken=abc", &mut real)
        .unwrap();
    assert!(matches!(answer, Answer::SignedIn { opened: Some(_), .. }));
    let pauses: Vec<_> = real
        .did
        .iter()
        .filter(|did| matches!(did, Did::Pause(_) | Did::Limit(_)))
        .collect();
    // No pause is a real one here, so that nothing of the login timeout is used up.
    assert_eq!(
        pauses,
        [&Did::Pause(5), &Did::Limit(15), &Did::Pause(10), &Did::Limit(15)]
    );
    assert_eq!(real.strings().len(), 3);
    assert_eq!(
        real.did.iter().filter(|did| matches!(did, Did::Place(_))).count(),
        1
    );
}

#[test]
fn an_application_that_polls_is_not_kept_waiting_for_the_next_login() {
    let mut real = Scripted::answering([
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::Failed(-1), ""),
        (ConnectOutcome::Connected(0), ""),
    ]);
    real.natives = vec![40_613];
    let (machine, mut pending) = (Machine::new(), None);
    let text = "Server=localhost;AccessToken=abc;ConnectRetryInterval=1";
    let mut polls = 0;
    loop {
        let answer = machine.connect_pending(text, &mut pending, &mut real).unwrap();
        match answer {
            Answer::SignedIn { opened: Some(_), .. } => break,
            Answer::SignedIn { reply, .. } => {
                assert_eq!(reply.outcome, ConnectOutcome::StillExecuting(2));
                assert!(pending.is_some());
            }
            other => panic!("{other:?}"),
        }
        polls += 1;
        thread::yield_now();
    }
    assert!(polls > 2, "{polls}");
    assert_eq!(real.strings().len(), 3);
    assert!(!real.did.iter().any(|did| matches!(did, Did::Pause(_))));
}

#[test]
fn as_many_logins_are_made_as_the_string_or_its_data_source_says() {
    for (machine, text, logins) in [
        (
            Machine::new(),
            "Server=localhost;AccessToken=abc;ConnectRetryCount=0",
            1,
        ),
        (
            Machine::new(),
            "Server=localhost;AccessToken=abc;ConnectRetryCount=2;ConnectRetryInterval=3",
            3,
        ),
        (
            Machine::with_section(&[("Server", "localhost"), ("ConnectRetryCount", "1")]),
            "DSN=payroll;AccessToken=abc",
            2,
        ),
    ] {
        let mut real = Scripted::answering(std::iter::repeat_n((ConnectOutcome::Failed(-1), ""), logins));
        real.natives = vec![40_501];
        let answer = machine.connect(text, &mut real).unwrap();
        let Answer::SignedIn {
            failure: Some(failure),
            ..
        } = answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!((failure.sqlstate.as_str(), failure.native), ("28000", 40_501));
        assert_eq!(real.strings().len(), logins, "{text}");
    }
}

#[test]
fn an_application_that_polls_is_not_kept_waiting_for_the_reason_of_a_failure() {
    // It takes the connection of the attempt that finds out why, and says nothing for as long as it is there.
    let mut mute = Some(TcpListener::bind("127.0.0.1:0").unwrap());
    let port = mute.as_ref().unwrap().local_addr().unwrap().port();
    let machine = Machine::new();
    let mut real = Scripted::answering([
        (ConnectOutcome::StillExecuting(2), ""),
        (ConnectOutcome::Failed(-1), ""),
    ]);
    real.record = ("08001", "TCP Provider: Error code 0x2749");
    real.natives = vec![10057];
    let text = format!("Server=127.0.0.1,{port};AccessToken=abc");
    let mut pending = None;
    let mut polls = 0;
    let failure = loop {
        let answer = machine.connect_pending(&text, &mut pending, &mut real).unwrap();
        let Answer::SignedIn { reply, failure, .. } = answer else {
            panic!("{answer:?}");
        };
        match reply.outcome {
            ConnectOutcome::StillExecuting(2) => polls += 1,
            ConnectOutcome::Failed(-1) => break failure.unwrap(),
            other => panic!("{other:?}"),
        }
        if polls == 100 {
            mute = None;
        }
        thread::yield_now();
    };
    assert!(mute.is_none(), "{polls} polls");
    let text = failure.error.to_string();
    assert!(text.contains("does not answer as a SQL Server does"), "{text}");
    assert_eq!(
        real.strings().len(),
        2,
        "the driver is not called again: {:?}",
        real.did
    );
    assert!(pending.is_none());
}
