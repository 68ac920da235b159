//! One connection: requests in, answers or faults out.

use std::future::poll_fn;
use std::sync::Mutex;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Endpoint;
use super::body::{Delivery, Piped};
use super::fault::Fault;
use super::message::{Parameters, Request, Response};

/// A stream whose TCP connection can be got at, for a reset.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// How a connection ends that does not end as HTTP says.
enum Ending {
    /// Without TLS's goodbye, as when a process dies.
    Close,
    Reset,
    Raw(Vec<u8>),
}

/// Serves requests until the client or a fault ends the connection.
pub(super) async fn serve(stream: impl Stream, number: u64, endpoint: &Endpoint) {
    let ending = Mutex::new(None);
    let service = service_fn(|incoming| Box::pin(answer(incoming, number, endpoint, &ending)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let served = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let ending = ending.into_inner().expect("no holder of the ending panics");
    // There is nobody left who could be told of an error.
    let _ = match ending {
        Some(Ending::Reset) => stream.tcp().set_zero_linger(),
        Some(Ending::Raw(bytes)) => match stream.write_all(&bytes).await {
            Ok(()) => stream.shutdown().await,
            failed => failed,
        },
        None if served.is_ok() => stream.shutdown().await,
        Some(Ending::Close) | None => Ok(()),
    };
}

async fn answer(
    incoming: hyper::Request<Incoming>,
    connection: u64,
    endpoint: &Endpoint,
    ending: &Mutex<Option<Ending>>,
) -> Result<hyper::Response<Piped>, Unanswered> {
    let request = read(incoming, connection).await?;
    let place = endpoint.record.arrival(request.clone());
    let end = |how| *ending.lock().expect("no holder of the ending panics") = Some(how);
    let own = || (endpoint.handler)(&request);
    let (response, delivery) = match endpoint.faults.take(&request) {
        None => (own(), Delivery::Whole),
        Some(fault) => match spoil(fault, own).await {
            Ok(Spoiled {
                response,
                delivery,
                then,
            }) => {
                then.map(end);
                (response, delivery)
            }
            Err(how) => {
                end(how);
                return Err(Unanswered);
            }
        },
    };
    endpoint.record.answered(place, response.status);
    let mut answer = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        answer = answer.header(name, value);
    }
    let answer = answer.header("Content-Length", delivery.length(&response.body));
    Ok(answer
        .body(delivery.send(response.body))
        .expect("a status and headers of HTTP"))
}

/// What a fault makes of an answer.
struct Spoiled {
    response: Response,
    delivery: Delivery,
    then: Option<Ending>,
}

async fn spoil(fault: Fault, own: impl FnOnce() -> Response) -> Result<Spoiled, Ending> {
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

async fn read(incoming: hyper::Request<Incoming>, connection: u64) -> Result<Request, Unanswered> {
    let (head, body) = incoming.into_parts();
    let body = body.collect().await.map_err(|_| Unanswered)?.to_bytes();
    let headers: Parameters = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let is_form = headers
        .get("content-type")
        .is_some_and(|content_type| content_type.starts_with("application/x-www-form-urlencoded"));
    Ok(Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: Parameters::from_urlencoded(head.uri.query().unwrap_or_default().as_bytes()),
        form: if is_form {
            Parameters::from_urlencoded(&body)
        } else {
            Parameters::default()
        },
        headers,
        body: body.to_vec(),
        connection,
    })
}

/// Makes hyper drop the connection.
#[derive(Debug)]
struct Unanswered;

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the request was to stay unanswered")
    }
}

impl std::error::Error for Unanswered {}
