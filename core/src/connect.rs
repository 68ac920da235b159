//! One connect, from top to bottom.
//!
//! Parse the string; take our keywords out; if there are none, step aside; may a token go to this
//! server?; choose the credential (all of that is [`plan`]); get a token; place it on
//! the target connection; connect with the rest; put back into the output string what was taken out.

mod context;
mod driver_string;
mod failed_login;
pub mod login_refusal;
mod login_retry;
mod login_watch;
mod open_connection;
pub mod plan;
mod request;
pub mod route;
mod selected_mode;
pub mod sign_in;
mod target;
pub mod trust;
pub mod unwrapped;

pub use context::ConnectContext;
pub use login_watch::LoginWatch;
pub use open_connection::OpenConnection;
pub use sign_in::KeywordSignIn;
pub use target::{
    CancelLogin, ConnectOutcome, DEFAULT_LOGIN_TIMEOUT, Destination, DriverCompletion, DriverReply,
    TargetConnection, cannot_lead,
};

use crate::{diagnostics::DriverRecord, driver::access_token_struct::AccessTokenStruct};
use entra_auth::{Error, Token, process::log::Milliseconds, token::Issued};
use failed_login::Unexplained;
use login_refusal::{LOGIN_FAILED, LoginFailure};
use login_retry::LoginRetries;
use login_watch::Watched;
use plan::{Plan, SignInPlan};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// How a connect ended.
#[derive(Debug)]
pub enum Answer {
    /// Not ours: the application's call is to be forwarded unchanged.
    StepAside,
    /// The target driver answered; the sign-in was not ours.
    Replied(DriverReply),
    /// The target driver answered a connect with a token of ours.
    SignedIn {
        /// The driver's answer, its completed string as the application expects it.
        reply: DriverReply,
        /// The connection, for pools to ask about later; `None` until it is open.
        opened: Option<Box<OpenConnection>>,
        /// Why the login failed, to be reported before the driver's own records.
        failure: Option<LoginFailure>,
    },
}

/// A connect that has its token and waits for the driver's final answer.
pub struct Attempt {
    /// The application's string.
    text: Zeroizing<Vec<u16>>,
    plan: Box<SignInPlan>,
    token: Arc<Token>,
    /// When the driver was first called.
    start: Instant,
    deadline: Instant,
    /// Whether a refused token was replaced.
    retried: bool,
    retries: LoginRetries,
    /// When the next login is due, after one that was refused for a reason that may pass.
    due: Option<Instant>,
    /// The driver's code of an asynchronous call: the application polls, and is not to be kept waiting.
    still_executing: Option<i16>,
    /// A login that failed, while the application polls until it is known why.
    unexplained: Option<Unexplained>,
}

/// Connects with `text`, or continues the connect that the driver still executes asynchronously.
pub fn connect(
    text: &[u16],
    pending: &mut Option<Attempt>,
    connection: &mut dyn TargetConnection,
    context: &ConnectContext<'_>,
) -> Result<Answer, Error> {
    if let Some(attempt) = pending.take() {
        return attempt.proceed(pending, connection, context);
    }
    connection.remove_token()?;
    let plan = match plan::read(text, connection.has_application_token(), context)? {
        Plan::StepAside => return Ok(Answer::StepAside),
        Plan::Forward { text, completion } => {
            return Ok(Answer::Replied(connection.connect(&text, completion)));
        }
        Plan::SignIn(plan) => plan,
    };
    let mut start = Instant::now();
    let of_string = plan
        .login_timeout()
        .filter(|_| !connection.has_application_timeout());
    let timeout = match of_string {
        Some(timeout) => Some(timeout).filter(|timeout| !timeout.is_zero()),
        None => connection.login_timeout(),
    };
    let limit = timeout.unwrap_or(DEFAULT_LOGIN_TIMEOUT);
    plan.rule_out_redirect(start + limit, context)?;
    if let Some(destination) = plan.destination() {
        connection.lead_to(destination)?;
    }
    if plan.validates_server() {
        connection.prepare_login();
    }
    let Issued { token, prompted, .. } = plan.token(start + limit, context)?;
    if prompted {
        // A prompt has its own time limit; the login timeout starts after it.
        start = Instant::now();
    }
    let deadline = start + limit;
    place(&token, &plan, connection)?;
    // The driver's login timeout is in whole seconds: it is set only where that makes a difference.
    if of_string.is_some() || timeout.is_none() || start.elapsed() >= Duration::from_secs(1) {
        connection.limit_login(deadline.saturating_duration_since(Instant::now()));
    }
    Attempt::new(text, plan, token, deadline).proceed(pending, connection, context)
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the string, which may hold a password.
        f.debug_struct("Attempt")
            .field("plan", &self.plan)
            .field("retried", &self.retried)
            .finish_non_exhaustive()
    }
}

impl Attempt {
    fn new(text: &[u16], plan: Box<SignInPlan>, token: Arc<Token>, deadline: Instant) -> Self {
        Self {
            text: Zeroizing::new(text.to_vec()),
            retries: plan.login_retries.clone(),
            plan,
            token,
            start: Instant::now(),
            deadline,
            retried: false,
            due: None,
            still_executing: None,
            unexplained: None,
        }
    }

    /// Calls the driver; again with a fresh token if the server refused an old one, and again after a pause if the
    /// refusal is one that passes.
    fn proceed(
        mut self,
        pending: &mut Option<Self>,
        connection: &mut dyn TargetConnection,
        context: &ConnectContext<'_>,
    ) -> Result<Answer, Error> {
        if let Some(failed) = self.unexplained.take() {
            return Ok(self.explain(failed, pending));
        }
        // Also where the application polls: the login that follows goes there as well.
        if let Some(destination) = self.plan.destination() {
            connection.lead_to(destination)?;
        }
        loop {
            if let Some(code) = self.wait_until_due(connection) {
                *pending = Some(self);
                return Ok(still_executing(code));
            }
            let watched = self.watch(connection, context);
            let mut reply = connection.connect(&self.plan.text, DriverCompletion::NoPrompt);
            let out_of_reach = watched.and_then(Watched::end);
            match reply.outcome {
                ConnectOutcome::StillExecuting(code) => {
                    self.still_executing = Some(code);
                    *pending = Some(self);
                    return Ok(still_executing(code));
                }
                ConnectOutcome::Connected(_) => {
                    reply.completed = self.plan.restore_output(&reply.completed);
                    if let Some(subscriber) = connection.subscriber() {
                        self.plan.subscribe(&self.token, &subscriber, context);
                    }
                    tracing::info!(target: "entra_odbc", event = "connected", mode = self.plan.mode(), ms = %Milliseconds(self.start.elapsed()));
                    return Ok(Answer::SignedIn {
                        reply,
                        opened: Some(Box::new(OpenConnection::new(self.text, &self.plan, self.token))),
                        failure: None,
                    });
                }
                ConnectOutcome::Failed(_) => {
                    let records = connection.records();
                    if self.replace_refused_token(&records, connection, context)?
                        || self.schedule_retry(&records)
                    {
                        continue;
                    }
                    return Ok(self.fail(reply, records, out_of_reach, pending, context));
                }
            }
        }
    }

    /// Waits until the next login is due; where the application polls, it is answered at once with the code of a
    /// call that is still executing.
    fn wait_until_due(&mut self, connection: &mut dyn TargetConnection) -> Option<i16> {
        let due = self.due?;
        let pause = due.saturating_duration_since(Instant::now());
        if !pause.is_zero() {
            if self.still_executing.is_some() {
                return self.still_executing;
            }
            connection.pause(pause);
        }
        self.due = None;
        connection.limit_login(self.deadline.saturating_duration_since(Instant::now()));
        None
    }

    /// Sets the time of another login after a refusal that passes by itself.
    fn schedule_retry(&mut self, records: &[DriverRecord]) -> bool {
        // A server that nothing validates has said that it redirects nobody, which it may do once it is well again.
        if !self.plan.validates_server() {
            return false;
        }
        let now = Instant::now();
        let remaining = self.deadline.saturating_duration_since(now);
        let Some(retry) = self.retries.next(records, remaining) else {
            return false;
        };
        tracing::info!(target: "entra_odbc", event = "login_postponed", mode = self.plan.mode(), native = retry.native, logins = self.retries.logins() - 1, pause_ms = %Milliseconds(retry.pause));
        self.due = Some(now + retry.pause);
        true
    }

    /// Places a fresh token if the server refused one that may have been revoked meanwhile.
    fn replace_refused_token(
        &mut self,
        records: &[DriverRecord],
        connection: &mut dyn TargetConnection,
        context: &ConnectContext<'_>,
    ) -> Result<bool, Error> {
        if self.retried || !records.iter().any(|record| record.native == LOGIN_FAILED) {
            return Ok(false);
        }
        self.retried = true;
        let Some(token) = self.plan.replace_refused(&self.token, self.deadline, context) else {
            return Ok(false);
        };
        tracing::info!(target: "entra_odbc", event = "login_retried", mode = self.plan.mode());
        place(&token, &self.plan, connection)?;
        connection.limit_login(self.deadline.saturating_duration_since(Instant::now()));
        self.token = token;
        Ok(true)
    }
}

/// The answer to an application that polls.
fn still_executing(code: i16) -> Answer {
    Answer::SignedIn {
        reply: DriverReply {
            outcome: ConnectOutcome::StillExecuting(code),
            completed: Zeroizing::default(),
        },
        opened: None,
        failure: None,
    }
}

fn place(token: &Token, plan: &SignInPlan, connection: &mut dyn TargetConnection) -> Result<(), Error> {
    plan.check_token(token)
        .and_then(|()| AccessTokenStruct::new(&token.text))
        .and_then(|token| connection.place(&token))
        .map_err(|error| error.in_mode(plan.mode()))
}

#[cfg(test)]
mod tests;
