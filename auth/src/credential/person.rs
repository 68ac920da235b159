//! Shared parts of the authentication modes that prompt a user.

use super::{
    CredentialContext, TokenRequest,
    oauth::{Endpoint, Granted},
    session::{AZURE_CLI, Session},
};
use crate::{
    Error, ErrorKind, Keyword, Options, Token,
    tenant::Tenant,
    user::{
        prompt::Shown,
        saved_accounts::{Account, Accounts},
    },
};
use std::time::Duration;
use tracing::warn;

/// The time limit for a prompt if `InteractiveTimeout=` is not given.
const DEFAULT_PROMPT_TIMEOUT: Duration = Duration::from_mins(5);

/// The time that a request has after the prompt's time limit, to redeem the code or to report the timeout.
pub const REQUEST_GRACE_PERIOD: Duration = Duration::from_secs(15);

/// A session that nobody is signed in to yet: the Azure CLI's application unless told another one, in the
/// tenant that a keyword or the server names.
pub fn session(context: &CredentialContext<'_>) -> Result<Session, Error> {
    let options = context.options;
    let tenant = match options.get(Keyword::TenantId) {
        Some(tenant) => Tenant::named(tenant)?,
        None => context.tenant_of_person(),
    };
    let client = options.get(Keyword::ClientId).unwrap_or(AZURE_CLI);
    let endpoint = Endpoint::new(&context.services.http, context.authority);
    Ok(Session::new(endpoint, tenant, client))
}

/// `InteractiveTimeout=`: the time limit for a prompt.
pub fn prompt_timeout(options: &Options) -> Result<Duration, Error> {
    let Some(value) = options.get(Keyword::InteractiveTimeout) else {
        return Ok(DEFAULT_PROMPT_TIMEOUT);
    };
    match value.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(
            Error::invalid("InteractiveTimeout= must be a number of seconds, at least 1")
                .remedy("Correct or remove it."),
        ),
    }
}

/// The saved accounts, with `SaveAccount=yes`.
pub fn accounts_to_save_in(context: &CredentialContext<'_>) -> Result<Option<Accounts>, Error> {
    let wanted = context.options.flag_or(Keyword::SaveAccount, false)?;
    wanted
        .then(|| Accounts::from_environment(context.environment()))
        .transpose()
}

/// The token of a sign-in that has succeeded, after its account was saved if requested; and whoever has shown the prompt is
/// told how it ended.
pub async fn end_sign_in(
    outcome: Result<Granted, Error>,
    session: &Session,
    accounts: Option<&Accounts>,
    shown: Option<Shown>,
) -> Result<Token, Error> {
    let (account, token) = match outcome {
        Ok(granted) => {
            save(accounts, session, &granted).await;
            (Some(granted.account()), Ok(session.accept(granted)))
        }
        Err(error) => (None, Err(error)),
    };
    // Last: a request that is cancelled in that time has lost nothing.
    if let Some(shown) = shown {
        shown.end(account).await;
    }
    token
}

/// Saves the account. A failure is logged and does not fail the connect.
async fn save(accounts: Option<&Accounts>, session: &Session, granted: &Granted) {
    let (Some(accounts), Some(id_token), Some(refresh_token)) =
        (accounts, &granted.id_token, &granted.refresh_token)
    else {
        return;
    };
    let authority = session.endpoint.authority();
    if let Some(account) = Account::signed_in(authority, &session.client, id_token)
        && let Err(error) = accounts.save(&account, refresh_token).await
    {
        warn!(target: "entra_odbc", event = "sign_in_not_saved", %error);
    }
}

/// An error unless this request may prompt the user.
pub fn may_be_asked(request: &TokenRequest) -> Result<(), Error> {
    if request.prompting.is_allowed() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::PromptNeeded,
        "the person must sign in again, and is asked by nothing but a new connection",
    )
    .remedy("Connect again."))
}

/// The error if the user did not sign in within this time.
pub fn too_late(prompt_timeout: Duration, remedy: &str) -> Error {
    let seconds = prompt_timeout.as_secs();
    Error::new(
        ErrorKind::TimedOut,
        format!("nobody signed in within {seconds} s"),
    )
    .remedy(format!("{remedy} InteractiveTimeout= gives more time."))
}

/// The refusal with our own text, followed by Entra's.
pub fn reworded(error: &Error, what: &str, remedy: &str) -> Error {
    Error::new(error.kind(), what)
        .remedy(remedy)
        .detail(error.own_words())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(value: &str) -> Result<u64, Error> {
        let mut options = Options::default();
        options.add(Keyword::InteractiveTimeout, value.to_owned());
        prompt_timeout(&options).map(|prompt_timeout| prompt_timeout.as_secs())
    }

    #[test]
    fn a_person_has_five_minutes_or_what_the_string_says() {
        assert_eq!(seconds("").unwrap(), 300);
        assert_eq!(seconds("20").unwrap(), 20);
        for bad in ["0", "-1", "5 s", "1.5", "99999999999"] {
            let error = seconds(bad).unwrap_err();
            assert_eq!(error.kind().name(), "invalid");
            assert!(error.to_string().contains("InteractiveTimeout="), "{error}");
        }
    }
}
