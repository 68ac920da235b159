//! Faults as scripts write them: `{"fault": "throttled", "retry_after": 2}`.

use std::time::Duration;

use serde_json::Value;

use crate::http::{Fault, Gate, Response, Times};

/// Reads one fault; a held answer gets this gate.
pub(super) fn fault(json: &Value, gate: &Gate) -> Result<Fault, String> {
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let number = |name: &str| json.get(name).and_then(Value::as_u64);
    let need = |name: &str| text(name).ok_or_else(|| format!("this fault needs \"{name}\""));
    let milliseconds = || number("milliseconds").map(Duration::from_millis);
    let status = |otherwise| {
        number("status")
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(otherwise)
    };
    let name = text("fault").ok_or("\"fault\" is missing")?;
    Ok(match name.as_str() {
        "answer" => {
            let content_type = text("content_type").unwrap_or_else(|| "text/plain".to_owned());
            let mut response = Response::new(status(500), &content_type, text("body").unwrap_or_default());
            for (name, value) in json
                .get("headers")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                response = response.with_header(name, value.as_str().unwrap_or_default());
            }
            Fault::Answer(response)
        }
        "status" => Fault::status(status(503)),
        "throttled" => {
            let seconds = number("retry_after").and_then(|seconds| u32::try_from(seconds).ok());
            Fault::throttled(seconds.unwrap_or(1))
        }
        "html" => Fault::html(status(200)),
        "redirect" => Fault::redirect(&need("location")?),
        "content_type" => Fault::ContentType(need("content_type")?),
        "without_field" => Fault::WithoutField(need("field")?),
        "malformed_json" => Fault::MalformedJson,
        "truncated" => Fault::Truncated,
        "hang_before" => Fault::HangBefore(gate.clone()),
        "hang_midway" => Fault::HangMidway(gate.clone()),
        "delayed" => Fault::Delayed(milliseconds().ok_or("this fault needs \"milliseconds\"")?),
        "drip" => Fault::Drip(milliseconds().unwrap_or(Duration::from_millis(10))),
        "huge" => Fault::Huge(number("bytes").unwrap_or(100_000_000)),
        "reset" => Fault::Reset,
        "reset_midway" => Fault::ResetMidway,
        "close" => Fault::Close,
        "raw" => Fault::Raw(need("body")?.into_bytes()),
        unknown => return Err(format!("there is no fault \"{unknown}\"")),
    })
}

/// Reads how often: `"times": 3`, `"times": "always"`; once where nothing is said.
pub(super) fn times(json: &Value) -> Result<Times, String> {
    match json.get("times") {
        None => Ok(Times::Next(1)),
        Some(Value::String(word)) if word == "always" => Ok(Times::UntilCleared),
        Some(value) => value
            .as_u64()
            .and_then(|times| usize::try_from(times).ok())
            .map(Times::Next)
            .ok_or_else(|| "\"times\" is a number or \"always\"".to_owned()),
    }
}
