//! Browsers, and what else knocks at a port.

use super::*;
use std::{
    io::{Read, Write},
    net::TcpStream as Socket,
    thread,
};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn redirect(value: Option<&str>) -> Redirect {
    Redirect::parse(value).unwrap()
}

/// What a request is answered with; it is sent, or cut off, as it stands.
fn send(port: u16, request: &str) -> String {
    let mut socket = Socket::connect(("127.0.0.1", port)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    // The listener may have hung up already on what it does not understand.
    let _ = socket.shutdown(std::net::Shutdown::Write);
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    answer
}

fn port_of(uri: &str) -> u16 {
    uri.rsplit_once(':')
        .unwrap()
        .1
        .split('/')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn only_the_request_with_the_state_is_taken_and_garbage_disturbs_nobody() {
    let runtime = runtime();
    let loopback = runtime.block_on(Loopback::listen(&redirect(None), "s")).unwrap();
    let port = port_of(loopback.uri());
    assert_eq!(loopback.uri(), format!("http://localhost:{port}"));
    let browser = thread::spawn(move || {
        // Opened ahead of need, and silent.
        let _silent = Socket::connect(("127.0.0.1", port)).unwrap();
        for request in [
            "GET /favicon.ico HTTP/1.1\r\n\r\n",
            "GET /?code=evil&state=wrong HTTP/1.1\r\n\r\n",
            "POST /?code=evil&state=s HTTP/1.1\r\n\r\n",
        ] {
            let answer = send(port, request);
            assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        }
        assert_eq!(send(port, "GET /?code=cut"), "");
        let _ = send(port, &"x".repeat(100_000));
        send(
            port,
            "GET /?code=good&state=s HTTP/1.1\r\nHost: localhost\r\n\r\n",
        )
    });
    runtime.block_on(async {
        let visitor = loopback.visitor().await.unwrap();
        assert_eq!(visitor.returned(), &Returned::Code(Secret::new("good".into())));
        visitor.respond("<p>thanks</p>").await;
    });
    // What was aborted is dropped when the runtime comes to it.
    drop(runtime);
    let answer = browser.join().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("<p>thanks</p>"),
        "{answer}"
    );
    assert!(
        answer.contains("no-store") && answer.contains("default-src 'none'"),
        "{answer}"
    );
    let policy = format!(
        "\r\nContent-Security-Policy: {}\r\n",
        page::CONTENT_SECURITY_POLICY
    );
    assert!(answer.contains(&policy), "{answer}");
    assert!(Socket::connect(("127.0.0.1", port)).is_err(), "still listening");
}

#[test]
fn a_redirect_uri_is_localhost_with_a_port_or_path() {
    for (value, port, path) in [
        ("http://localhost", None, ""),
        ("http://localhost/", None, "/"),
        (
            "http://localhost:8400/auth/callback",
            Some(8400),
            "/auth/callback",
        ),
    ] {
        let expected = Redirect {
            port,
            path: path.to_owned(),
        };
        assert_eq!(redirect(Some(value)), expected);
    }
    for bad in [
        "https://localhost",
        "http://127.0.0.1",
        "http://localhost.evil.example",
        "http://localhost:0",
        "http://localhost:80a",
        "http://localhost@evil.example",
        "http://localhost/?a=b",
        "http://localhost/../x",
        "localhost",
    ] {
        let error = Redirect::parse(Some(bad)).unwrap_err();
        assert!(error.to_string().contains("RedirectUri="), "{bad}");
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let uri = format!("http://localhost:{port}");
    let error = runtime()
        .block_on(Loopback::listen(&redirect(Some(&uri)), "s"))
        .unwrap_err();
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}
