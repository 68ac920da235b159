//! `DeviceCode`: a user who signs in with a browser on any device, by a code that is shown (RFC 8628).

use super::{
    BoxFuture, Credential, CredentialContext, IdentityOrigin, SignIn, TokenRequest, entra,
    oauth::{self, Answer, Form, Granted},
    person::{self, REQUEST_GRACE_PERIOD},
    reply,
    session::Session,
};
use crate::{
    Error, ErrorKind, Keyword, Secret, Token,
    http::Reply,
    token::Deadline,
    user::{
        prompt::{self, Prompt, Prompts},
        saved_accounts::Accounts,
    },
};
use serde_json::Value;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The time limit of one poll; a poll without an answer is repeated.
const POLL_TIMEOUT: Duration = Duration::from_secs(10);

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let session = person::session(context)?;
    let prompt_timeout = person::prompt_timeout(context.options)?;
    let user = context.options.get(Keyword::User);
    let key = session
        .identify("DeviceCode", context.scope)?
        // Entra does not receive the name: whoever enters the code signs in. Different names are different identities.
        .with_optional("user", user)
        .with("prompt_timeout", &prompt_timeout.as_secs().to_string())
        .finish();
    let who = user.unwrap_or("a person").to_owned();
    let credential = DeviceCode {
        session,
        prompt_timeout,
        prompts: Arc::clone(&context.services.prompts),
        accounts: person::accounts_to_save_in(context)?,
    };
    Ok(SignIn::requesting(key, who, context.scope, credential).identity_origin(IdentityOrigin::Answer))
}

/// The session of a user and the ways to show a prompt.
struct DeviceCode {
    session: Session,
    prompt_timeout: Duration,
    prompts: Arc<Prompts>,
    accounts: Option<Accounts>,
}

impl DeviceCode {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        if let Some(token) = self.session.silently(request).await? {
            return Ok(token);
        }
        person::may_be_asked(request)?;
        if !self.prompts.can_be_shown() {
            return Err(prompt::nobody());
        }
        let tenant = self.session.tenant.resolve(&request.deadline).await?;
        let code = self.code(&tenant, request).await?;
        let prompt_timeout = self.prompt_timeout.min(code.life);
        request.extend_deadline(prompt_timeout + REQUEST_GRACE_PERIOD);
        let shown = self.prompts.show(&code.prompt(prompt_timeout))?;
        let outcome = self.poll(&tenant, &code, prompt_timeout, request).await;
        person::end_sign_in(outcome, &self.session, self.accounts.as_ref(), Some(shown)).await
    }

    async fn code(&self, tenant: &str, request: &TokenRequest) -> Result<Code, Error> {
        let form = Form::default()
            .with("client_id", &self.session.client)
            .with_user_scope(&request.scope);
        let endpoint = &self.session.endpoint;
        let reply = endpoint.post(tenant, "devicecode", form, request).await?;
        if reply.status == 200 {
            Code::parse(&reply, endpoint.authority())
        } else {
            Err(entra::refused(&reply, endpoint.authority()).1)
        }
    }

    /// Polls until the user has signed in, has refused, or the time is up.
    async fn poll(
        &self,
        tenant: &str,
        code: &Code,
        prompt_timeout: Duration,
        request: &TokenRequest,
    ) -> Result<Granted, Error> {
        let until = Instant::now() + prompt_timeout;
        let mut pace = Pace::new(code.interval);
        let mut trouble = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(trouble.unwrap_or_else(|| self.too_late(prompt_timeout)));
            }
            tokio::time::sleep(pace.wait().min(left)).await;
            let form = Form::grant(GRANT_TYPE)
                .with("client_id", &self.session.client)
                .with("device_code", code.secret.expose());
            let question = TokenRequest {
                deadline: Deadline::at(Instant::now() + POLL_TIMEOUT),
                ..request.clone()
            };
            trouble = match self.session.endpoint.request_token(tenant, form, &question).await {
                Ok(Answer::Granted(granted)) => return Ok(granted),
                Ok(Answer::Refused(reason, error)) => {
                    pace.accept_reason(&reason)
                        .ok_or_else(|| refused(&reason, error))?;
                    None
                }
                Err(error) if matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut) => {
                    debug!(target: "entra_odbc", event = "device_code_poll_failed", %error);
                    pace.back_off(error.retry_after());
                    Some(error)
                }
                Err(error) => return Err(error),
            };
        }
    }

    fn too_late(&self, prompt_timeout: Duration) -> Error {
        if prompt_timeout < self.prompt_timeout {
            return ended(ErrorKind::TimedOut);
        }
        person::too_late(prompt_timeout, "Connect again and enter the new code.")
    }
}

/// The error for a refused code.
fn refused(reason: &str, error: Error) -> Error {
    match reason {
        "authorization_declined" | "access_denied" => person::reworded(
            &error,
            "the person declined the sign-in",
            "Connect again to be asked again.",
        ),
        "expired_token" => ended(error.kind()).detail(error.own_words()),
        "bad_verification_code" => person::reworded(
            &error,
            "Entra does not know the code that it gave",
            "Connect again; check for a proxy that mixes up answers.",
        ),
        _ => error,
    }
}

fn ended(kind: ErrorKind) -> Error {
    Error::new(kind, "the code ended before anyone signed in with it")
        .remedy("Connect again and enter the new code sooner.")
}

/// The response to a device authorization request.
struct Code {
    secret: Secret,
    shown: String,
    page: String,
    message: String,
    life: Duration,
    interval: Duration,
}

impl Code {
    fn parse(reply: &Reply, endpoint: &str) -> Result<Self, Error> {
        let mut object = reply::object(reply, endpoint)?;
        let malformed = |what: &str| {
            Error::new(
                ErrorKind::Unreachable,
                format!("{endpoint} answered without a usable code: {what} is missing"),
            )
            .remedy("Check the Authority.")
        };
        let device_code =
            oauth::secret(&mut object, "device_code").ok_or_else(|| malformed("device_code"))?;
        // Shown on terminals, so control characters are removed.
        let text = |name: &str| {
            let words = object.get(name).and_then(Value::as_str).map(reply::description);
            words.filter(|words| !words.is_empty())
        };
        let seconds = |name: &str| {
            let seconds = object.get(name).and_then(reply::number);
            seconds.map(|seconds| Duration::from_secs(seconds.min(u32::MAX.into())))
        };
        let user_code = text("user_code").ok_or_else(|| malformed("user_code"))?;
        let page = text("verification_uri").ok_or_else(|| malformed("verification_uri"))?;
        let message = text("message")
            .unwrap_or_else(|| format!("To sign in, open the page {page} and enter the code {user_code}."));
        Ok(Self {
            secret: device_code,
            shown: user_code,
            page,
            message,
            life: seconds("expires_in").ok_or_else(|| malformed("expires_in"))?,
            interval: seconds("interval").unwrap_or(Pace::DEFAULT_INTERVAL),
        })
    }

    fn prompt(&self, prompt_timeout: Duration) -> Prompt {
        Prompt {
            message: self.message.clone(),
            url: self.page.clone(),
            user_code: Some(self.shown.clone()),
            expires_in: prompt_timeout,
        }
    }
}

/// The polling interval (RFC 8628, 3.5).
#[derive(Debug)]
struct Pace {
    interval: Duration,
    trouble: Duration,
}

impl Pace {
    /// The interval if Entra names none.
    const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
    const SLOW_DOWN_STEP: Duration = Duration::from_secs(5);
    const MIN_INTERVAL: Duration = Duration::from_secs(1);
    const MAX_INTERVAL: Duration = Duration::from_mins(1);

    fn new(interval: Duration) -> Self {
        Self {
            interval: interval.clamp(Self::MIN_INTERVAL, Self::MAX_INTERVAL),
            trouble: Duration::ZERO,
        }
    }

    fn wait(&self) -> Duration {
        self.interval.max(self.trouble)
    }

    /// Adjusts the interval to Entra's reason for refusing; `None` if polling is pointless.
    fn accept_reason(&mut self, reason: &str) -> Option<()> {
        self.trouble = Duration::ZERO;
        match reason {
            "authorization_pending" => {}
            "slow_down" => self.interval += Self::SLOW_DOWN_STEP,
            _ => return None,
        }
        Some(())
    }

    /// Doubles the wait after a poll without an answer.
    fn back_off(&mut self, retry_after: Option<Duration>) {
        let next = (self.wait() * 2).max(retry_after.unwrap_or_default());
        self.trouble = next.min(Self::MAX_INTERVAL);
    }
}

impl Credential for DeviceCode {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode")
            .field("session", &self.session)
            .field("prompt_timeout", &self.prompt_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
