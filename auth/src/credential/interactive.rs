//! `Interactive`: a user who signs in with the browser of this machine (authorization code with PKCE).

mod browser;
mod loopback;
mod page;
mod pkce;

use super::{
    BoxFuture, Credential, CredentialContext, IdentityOrigin, SignIn, TokenRequest, entra,
    oauth::{self, Form, Granted},
    person::{self, REQUEST_GRACE_PERIOD},
    reply,
    session::Session,
};
use crate::{
    Environment, Error, ErrorKind, Keyword, Token,
    token::Claims,
    user::{
        prompt::{self, Prompt, Prompts},
        saved_accounts::Accounts,
    },
};
use browser::Browser;
use loopback::{Loopback, Redirect, Returned, Visitor};
use page::Reason;
use pkce::Attempt;
use std::{fmt, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use url::Url;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let options = context.options;
    let session = person::session(context)?;
    let prompt_timeout = person::prompt_timeout(options)?;
    let redirect = Redirect::parse(options.get(Keyword::RedirectUri))?;
    let hint = options.get(Keyword::User).map(str::to_owned);
    let key = session
        .identify("Interactive", context.scope)?
        .with_optional("user", hint.as_deref())
        .with_optional("redirect", options.get(Keyword::RedirectUri))
        .with("prompt_timeout", &prompt_timeout.as_secs().to_string())
        .finish();
    let who = hint.as_deref().unwrap_or("a person").to_owned();
    let credential = Interactive {
        session,
        hint,
        redirect,
        prompt_timeout,
        prompts: Arc::clone(&context.services.prompts),
        environment: context.environment().clone(),
        accounts: person::accounts_to_save_in(context)?,
    };
    Ok(SignIn::requesting(key, who, context.scope, credential).identity_origin(IdentityOrigin::Answer))
}

/// The session of a user and what the browser sign-in needs.
struct Interactive {
    session: Session,
    hint: Option<String>,
    redirect: Redirect,
    prompt_timeout: Duration,
    prompts: Arc<Prompts>,
    environment: Environment,
    accounts: Option<Accounts>,
}

impl Interactive {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        if let Some(token) = self.session.silently(request).await? {
            return Ok(token);
        }
        person::may_be_asked(request)?;
        let browser = Browser::from_environment(&self.environment);
        let seen = self.prompts.can_be_shown();
        if !seen && !browser.is_prompt() {
            return Err(prompt::nobody());
        }
        let tenant = self.session.tenant.resolve(&request.deadline).await?;
        let attempt = Attempt::new()?;
        let loopback = Loopback::listen(&self.redirect, &attempt.state).await?;
        let redirect_uri = loopback.uri().to_owned();
        let url = self.url(&tenant, &attempt, &redirect_uri, &request.scope)?;
        request.extend_deadline(self.prompt_timeout + REQUEST_GRACE_PERIOD);
        let shown = seen.then(|| {
            self.prompts.show(&Prompt {
                message: format!("To sign in, open this page in a browser on this machine: {url}"),
                url: url.clone(),
                user_code: None,
                expires_in: self.prompt_timeout,
            })
        });
        let shown = shown.transpose()?;
        let visitor = self.visitor(loopback, browser, url, seen).await;
        let outcome = match visitor {
            Ok(visitor) => {
                let outcome = self
                    .answered(&visitor, &tenant, &redirect_uri, &attempt, request)
                    .await;
                visitor.respond(&page_for(&outcome)).await;
                outcome.map_err(|refused| refused.error)
            }
            Err(error) => Err(error),
        };
        person::end_sign_in(outcome, &self.session, self.accounts.as_ref(), shown).await
    }

    /// What the browser has come back with: a code, which is redeemed, or a refusal.
    async fn answered(
        &self,
        visitor: &Visitor,
        tenant: &str,
        redirect_uri: &str,
        attempt: &Attempt,
        request: &TokenRequest,
    ) -> Result<Granted, Refused> {
        match visitor.returned() {
            Returned::Code(code) => {
                let form = Form::grant("authorization_code")
                    .with("client_id", &self.session.client)
                    .with("code", code.expose())
                    .with("redirect_uri", redirect_uri)
                    .with("code_verifier", attempt.verifier.expose())
                    .with_user_scope(&request.scope);
                let granted = self.session.endpoint.redeem(tenant, form, request).await;
                granted
                    .and_then(|granted| expected(granted, attempt))
                    .map_err(Refused::otherwise)
            }
            Returned::Refused { error, description } => Err(Refused::parse(error, description)),
        }
    }

    /// The address of the sign-in page.
    fn url(&self, tenant: &str, attempt: &Attempt, redirect_uri: &str, scope: &str) -> Result<String, Error> {
        let scope = oauth::user_scope(scope);
        let challenge = attempt.challenge();
        // As in MSAL: without `prompt` Entra would silently use the account that is signed in to the browser.
        let account = match &self.hint {
            Some(hint) => ("login_hint", hint.as_str()),
            None => ("prompt", "select_account"),
        };
        let parameters = [
            ("client_id", self.session.client.as_str()),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", redirect_uri),
            ("scope", &scope),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            account,
        ];
        Url::parse_with_params(&self.session.endpoint.url(tenant, "authorize"), parameters)
            .map(String::from)
            .map_err(|_| Error::invalid("the Authority is no host").remedy("Correct Authority."))
    }

    /// Waits for the redirect of the browser until the time limit for prompts.
    async fn visitor(
        &self,
        loopback: Loopback,
        browser: Browser,
        url: String,
        seen: bool,
    ) -> Result<Visitor, Error> {
        // Dropping the set cancels both tasks; a running browser continues.
        let mut events = JoinSet::new();
        events.spawn(async move { Event::Returned(loopback.visitor().await) });
        events.spawn(async move { Event::Opened(browser.open(&url).await) });
        let first = async {
            while let Some(event) = events.join_next().await {
                match event {
                    Ok(Event::Returned(Some(visitor))) => return Ok(visitor),
                    Ok(Event::Opened(Err(reason))) if !seen => return Err(no_browser(&reason)),
                    _ => {}
                }
            }
            Err(Error::new(
                ErrorKind::Unreachable,
                "the listener for the browser broke off inside the driver",
            )
            .remedy("This is a defect; please report it."))
        };
        let waited = tokio::time::timeout(self.prompt_timeout, first).await;
        waited.unwrap_or_else(|_| {
            Err(person::too_late(
                self.prompt_timeout,
                "If the browser was closed, connect again; if its page shows an error, follow that.",
            ))
        })
    }
}

/// The events during the sign-in.
enum Event {
    Returned(Option<Visitor>),
    Opened(Result<(), String>),
}

fn no_browser(reason: &str) -> Error {
    Error::new(
        ErrorKind::PromptNeeded,
        format!("a person must sign in, but no browser could be opened: {reason}"),
    )
    .remedy("Set BROWSER to one that works, or sign in beforehand with: entra-odbc login.")
}

/// Checks the nonce: the grant must belong to this attempt.
fn expected(granted: Granted, attempt: &Attempt) -> Result<Granted, Error> {
    let nonce = granted
        .id_token
        .as_ref()
        .map(|id_token| Claims::parse(id_token.expose()).nonce);
    match nonce {
        Some(nonce) if nonce.as_deref() != Some(attempt.nonce.as_str()) => Err(Error::new(
            ErrorKind::Refused { code: 0 },
            "Entra's answer belongs to another sign-in (its nonce differs)",
        )
        .remedy("Connect again; if that repeats, someone interferes with the browser.")),
        _ => Ok(granted),
    }
}

/// A sign-in that has failed while the browser waits for a page.
struct Refused {
    reason: Reason,
    error: Error,
}

impl Refused {
    /// AADSTS65004, `UserDeclinedConsent`.
    const DECLINED_CONSENT: u32 = 65004;

    fn otherwise(error: Error) -> Self {
        Self {
            reason: Reason::Other,
            error,
        }
    }

    /// A redirect without a code.
    ///
    /// `access_denied` comes with a number where Entra refuses (53003, Conditional Access, for instance) and where the
    /// person declines to consent; and without one where they leave Entra's page by Cancel or Back.
    fn parse(error: &str, description: &str) -> Self {
        let words = reply::description(if description.is_empty() {
            error
        } else {
            description
        });
        let code = entra::number_in(&words).unwrap_or(0);
        let (reason, error) = match (error, code) {
            (_, Self::DECLINED_CONSENT) => (Reason::Declined, entra::refusal(code)),
            ("access_denied", 0) => {
                let kind = ErrorKind::Refused { code };
                let error = Error::new(kind, "the person cancelled the sign-in");
                (
                    Reason::Cancelled,
                    error.remedy("Connect again to be asked again."),
                )
            }
            ("server_error" | "temporarily_unavailable", _) => {
                let error = Error::new(
                    ErrorKind::Unreachable,
                    "Entra cannot sign anyone in at the moment",
                );
                (Reason::Other, error.remedy("Try again later."))
            }
            _ => (Reason::Other, entra::refusal(code)),
        };
        Self {
            reason,
            error: error.detail(words),
        }
    }
}

/// The page that the browser is shown in the end.
fn page_for(outcome: &Result<Granted, Refused>) -> String {
    match outcome {
        Ok(granted) => page::signed_in(&granted.account()),
        Err(Refused { reason, error }) => page::not_signed_in(*reason, error),
    }
}

impl Credential for Interactive {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }
}

impl fmt::Debug for Interactive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interactive")
            .field("session", &self.session)
            .field("hint", &self.hint)
            .field("redirect", &self.redirect)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
