//! What a stand-in reads of a request and writes as an answer.

use std::fmt;

use serde_json::Value;

/// Values of these names show up in no test's output.
const SECRETS: [&str; 10] = [
    "assertion",
    "authorization",
    "client_assertion",
    "client_secret",
    "code",
    "device_code",
    "password",
    "refresh_token",
    "secret",
    "x-identity-header",
];

/// Names and values in the order in which they came: a query, a form, or headers with names in lower case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Decodes a query string or a form body.
    #[must_use]
    pub fn from_urlencoded(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value of that name; an empty one counts as absent, as Entra counts it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(have, value)| *have == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// A request, read to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, not decoded.
    pub path: String,
    /// What follows the question mark.
    pub query: Parameters,
    /// Names in lower case.
    pub headers: Parameters,
    /// The body, where its content type says that it is a form.
    pub form: Parameters,
    /// The body as it came.
    pub body: Vec<u8>,
    /// Which connection to this server it came over, counted from 1.
    pub connection: u64,
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers as they are written; `Content-Length` comes by itself.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with this body.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// A JSON answer without a blank in it: Driver 18's reader refuses one after a colon.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// Adds a header, or replaces the one of that name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| {
            if SECRETS.contains(&name) {
                (name, "…")
            } else {
                (name, value)
            }
        };
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

/// Without the body: what of it may be seen is in the form.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers)
            .field("form", &self.form)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// Without the body: tokens are in there.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
