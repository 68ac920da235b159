#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream as Socket;
use std::time::Duration;

use serde_json::json;

use super::*;

const ASKED: &[u8] = b"GET /token?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn server() -> Server {
    Server::start(LOOPBACK, None, |_| {
        Response::json(200, &json!({ "access_token": "ey", "expires_in": 3599 }))
    })
}

fn connect(server: &Server) -> Socket {
    let mut socket = Socket::connect(server.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.write_all(ASKED).unwrap();
    socket
}

/// Everything that comes until the server closes, and how it closed.
fn to_the_end(mut socket: Socket) -> (String, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes).err().map(|error| error.kind());
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

fn with(fault: Fault) -> Server {
    let server = server();
    server.faults().inject("", Times::Next(1), fault);
    server
}

#[test]
fn a_fault_lasts_for_its_requests_and_no_longer() {
    let server = server();
    server
        .faults()
        .inject("/token", Times::Next(2), Fault::status(503));
    server
        .faults()
        .inject("/elsewhere", Times::UntilCleared, Fault::status(500));
    for expected in ["503", "503", "200"] {
        let (text, _) = to_the_end(connect(&server));
        assert!(text.starts_with(&format!("HTTP/1.1 {expected}")), "{text}");
    }
    let statuses: Vec<_> = server
        .record()
        .wait_for(3)
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [Some(503), Some(503), Some(200)]);
}

#[test]
fn a_reset_reaches_the_client_as_one() {
    let server = with(Fault::Reset);
    assert_eq!(
        to_the_end(connect(&server)),
        (String::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(server.record().wait_for(1).first().unwrap().status, None);
}

#[test]
fn a_closed_connection_carries_nothing() {
    assert_eq!(to_the_end(connect(&with(Fault::Close))), (String::new(), None));
}

#[test]
fn raw_bytes_are_sent_as_they_are() {
    let raw = "220 mail.example ESMTP\r\n";
    assert_eq!(
        to_the_end(connect(&with(Fault::Raw(raw.into())))),
        (raw.to_owned(), None)
    );
}

#[test]
fn a_truncated_answer_promises_more_than_it_holds() {
    let (text, end) = to_the_end(connect(&with(Fault::Truncated)));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let whole = json!({ "access_token": "ey", "expires_in": 3599 }).to_string();
    assert!(
        head.contains(&format!("content-length: {}", whole.len())),
        "{head}"
    );
    assert_eq!((body, end), (&whole[..whole.len() / 2], None));
}

#[test]
fn malformed_json_is_honest_about_its_length() {
    let (text, _) = to_the_end(connect(&with(Fault::MalformedJson)));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{text}"
    );
    assert!(serde_json::from_str::<serde_json::Value>(body).is_err());
}

#[test]
fn a_held_answer_comes_when_the_gate_opens() {
    for fault in [Fault::HangBefore, Fault::HangMidway] {
        let gate = Gate::new();
        let server = with(fault(gate.clone()));
        let mut socket = connect(&server);
        server.record().wait_for(1);
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut bytes = Vec::new();
        assert_eq!(
            socket.read_to_end(&mut bytes).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        assert!(!bytes.ends_with(b"}"));
        gate.open();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket.read_to_end(&mut bytes).unwrap();
        assert!(bytes.ends_with(b"}"));
    }
}

#[test]
fn a_stopped_server_lets_nobody_hang() {
    let server = with(Fault::HangBefore(Gate::new()));
    let socket = connect(&server);
    server.record().wait_for(1);
    drop(server);
    let (text, _) = to_the_end(socket);
    assert_eq!(text, "");
}

#[test]
fn a_huge_body_is_as_long_as_it_says() {
    let server = with(Fault::Huge(100_000_000));
    let mut socket = connect(&server);
    let mut seen = 0;
    let mut bytes = vec![0; 1 << 16];
    while seen < 100_000_000 {
        let length = socket.read(&mut bytes).unwrap();
        assert_ne!(length, 0);
        seen += length;
    }
}

#[test]
fn a_slow_drip_and_a_missing_field_and_another_content_type() {
    let server = server();
    for fault in [
        Fault::Drip(Duration::ZERO),
        Fault::WithoutField("expires_in".to_owned()),
        Fault::ContentType("text/plain".to_owned()),
    ] {
        server.faults().inject("", Times::Next(1), fault);
    }
    let answers: Vec<String> = (0..3).map(|_| to_the_end(connect(&server)).0).collect();
    let [dripped, without, labelled] = answers.as_slice() else {
        unreachable!()
    };
    assert!(
        dripped.ends_with(r#"{"access_token":"ey","expires_in":3599}"#),
        "{dripped}"
    );
    assert!(without.ends_with(r#"{"access_token":"ey"}"#), "{without}");
    assert!(labelled.contains("content-type: text/plain"), "{labelled}");
}
