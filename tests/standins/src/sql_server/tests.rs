#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;
use crate::certificates::CertificateAuthority;

const SOON: Duration = Duration::from_secs(20);

pub(super) fn server() -> SqlServer {
    let tls = CertificateAuthority::new().server_config(&["127.0.0.1"]);
    SqlServer::start(SqlServerOptions::new(tls, Arc::new(Issuer::new()))).unwrap()
}

fn connect(server: &SqlServer) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// A PRELOGIN without options, so that the connection is certainly being served afterwards.
fn greet(stream: &mut TcpStream) {
    stream.write_all(&[0x12, 1, 0, 9, 0, 0, 0, 0, 0xFF]).unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
}

#[test]
fn nonsense_ends_its_connection_and_is_recorded() {
    let server = server();
    for nonsense in [
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        vec![0x12, 1, 0, 3, 0, 0, 0, 0],
        vec![0x10, 1, 0, 8, 0, 0, 0, 0],
        vec![0x12, 1, 0, 14, 0, 0, 0, 0, 1, 0, 200, 0, 1, 0xFF],
        vec![0x16, 3, 1, 0xFF, 0xFF],
    ] {
        let mut stream = connect(&server);
        stream.write_all(&nonsense).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // Closed or reset: the end in any case.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let broken = server
        .shared
        .journal
        .wait_for(SOON, |record| (record.broken.len() == 5).then_some(()));
    assert!(broken.is_some(), "{:?}", server.broken());
    greet(&mut connect(&server));
}

#[test]
fn dropped_connections_are_closed_when_the_call_returns() {
    let server = server();
    let mut stream = connect(&server);
    greet(&mut stream);
    assert_eq!(server.open_connections(), 1);
    server.drop_connections();
    assert_eq!(server.open_connections(), 0);
    stream.set_nonblocking(true).unwrap();
    // The rest of the PRELOGIN answer, and then the end, without waiting.
    let _ = stream.read_to_end(&mut Vec::new());
    assert!(!matches!(stream.read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock));
}

#[test]
fn a_dropped_server_listens_no_more() {
    let server = server();
    let address = server.address();
    let mut stream = connect(&server);
    greet(&mut stream);
    drop(server);
    let _ = stream.read_to_end(&mut Vec::new());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_record_shows_tokens_by_their_digest_only() {
    let hidden = Hidden::new("token");
    assert_eq!(format!("{hidden:?}"), "***");
    let digest = serde_json::to_string(&hidden).unwrap();
    assert_eq!(
        digest,
        "\"3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0\""
    );
}
