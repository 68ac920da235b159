//! Checks whether this machine has an Instance Metadata Service (IMDS).

use crate::{
    credential::{CredentialContext, managed_identity},
    http::{Call, HttpClient},
    token::Deadline,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use url::Url;

/// The time limit for IMDS, which is one hop away; as in the SDKs.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// A request that a running IMDS answers at once, if only with a refusal.
#[derive(Debug)]
pub struct Probe {
    transport: Arc<HttpClient>,
    call: Call,
}

impl Probe {
    /// The probe, where the managed identity's endpoint is IMDS: others are named by variables, and so are there.
    pub fn new(context: &CredentialContext<'_>) -> Option<Self> {
        let call = managed_identity::probe(context.environment())?;
        let transport = context.http();
        Some(Self { transport, call })
    }

    /// Where it goes.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.call.url).ok();
        url.and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Whether IMDS answers.
    pub async fn is_answered(&self, deadline: &Deadline) -> bool {
        let until = deadline.instant().min(Instant::now() + PROBE_TIMEOUT);
        let answer = self.transport.send(&self.call, &Deadline::at(until)).await;
        answer.is_ok_and(|answer| managed_identity::is_imds(&answer))
    }
}
