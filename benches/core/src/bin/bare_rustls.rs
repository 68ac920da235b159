//! The floor of a cold start: the machine's roots, one TLS handshake by bare rustls, one token request.
//!
//!   `bare_rustls <authority> <tenant> <client id> <secret>`, certificates from `SSL_CERT_FILE`
//!
//! Prints milliseconds, tab-separated: loading the roots, the rest.

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    env,
    error::Error,
    fmt::Write as _,
    io::{Read, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Instant,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [authority, tenant, client, secret] = arguments.as_slice() else {
        return Err("usage: bare_rustls <authority> <tenant> <client id> <secret>".into());
    };
    let start = Instant::now();
    let mut roots = RootCertStore::empty();
    let bundle = CertificateDer::pem_file_iter(env::var("SSL_CERT_FILE")?)?;
    roots.add_parsable_certificates(bundle.filter_map(Result::ok));
    let loaded = start.elapsed();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = authority
        .strip_prefix("https://")
        .ok_or("authority must be https")?;
    let (name, _) = host.split_once(':').ok_or("authority must have a port")?;
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned())?)?;
    let socket = TcpStream::connect(host)?;
    socket.set_nodelay(true)?;
    let mut stream = StreamOwned::new(connection, socket);
    let body = format!(
        "grant_type=client_credentials&client_id={client}&client_secret={}&scope={}",
        escaped(secret),
        escaped("https://database.windows.net/.default")
    );
    // In one piece: each part that `write!` passes on would be a record of its own.
    let request = format!(
        "POST /{tenant}/oauth2/v2.0/token HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        // A server may close without TLS's farewell.
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error.into()),
        _ => {}
    }
    if !answer.contains("access_token") {
        return Err(answer.into());
    }
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    println!(
        "{:.3}\t{:.3}",
        milliseconds(loaded),
        milliseconds(start.elapsed().saturating_sub(loaded))
    );
    Ok(())
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = write!(escaped, "%{byte:02X}");
        escaped
    })
}
