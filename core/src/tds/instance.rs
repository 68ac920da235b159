//! The port of a named instance, as SQL Server Browser tells it (MC-SQLR: CLNT_UCAST_INST and SVR_RESP).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::UdpSocket, time::timeout};

/// Where SQL Server Browser listens.
const BROWSER_PORT: u16 = 1434;

/// CLNT_UCAST_INST.
const REQUEST: u8 = 4;

/// SVR_RESP.
const RESPONSE: u8 = 5;

/// The longest response to that request.
const MAX_RESPONSE: usize = 3 + 1024;

/// How long an answer may take. Nobody tells that a datagram was lost.
const LIMIT: Duration = Duration::from_secs(1);

/// Asks the browsers at these addresses, each with any port, one after the other.
pub async fn port(addresses: &[SocketAddr], instance: &str) -> io::Result<u16> {
    let mut last = io::Error::other("its name has no address");
    for address in addresses {
        match ask(SocketAddr::new(address.ip(), BROWSER_PORT), instance).await {
            Ok(port) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask(browser: SocketAddr, instance: &str) -> io::Result<u16> {
    let any: IpAddr = if browser.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // So that nobody else's datagrams are taken for its answer, and a closed port is told.
    socket.connect(browser).await?;
    let request: Vec<u8> = [REQUEST].into_iter().chain(instance.bytes()).chain([0]).collect();
    socket.send(&request).await?;
    let mut response = [0; MAX_RESPONSE];
    let length = match timeout(LIMIT, socket.recv(&mut response)).await {
        Ok(received) => received?,
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    };
    let response = response.get(..length).unwrap_or_default();
    tcp_port(response).ok_or_else(|| io::Error::other("it names no TCP port of the instance"))
}

/// The port in `ServerName;X;InstanceName;Y;...;tcp;1433;;` behind a type and a length.
fn tcp_port(response: &[u8]) -> Option<u16> {
    let [RESPONSE, _, _, text @ ..] = response else {
        return None;
    };
    let text = String::from_utf8_lossy(text);
    let mut words = text.split(';');
    words.find(|word| word.eq_ignore_ascii_case("tcp"))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tds::scripted::run;

    const ANSWER: &[u8] = b"\x05\x40\x00ServerName;DB1;InstanceName;PAYROLL;IsClustered;No;Version;16.0.1000.6;tcp;49832;np;\\\\DB1\\pipe;;";

    #[test]
    fn the_port_stands_behind_tcp() {
        assert_eq!(tcp_port(ANSWER), Some(49832));
        for odd in [
            &b""[..],
            b"\x05\x00",
            b"\x04\x00\x00tcp;1;;",
            b"\x05\x00\x00tcp;;",
            b"\x05\x00\x00np;x;;",
        ] {
            assert_eq!(tcp_port(odd), None);
        }
    }

    #[test]
    fn a_browser_is_asked_for_the_instance() {
        run(async {
            let browser = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = browser.local_addr().unwrap();
            let answering = async {
                let mut request = [0; 64];
                let (length, from) = browser.recv_from(&mut request).await.unwrap();
                assert_eq!(&request[..length], b"\x04payroll\0");
                browser.send_to(ANSWER, from).await.unwrap();
            };
            let (port, ()) = tokio::join!(ask(address, "payroll"), answering);
            assert_eq!(port.unwrap(), 49832);
        });
    }

    #[test]
    fn where_nobody_listens_that_is_told() {
        let error = run(async {
            let browser = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = browser.local_addr().unwrap();
            drop(browser);
            ask(address, "payroll").await.unwrap_err()
        });
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
