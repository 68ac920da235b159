//! A login that fails, and why: by the driver's records, or by an attempt of our own.

use super::{
    Answer, Attempt, ConnectContext, DriverReply, TargetConnection,
    login_refusal::{self, LoginFailure},
    login_watch::Watched,
    still_executing,
};
use crate::{diagnostics::DriverRecord, tds::diagnosis::Diagnosis};
use entra_auth::process::{log::Milliseconds, runtime::Pending};
use std::{task::Poll, time::Instant};

/// "Operation canceled" (ODBC reference, appendix A).
const CANCELED: &str = "HY008";

/// A login that failed, and why is being found out.
pub(super) struct Unexplained {
    reply: DriverReply,
    records: Vec<DriverRecord>,
    /// Whether the login timeout was up.
    is_late: bool,
    diagnosis: Pending<Diagnosis>,
}

impl Attempt {
    /// Has the driver's login ended early where nobody can be reached; not where the application polls, which may end it
    /// itself.
    pub(super) fn watch(
        &self,
        connection: &dyn TargetConnection,
        context: &ConnectContext<'_>,
    ) -> Option<Watched> {
        if self.still_executing.is_some() {
            return None;
        }
        let canceller = connection.canceller()?;
        context
            .logins
            .watch(self.plan.reached(), canceller, self.deadline, context.services)
    }

    /// Why the login failed: by the driver's records, by what ended it early, or by an attempt of our own.
    pub(super) fn fail(
        self,
        reply: DriverReply,
        mut records: Vec<DriverRecord>,
        out_of_reach: Option<Diagnosis>,
        pending: &mut Option<Self>,
        context: &ConnectContext<'_>,
    ) -> Answer {
        let reached = self.plan.reached();
        if let Some(failure) = login_refusal::of_server(&records, &self.token, self.retries.logins()) {
            return self.failed(reply, Some(failure));
        }
        let is_canceled = |record: &DriverRecord| record.sqlstate == CANCELED;
        if let Some(diagnosis) = out_of_reach {
            // It was us who canceled the call, which is no business of the application's.
            records.retain(|record| !is_canceled(record));
            let mut failure = reached.explain(diagnosis, &records, false);
            if let Some(failure) = &mut failure {
                failure.drivers = Some(records);
            }
            return self.failed(reply, failure);
        }
        if records.iter().any(is_canceled) {
            // The application did, and does not wait for reasons.
            return self.failed(reply, None);
        }
        let is_late = Instant::now() >= self.deadline;
        let Some(diagnosis) = reached.begin(&records, self.deadline, context) else {
            return self.failed(reply, None);
        };
        let failed = Unexplained {
            reply,
            records,
            is_late,
            diagnosis,
        };
        self.explain(failed, pending)
    }

    /// Waits for the attempt of our own; where the application polls, until it is there.
    pub(super) fn explain(mut self, failed: Unexplained, pending: &mut Option<Self>) -> Answer {
        let found = match self.still_executing {
            None => failed.diagnosis.wait(),
            Some(code) => match failed.diagnosis.poll() {
                Poll::Ready(found) => found,
                Poll::Pending => {
                    self.unexplained = Some(failed);
                    *pending = Some(self);
                    return still_executing(code);
                }
            },
        };
        let Unexplained {
            reply,
            records,
            is_late,
            ..
        } = failed;
        let failure = found.and_then(|found| self.plan.reached().explain(found, &records, is_late));
        self.failed(reply, failure)
    }

    fn failed(&self, reply: DriverReply, mut failure: Option<LoginFailure>) -> Answer {
        if let Some(failure) = &mut failure {
            failure.error = failure.error.clone().in_mode(self.plan.mode());
        }
        let finding = failure.as_ref().map_or("unknown", |failure| failure.cause.name());
        tracing::info!(target: "entra_odbc", event = "login_refused", mode = self.plan.mode(), finding, logins = self.retries.logins(), ms = %Milliseconds(self.start.elapsed()));
        Answer::SignedIn {
            reply,
            opened: None,
            failure,
        }
    }
}
