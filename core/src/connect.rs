//! One connect, from top to bottom.
//!
//! Parse the string; take our keywords out; if there are none, step aside; may a token go to this
//! server?; choose the credential (all of that is [`plan`]); get a token; place it on
//! the target connection; connect with the rest; put back into the output string what was taken out.

mod context;
mod driver_string;
pub mod login_refusal;
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
pub use open_connection::OpenConnection;
pub use sign_in::KeywordSignIn;
pub use target::{
    ConnectOutcome, DEFAULT_LOGIN_TIMEOUT, Destination, DriverCompletion, DriverReply, TargetConnection,
    cannot_lead,
};

use crate::driver::access_token_struct::AccessTokenStruct;
use entra_auth::{Error, Token, process::log::Milliseconds, token::Issued};
use login_refusal::LOGIN_FAILED;
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
        /// Why the server refused the token, to be reported with the server's own message.
        refusal: Option<Error>,
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
    retried: bool,
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
    let attempt = Attempt {
        text: Zeroizing::new(text.to_vec()),
        plan,
        token,
        start: Instant::now(),
        deadline,
        retried: false,
    };
    attempt.proceed(pending, connection, context)
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
    /// Calls the driver, and once more with a fresh token if the server refused an old one.
    fn proceed(
        mut self,
        pending: &mut Option<Self>,
        connection: &mut dyn TargetConnection,
        context: &ConnectContext<'_>,
    ) -> Result<Answer, Error> {
        loop {
            let mut reply = connection.connect(&self.plan.text, DriverCompletion::NoPrompt);
            let (mut opened, mut refusal) = (None, None);
            match reply.outcome {
                ConnectOutcome::StillExecuting(_) => *pending = Some(self),
                ConnectOutcome::Connected(_) => {
                    reply.completed = self.plan.restore_output(&reply.completed);
                    if let Some(subscriber) = connection.subscriber() {
                        self.plan.subscribe(&self.token, &subscriber, context);
                    }
                    tracing::info!(target: "entra_odbc", event = "connected", mode = self.plan.mode(), ms = %Milliseconds(self.start.elapsed()));
                    opened = Some(Box::new(OpenConnection::new(self.text, &self.plan, self.token)));
                }
                ConnectOutcome::Failed(_) => {
                    if self.replace_refused_token(connection, context)? {
                        continue;
                    }
                    tracing::info!(target: "entra_odbc", event = "login_refused", mode = self.plan.mode(), ms = %Milliseconds(self.start.elapsed()));
                    refusal = self.refusal(connection);
                }
            }
            return Ok(Answer::SignedIn {
                reply,
                opened,
                refusal,
            });
        }
    }

    /// The identity that the server refused, with the usual cause.
    fn refusal(&self, connection: &dyn TargetConnection) -> Option<Error> {
        let message = connection.message_of(LOGIN_FAILED)?;
        login_refusal::error(&self.token, &message).map(|error| error.in_mode(self.plan.mode()))
    }

    /// Places a fresh token if the server refused one that may have been revoked meanwhile.
    fn replace_refused_token(
        &mut self,
        connection: &mut dyn TargetConnection,
        context: &ConnectContext<'_>,
    ) -> Result<bool, Error> {
        if self.retried || connection.message_of(LOGIN_FAILED).is_none() {
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

fn place(token: &Token, plan: &SignInPlan, connection: &mut dyn TargetConnection) -> Result<(), Error> {
    plan.check_token(token)
        .and_then(|()| AccessTokenStruct::new(&token.text))
        .and_then(|token| connection.place(&token))
        .map_err(|error| error.in_mode(plan.mode()))
}

#[cfg(test)]
mod tests;
