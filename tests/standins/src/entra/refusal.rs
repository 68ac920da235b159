//! Entra's errors: number, OAuth code, status and words of each, in the one form that they all have.
//!
//! The words are Entra's as of 2023 to 2026, from error bodies quoted in public issues and Microsoft's own tests.

mod client;
mod grant;
mod person;
mod request;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use crate::http::{Request, Response};

/// One refusal: what Entra calls an AADSTS error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) number: u32,
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) text: String,
    /// What some have beside the description: `suberror`, `claims`.
    beside: &'static [(&'static str, &'static str)],
}

fn refusal(number: u32, status: u16, error: &'static str, text: impl Into<String>) -> Refusal {
    Refusal {
        number,
        status,
        error,
        text: text.into(),
        beside: &[],
    }
}

fn invalid_request(number: u32, text: impl Into<String>) -> Refusal {
    refusal(number, 400, "invalid_request", text)
}

fn invalid_grant(number: u32, text: impl Into<String>) -> Refusal {
    refusal(number, 400, "invalid_grant", text)
}

fn invalid_client(number: u32, text: impl Into<String>) -> Refusal {
    refusal(number, 401, "invalid_client", text)
}

/// A description with the ids and the time that Entra adds to it.
pub(crate) struct Description {
    pub(crate) text: String,
    trace: String,
    correlation: String,
    timestamp: String,
}

impl Refusal {
    /// The words with their number, as they open an `error_description`.
    pub(crate) fn sentence(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.text)
    }

    /// The whole `error_description`.
    pub(crate) fn description(&self, request: &Request) -> Description {
        let trace = Uuid::new_v4().to_string();
        // Entra takes over the correlation id of a client that sends one.
        let correlation = request.headers.get("client-request-id").map(ToOwned::to_owned);
        let correlation = correlation.unwrap_or_else(|| Uuid::new_v4().to_string());
        let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
        let timestamp = OffsetDateTime::now_utc()
            .format(&form)
            .expect("a year of four digits");
        let text = format!(
            "{}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
            self.sentence(),
        );
        Description {
            text,
            trace,
            correlation,
            timestamp,
        }
    }

    /// The answer that a program gets.
    pub(crate) fn response(&self, request: &Request) -> Response {
        let described = self.description(request);
        let host = request.headers.get("host").unwrap_or("login.microsoftonline.com");
        let mut body = json!({
            "error": self.error,
            "error_description": described.text,
            "error_codes": [self.number],
            "timestamp": described.timestamp,
            "trace_id": described.trace,
            "correlation_id": described.correlation,
            "error_uri": format!("https://{host}/error?code={}", self.number),
        });
        if let Value::Object(body) = &mut body {
            let beside = self.beside.iter();
            body.extend(beside.map(|(name, value)| ((*name).to_owned(), (*value).into())));
        }
        Response::json(self.status, &body).with_header("x-ms-request-id", &described.trace)
    }
}
