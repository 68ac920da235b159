//! One connect, from top to bottom.
//!
//! Parse the string; take our keywords out; if there are none, step aside; may a token go to this
//! server?; choose the credential (all of that is [`plan`]); get a token; place it on
//! the target connection; connect with the rest; put back into the output string what was taken out.

mod context;
pub mod login_refusal;
mod open_connection;
pub mod plan;
mod request;
mod selected_mode;
pub mod sign_in;
mod target;
pub mod trust;

pub use context::ConnectContext;
pub use open_connection::OpenConnection;
pub use sign_in::KeywordSignIn;
pub use target::{ConnectOutcome, DriverCompletion, DriverReply, TargetConnection};

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

/// The login timeout where the host set none, or 0: Driver 18's own default.
pub const DEFAULT_LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// How a connect ended, as far as we are concerned.
#[derive(Debug)]
pub enum Answer {
    /// Not ours: the host's own call is to be forwarded as it is.
    StepAside,
    /// The real driver answered.
    Replied(DriverReply),
    /// The same, and we signed in.
    SignedIn {
        /// The driver's answer, its completed string put right.
        reply: DriverReply,
        /// For whom the connection was opened; `None` until it is.
        opened: Option<Box<OpenConnection>>,
        /// What it means that the server refused the token, to be told beside its own words.
        refusal: Option<Error>,
    },
}

/// A sign-in that has its token and waits for the driver's final answer.
pub struct Attempt {
    /// As the application gave it.
    text: Zeroizing<Vec<u16>>,
    plan: Box<SignInPlan>,
    token: Arc<Token>,
    /// When the driver was first called.
    began: Instant,
    deadline: Instant,
    retried: bool,
}

/// Connects with `text`, or goes on with the connect that the driver still executes.
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
    let mut began = Instant::now();
    let timeout = connection.login_timeout();
    let span = timeout.unwrap_or(DEFAULT_LOGIN_TIMEOUT);
    plan.rule_out_redirect(began + span, context)?;
    let Issued { token, asked, .. } = plan.token(began + span, context)?;
    if asked {
        // A prompt has a time of its own; the login's begins after it.
        began = Instant::now();
    }
    let deadline = began + span;
    place(&token, &plan, connection)?;
    // The driver counts whole seconds: it is told only when there is something to tell.
    if timeout.is_none() || began.elapsed() >= Duration::from_secs(1) {
        connection.limit_login(deadline.saturating_duration_since(Instant::now()));
    }
    let attempt = Attempt {
        text: Zeroizing::new(text.to_vec()),
        plan,
        token,
        began: Instant::now(),
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
    /// Calls the driver until it has answered for good, once more if it refused an old token.
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
                    tracing::info!(target: "entra_odbc", event = "connected", mode = self.plan.mode(), ms = %Milliseconds(self.began.elapsed()));
                    opened = Some(Box::new(OpenConnection::by(self.text, &self.plan, self.token)));
                }
                ConnectOutcome::Failed(_) => {
                    if self.replace_refused_token(connection, context)? {
                        continue;
                    }
                    tracing::info!(target: "entra_odbc", event = "login_refused", mode = self.plan.mode(), ms = %Milliseconds(self.began.elapsed()));
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

    /// Who it was that the server refused, and why it mostly does.
    fn refusal(&self, connection: &dyn TargetConnection) -> Option<Error> {
        let words = connection.message_of(LOGIN_FAILED)?;
        login_refusal::error(&self.token, &words).map(|error| error.in_mode(self.plan.mode()))
    }

    /// Places a fresh token if the server refused one that may have been withdrawn meanwhile.
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
