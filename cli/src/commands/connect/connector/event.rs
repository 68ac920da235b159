//! The events of the connecting program: one JSON object per line.

use crate::ui::{failure::Failure, terminal};
use entra_odbc_core::connect::login_refusal::Refusal;
use serde_json::Value;

/// An event of the connecting program.
#[derive(Debug)]
pub enum Event {
    /// A connect begins, in microseconds since 1970.
    Start(u64),
    /// It has succeeded, in microseconds since 1970.
    Connected(u64),
    /// The duration of the first query in microseconds.
    Queried(u64),
    /// Server, database and user of the session.
    Facts(Value),
    /// The names of the columns, and whether they hold numbers.
    Columns(Vec<(String, bool)>),
    /// A row of the query's result.
    Row(Vec<Option<String>>),
    /// A call failed, and nothing more is tried.
    Error(Diagnostic),
    /// Everything is done.
    Done,
}

/// The diagnostic record of a call that failed.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The step that failed: `connect`, `first query`, `query`.
    pub during: String,
    /// The SQLSTATE; empty where there is none.
    pub sqlstate: String,
    /// The native error.
    pub native: i32,
    /// The message.
    pub message: String,
}

impl Diagnostic {
    /// The same as a refused login.
    pub fn as_refusal(&self) -> Refusal<'_> {
        Refusal {
            sqlstate: &self.sqlstate,
            native: self.native,
            message: &self.message,
        }
    }

    /// The failure with which the tool ends; `hint` is what is known of the driver that answered.
    pub fn failure(&self, hint: Option<&str>) -> Failure {
        let state = if self.sqlstate.is_empty() {
            String::new()
        } else {
            format!("[{}] ", self.sqlstate)
        };
        let message = terminal::printable(self.message.trim());
        // The message about a query says itself what is wrong with it.
        let remedy = match (self.during.as_str(), hint) {
            ("query", _) => "",
            (_, Some(hint)) => hint,
            _ => "entra-odbc doctor looks for the cause.",
        };
        Failure::failed(format!("{state}{message}"), remedy)
    }
}

/// Reads an event; `None` where this version does not know it.
pub fn parse(value: &Value) -> Option<Event> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some(match value.get("event")?.as_str()? {
        "start" => Event::Start(number("at")?),
        "connected" => Event::Connected(number("at")?),
        "queried" => Event::Queried(number("microseconds")?),
        "facts" => Event::Facts(value.clone()),
        "columns" => {
            let columns = value.get("columns")?.as_array()?.iter();
            let column = |column: &Value| {
                (
                    text(column, "name"),
                    column.get("number") == Some(&Value::Bool(true)),
                )
            };
            Event::Columns(columns.map(column).collect())
        }
        "row" => {
            let values = value.get("values")?.as_array()?.iter();
            Event::Row(values.map(|value| value.as_str().map(str::to_owned)).collect())
        }
        "error" => Event::Error(Diagnostic {
            during: text(value, "during"),
            sqlstate: text(value, "state"),
            native: value
                .get("native")
                .and_then(Value::as_i64)
                .and_then(|native| i32::try_from(native).ok())
                .unwrap_or(0),
            message: text(value, "message"),
        }),
        "done" => Event::Done,
        _ => return None,
    })
}
