//! Faults on demand: what a stand-in does instead of answering well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::message::{Request, Response};

/// Something that goes wrong with one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer in place of the endpoint's own.
    Answer(Response),
    /// The endpoint's answer, labelled with another content type.
    ContentType(String),
    /// The endpoint's answer without this field of its JSON.
    WithoutField(String),
    /// Half of the endpoint's body under a correct length: what ends early is the JSON.
    MalformedJson,
    /// Half of the endpoint's body under the full length, then the connection closes.
    Truncated,
    /// Nothing until the gate opens, then the endpoint's answer. A gate that never opens is a server that hangs.
    HangBefore(Gate),
    /// Half of the endpoint's answer, and the rest once the gate opens.
    HangMidway(Gate),
    /// The endpoint's answer after a wait, for clients outside the test's process; inside it, a gate is better.
    Delayed(Duration),
    /// The endpoint's answer, a byte at a time with this pause between bytes.
    Drip(Duration),
    /// A success whose access token is this many bytes long.
    Huge(u64),
    /// The request is read, then the connection reset.
    Reset,
    /// Half of the endpoint's answer, then the connection reset.
    ResetMidway,
    /// The request is read, then the connection closed without a byte.
    Close,
    /// These bytes in place of HTTP, then the connection closes.
    Raw(Vec<u8>),
}

impl Fault {
    /// An error with a short text: 410, 500, 503.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer(Response::new(status, "text/plain", "The service is unavailable."))
    }

    /// 429, with `Retry-After` in seconds.
    #[must_use]
    pub fn throttled(retry_after: u32) -> Self {
        let answer = Response::new(429, "text/plain", "Too many requests");
        Self::Answer(answer.with_header("Retry-After", &retry_after.to_string()))
    }

    /// The page that a proxy or a captive portal puts in the way.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let page =
            "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body></body></html>";
        Self::Answer(Response::new(status, "text/html; charset=utf-8", page))
    }

    /// A redirect to another address.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::Answer(Response::new(307, "text/plain", "").with_header("Location", location))
    }
}

/// What a test opens when a held answer may go on. Clones are one gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets all pass who wait, and all who come.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn passed(&self) {
        let mut opened = self.0.subscribe();
        // The sender lives in `self`, so waiting can only end by an opened gate.
        let _ = opened.wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// For so many requests.
    Next(usize),
    /// Until the test clears all faults.
    UntilCleared,
}

/// Faults that wait for their requests, first come first served.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Waiting>>);

#[derive(Debug)]
struct Waiting {
    path: String,
    times: Times,
    fault: Fault,
}

impl Faults {
    /// Queues a fault for requests whose path contains `path`: an empty one means every request.
    pub fn inject(&self, path: &str, times: Times, fault: Fault) {
        self.queue().push(Waiting {
            path: path.to_owned(),
            times,
            fault,
        });
    }

    /// Forgets all queued faults. Requests already held stay held.
    pub fn clear(&self) {
        self.queue().clear();
    }

    pub(super) fn take(&self, request: &Request) -> Option<Fault> {
        let mut queue = self.queue();
        queue.retain(|waiting| waiting.times != Times::Next(0));
        let waiting = queue
            .iter_mut()
            .find(|waiting| request.path.contains(&waiting.path))?;
        if let Times::Next(left) = &mut waiting.times {
            *left -= 1;
        }
        Some(waiting.fault.clone())
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().expect("no holder of the queue panics")
    }
}
