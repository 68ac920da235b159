//! A minimal HTTP request reader for the redirect of the browser.

use super::Returned;
use crate::Secret;
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// The longest request; Entra's codes have one or two kilobytes, a browser's headers as much again.
const MAX_REQUEST_LENGTH: usize = 32 * 1024;

const HEADER_END: &[u8] = b"\r\n\r\n";

/// A request up to the end of its headers; `None` where none comes, or one that is too long.
pub async fn head(stream: &mut TcpStream) -> Option<Zeroizing<Vec<u8>>> {
    // Allocated once: a growing buffer would leave copies of the code that are not zeroed.
    let mut head = Zeroizing::new(Vec::with_capacity(MAX_REQUEST_LENGTH));
    while head.len() < MAX_REQUEST_LENGTH {
        let before = head.len();
        let room = u64::try_from(MAX_REQUEST_LENGTH - before).unwrap_or(0);
        if stream.take(room).read_buf(&mut *head).await.ok()? == 0 {
            return None;
        }
        let news = before.saturating_sub(HEADER_END.len() - 1);
        if head
            .get(news..)?
            .windows(HEADER_END.len())
            .any(|bytes| bytes == HEADER_END)
        {
            return Some(head);
        }
    }
    None
}

/// The parameters of the request, if it is the expected one.
pub fn returned(head: &[u8], path: &str, state: &str) -> Option<Returned> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (Some("GET"), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    let (asked, query) = target.split_once('?')?;
    if asked != path || !version.starts_with("HTTP/1.") {
        return None;
    }
    // Repeated parameters are ambiguous and refused.
    let once = |name: &str| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(have, _)| have == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) if !value.is_empty() => Some(value.into_owned()),
            _ => None,
        }
    };
    if once("state").as_deref() != Some(state) {
        return None;
    }
    match (once("code"), once("error")) {
        (Some(code), None) => Some(Returned::Code(Secret::new(code))),
        (None, Some(error)) => Some(Returned::Refused {
            error,
            description: once("error_description").unwrap_or_default(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Option<Returned> {
        returned(
            format!("{line}\r\nHost: localhost\r\n\r\n").as_bytes(),
            "/",
            "s+t",
        )
    }

    #[test]
    fn a_code_or_an_error_with_the_state_is_what_is_waited_for() {
        let code = parse_line("GET /?code=a%2Fb&state=s%2Bt&session_state=x HTTP/1.1");
        assert_eq!(code, Some(Returned::Code(Secret::new("a/b".into()))));
        let error = parse_line("GET /?error=access_denied&error_description=No+thanks.&state=s%2Bt HTTP/1.1");
        let expected = Returned::Refused {
            error: "access_denied".into(),
            description: "No thanks.".into(),
        };
        assert_eq!(error, Some(expected));
    }

    #[test]
    fn anything_else_is_not() {
        for line in [
            "",
            "GET /favicon.ico HTTP/1.1",
            "GET / HTTP/1.1",
            "GET /?code=a HTTP/1.1",
            "GET /?code=a&state=wrong HTTP/1.1",
            "GET /?code=a&state= HTTP/1.1",
            "GET /?code=a&state=s%2Bt&state=s%2Bt HTTP/1.1",
            "GET /?code=a&code=b&state=s%2Bt HTTP/1.1",
            "GET /?code=a&error=b&state=s%2Bt HTTP/1.1",
            "GET /?state=s%2Bt HTTP/1.1",
            "GET /other?code=a&state=s%2Bt HTTP/1.1",
            "POST /?code=a&state=s%2Bt HTTP/1.1",
            "GET /?code=a&state=s%2Bt HTTP/2",
            "GET /?code=a&state=s%2Bt",
            "GET  /?code=a&state=s%2Bt HTTP/1.1",
            "\u{16}\u{3}\u{1}",
        ] {
            assert_eq!(parse_line(line), None, "{line}");
        }
        assert_eq!(returned(b"\xff\xfe GET", "/", "s"), None);
    }
}
