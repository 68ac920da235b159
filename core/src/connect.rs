//! The story of one connect, top to bottom.
//!
//! Parse the string; take our keywords out; if there are none, step aside; may a token go to this
//! server?; choose the credential (all of that is [`plan`]); get a token; place it on
//! the real connection; connect with the rest; put back into the output string what was taken out.

use crate::{
    Environment, Error, Token, TokenService,
    access_token::AccessToken,
    login_refusal::{self, LOGIN_FAILED},
    opened::Opened,
    plan::{self, Plan, SignInPlan},
    prompt::Prompts,
    provider::Providers,
    tenant::Tenants,
    token::{Carrier, Issued},
    transport::Transport,
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// The login timeout where the host set none, or 0: Driver 18's own default.
pub const DEFAULT_LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// The real driver's connection, as far as the story needs it.
pub trait RealConnection {
    /// `SQL_ATTR_LOGIN_TIMEOUT`, the driver's default where the host set none; `None` for 0, no limit.
    fn login_timeout(&mut self) -> Option<Duration>;
    /// Gives the driver `remaining` as its login timeout, for this connect only.
    fn limit_login(&mut self, remaining: Duration);
    /// Whether the host itself set `SQL_COPT_SS_ACCESS_TOKEN`.
    fn has_host_token(&self) -> bool;
    /// Puts a token into the connection's own buffer, and that on the real connection.
    fn place(&mut self, token: &AccessToken<'_>) -> Result<(), Error>;
    /// Takes a token that we placed, not one of the host's, off the real connection.
    ///
    /// An error where it stays: then nobody else may connect on this handle.
    fn take_token_off(&mut self) -> Result<(), Error>;
    /// `SQLDriverConnectW`; without a prompt where there is a token, since Driver 18 refuses both.
    fn connect(&mut self, text: &[u16], prompt: Prompt) -> Reply;
    /// The message of the first of the driver's diagnostic records that has this native error.
    fn message_of(&self, native: i32) -> Option<String>;
    /// The connection as one that carries the token placed last, for renewed ones to be put in its place.
    ///
    /// `None` where it has no token of ours.
    fn carrier(&mut self) -> Option<Arc<dyn Carrier>> {
        None
    }
}

/// Whether the driver may prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// As the host asked.
    AsAsked,
    /// `SQL_DRIVER_NOPROMPT`.
    Never,
}

/// What the real driver answered.
pub struct Reply {
    /// Its answer.
    pub outcome: Outcome,
    /// Its completed connection string; empty where there is none.
    pub completed: Zeroizing<Vec<u16>>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the string, which may hold a password.
        f.debug_struct("Reply")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// The driver's `SQLRETURN`, sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// `SQL_SUCCESS` or `SQL_SUCCESS_WITH_INFO`, as the code says.
    Connected(i16),
    /// `SQL_STILL_EXECUTING`: the host will call again.
    StillExecuting(i16),
    /// Anything else.
    Failed(i16),
}

/// What there is around a connect, beside its string.
pub struct Surroundings<'a> {
    /// Environment variables.
    pub environment: &'a Environment,
    /// What the administrator wrote into our own section of odbcinst.ini, by keyword.
    pub installed: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the target driver takes access tokens; over another one only exact mode names are ours.
    ///
    /// A function, since the answer may cost calls of the driver: it is asked only where it decides something.
    pub takes_tokens: &'a dyn Fn() -> bool,
    /// An entry of a section of odbc.ini, by the section's name as UTF-16 units and a keyword; as libodbcinst has it.
    pub data_source: &'a dyn Fn(&[u16], &str) -> Option<String>,
    /// The HTTP client.
    pub transport: &'a Arc<Transport>,
    /// The tokens of this process.
    pub tokens: &'a TokenService,
    /// How a person can be asked to sign in.
    pub prompts: &'a Arc<Prompts>,
    /// The callbacks that the host registered.
    pub providers: &'a Providers,
    /// What servers have said of their tenants.
    pub tenants: &'a Arc<Tenants>,
}

/// How a connect ended, as far as we are concerned.
#[derive(Debug)]
pub enum Answer {
    /// Not ours: the host's own call is to be forwarded as it is.
    StepAside,
    /// The real driver answered.
    Replied(Reply),
    /// The same, and we signed in.
    SignedIn {
        /// The driver's answer, its completed string put right.
        reply: Reply,
        /// For whom the connection was opened; `None` until it is.
        opened: Option<Box<Opened>>,
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
    deadline: Instant,
    retried: bool,
}

/// Connects with `text`, or goes on with the connect that the driver still executes.
pub fn connect(
    text: &[u16],
    pending: &mut Option<Attempt>,
    real: &mut dyn RealConnection,
    around: &Surroundings<'_>,
) -> Result<Answer, Error> {
    if let Some(attempt) = pending.take() {
        return attempt.proceed(pending, real, around);
    }
    real.take_token_off()?;
    let plan = match plan::read(text, real.has_host_token(), around)? {
        Plan::StepAside => return Ok(Answer::StepAside),
        Plan::Forward { text, prompt } => return Ok(Answer::Replied(real.connect(&text, prompt))),
        Plan::SignIn(plan) => plan,
    };
    let mut began = Instant::now();
    let timeout = real.login_timeout();
    let span = timeout.unwrap_or(DEFAULT_LOGIN_TIMEOUT);
    plan.rule_out_redirect(began + span, around)?;
    let Issued { token, asked, .. } = plan.token(began + span, around)?;
    if asked {
        // A prompt has a time of its own; the login's begins after it.
        began = Instant::now();
    }
    let deadline = began + span;
    place(&token, &plan, real)?;
    // The driver counts whole seconds: it is told only when there is something to tell.
    if timeout.is_none() || began.elapsed() >= Duration::from_secs(1) {
        real.limit_login(deadline.saturating_duration_since(Instant::now()));
    }
    let attempt = Attempt {
        text: Zeroizing::new(text.to_vec()),
        plan,
        token,
        deadline,
        retried: false,
    };
    attempt.proceed(pending, real, around)
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
        real: &mut dyn RealConnection,
        around: &Surroundings<'_>,
    ) -> Result<Answer, Error> {
        loop {
            let mut reply = real.connect(&self.plan.text, Prompt::Never);
            let (mut opened, mut refusal) = (None, None);
            match reply.outcome {
                Outcome::StillExecuting(_) => *pending = Some(self),
                Outcome::Connected(_) => {
                    reply.completed = self.plan.put_back(&reply.completed);
                    if let Some(connection) = real.carrier() {
                        self.plan.carry(&self.token, &connection, around);
                    }
                    tracing::info!(target: "entra_odbc", mode = self.plan.mode(), "connected");
                    opened = Some(Box::new(Opened::by(self.text, &self.plan, self.token)));
                }
                Outcome::Failed(_) => {
                    if self.replace_refused_token(real, around)? {
                        continue;
                    }
                    tracing::info!(target: "entra_odbc", mode = self.plan.mode(), "the server refused the connection");
                    refusal = self.refusal(real);
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
    fn refusal(&self, real: &dyn RealConnection) -> Option<Error> {
        let words = real.message_of(LOGIN_FAILED)?;
        login_refusal::error(&self.token, &words).map(|error| error.in_mode(self.plan.mode()))
    }

    /// Places a fresh token if the server refused one that may have been withdrawn meanwhile.
    fn replace_refused_token(
        &mut self,
        real: &mut dyn RealConnection,
        around: &Surroundings<'_>,
    ) -> Result<bool, Error> {
        if self.retried || real.message_of(LOGIN_FAILED).is_none() {
            return Ok(false);
        }
        self.retried = true;
        let Some(token) = self.plan.replace_refused(&self.token, self.deadline, around) else {
            return Ok(false);
        };
        tracing::info!(target: "entra_odbc", mode = self.plan.mode(), "login refused, trying once more with a fresh token");
        place(&token, &self.plan, real)?;
        real.limit_login(self.deadline.saturating_duration_since(Instant::now()));
        self.token = token;
        Ok(true)
    }
}

fn place(token: &Token, plan: &SignInPlan, real: &mut dyn RealConnection) -> Result<(), Error> {
    plan.check_token(token)
        .and_then(|()| AccessToken::new(&token.text))
        .and_then(|token| real.place(&token))
        .map_err(|error| error.in_mode(plan.mode()))
}

#[cfg(test)]
mod tests;
