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
use super::message::{Parameters, Request};
use super::spoil::{Ending, Spoiled, spoil};

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
