//! What a fault does to an answer.

use super::body::Delivery;
use super::fault::Fault;
use super::message::Response;

/// How a connection ends that does not end as HTTP says.
pub(super) enum Ending {
    /// Without TLS's goodbye, as when a process dies.
    Close,
    Reset,
    Raw(Vec<u8>),
}

/// What a fault makes of an answer.
pub(super) struct Spoiled {
    pub(super) response: Response,
    pub(super) delivery: Delivery,
    pub(super) then: Option<Ending>,
}

/// Makes the fault's answer out of the endpoint's own, or none at all.
pub(super) async fn spoil(fault: Fault, own: impl FnOnce() -> Response) -> Result<Spoiled, Ending> {
    let whole = |response| {
        Ok(Spoiled {
            response,
            delivery: Delivery::Whole,
            then: None,
        })
    };
    let (delivery, then) = match fault {
        Fault::Answer(response) => return whole(response),
        Fault::ContentType(content_type) => return whole(own().with_header("Content-Type", &content_type)),
        Fault::WithoutField(field) => return whole(without(own(), &field)),
        Fault::MalformedJson => {
            let mut response = own();
            response.body.truncate(response.body.len() / 2);
            return whole(response);
        }
        Fault::HangBefore(gate) => {
            gate.passed().await;
            return whole(own());
        }
        Fault::Delayed(wait) => {
            tokio::time::sleep(wait).await;
            return whole(own());
        }
        Fault::Huge(length) => {
            let (start, end) = (
                r#"{"access_token":""#,
                r#"","expires_in":3599,"token_type":"Bearer"}"#,
            );
            let response = Response::new(200, "application/json; charset=utf-8", format!("{start}{end}"));
            return Ok(Spoiled {
                response,
                delivery: Delivery::Filled(start.len(), length),
                then: None,
            });
        }
        Fault::HangMidway(gate) => (Delivery::HalfThenGate(gate), None),
        Fault::Drip(pause) => (Delivery::Drip(pause), None),
        Fault::Truncated => (Delivery::HalfThenCut, Some(Ending::Close)),
        Fault::ResetMidway => (Delivery::HalfThenCut, Some(Ending::Reset)),
        Fault::Reset => return Err(Ending::Reset),
        Fault::Close => return Err(Ending::Close),
        Fault::Raw(bytes) => return Err(Ending::Raw(bytes)),
    };
    Ok(Spoiled {
        response: own(),
        delivery,
        then,
    })
}

fn without(mut response: Response, field: &str) -> Response {
    if let Ok(serde_json::Value::Object(mut object)) = serde_json::from_slice(&response.body) {
        object.remove(field);
        response.body = serde_json::Value::Object(object).to_string().into_bytes();
    }
    response
}
