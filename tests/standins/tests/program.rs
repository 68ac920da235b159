//! The stand-ins as a program: what it prints, and that nothing of it stays behind.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

fn start(directory: &str) -> (Child, Value) {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    let mut program = Command::new(env!("CARGO_BIN_EXE_standins"))
        .arg("--directory")
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (program, serde_json::from_str(&line).unwrap())
}

#[test]
fn its_one_line_tells_what_a_client_needs() {
    let (mut program, description) = start("line");
    let ca = std::fs::read_to_string(description["ca"].as_str().unwrap()).unwrap();
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----"));
    for (field, start) in [("authority", "https://localhost:"), ("imds", "http://127.0.0.1:")] {
        assert!(description[field].as_str().unwrap().starts_with(start), "{field}");
    }
    assert!(description["app"]["secret"].is_string());
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}

#[test]
fn it_ends_when_its_standard_input_closes() {
    let (mut program, _) = start("closed");
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}

#[test]
fn it_ends_when_a_script_says_so() {
    let (mut program, description) = start("shutdown");
    let control = description["control"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://")
        .to_owned();
    let mut socket = TcpStream::connect(&control).unwrap();
    write!(
        socket,
        "POST /shutdown HTTP/1.1\r\nHost: {control}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(program.wait().unwrap().success());
}
