//! Sign-in with the account that `entra-odbc login` saved; the last member of the default chain.

use super::{
    BoxFuture, Credential, CredentialContext, SignIn, TokenRequest,
    oauth::{Answer, Endpoint},
    session::{Session, is_over},
};
use crate::{
    Error, ErrorKind, Keyword, Secret, Token,
    process::file_lock::acquire_before,
    tenant::Tenant,
    user::saved_accounts::{Account, Accounts},
};
use std::time::{Instant, SystemTime};

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let accounts = Accounts::from_environment(context.environment())?;
    let tenant = context.options.get(Keyword::TenantId);
    let account = accounts
        .list()?
        .into_iter()
        .filter(|account| account.authority == context.authority)
        .find(|account| tenant.is_none_or(|tenant| account.tenant.eq_ignore_ascii_case(tenant)))
        .ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "nobody has signed in")
                .remedy("Sign in with: entra-odbc login.")
        })?;
    let endpoint = Endpoint::new(&context.services.http, context.authority);
    let session = Session::new(endpoint, Tenant::named(&account.tenant)?, &account.client);
    let key = session
        .identify("SavedAccount", context.scope)?
        .with("account", &account.id())
        .finish();
    let credential = SavedAccount {
        id: account.id(),
        session,
        accounts,
    };
    Ok(SignIn::requesting(
        key,
        account.username,
        context.scope,
        credential,
    ))
}

/// A saved account.
#[derive(Debug)]
struct SavedAccount {
    id: String,
    session: Session,
    accounts: Accounts,
}

impl SavedAccount {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        // Held until the rotated token is saved. The sign-in continues without the lock where it cannot be created or
        // does not become free: its holder hangs, or died and left it to a forked child.
        let lock_deadline = Instant::now() + request.deadline.remaining() / 2;
        let _lock = acquire_before(lock_deadline, || self.accounts.lock(&self.id)).await;
        let (account, refresh_token) = self.accounts.open(&self.id).await?.ok_or_else(ended)?;
        match self.session.refresh(&refresh_token, request).await? {
            Answer::Granted(granted) => {
                if let Some(rotated) = &granted.refresh_token {
                    self.save_rotated(account, rotated).await;
                }
                Ok(granted.token)
            }
            Answer::Refused(reason, error) if is_over(&reason) => {
                Err(error.remedy("Sign in again with: entra-odbc login."))
            }
            Answer::Refused(_, error) => Err(error),
        }
    }

    /// Saves the rotated refresh token. A failure is only logged: the access token is valid, and the old refresh token
    /// may work again.
    async fn save_rotated(&self, account: Account, rotated: &Secret) {
        let saved = SystemTime::now();
        let account = Account { saved, ..account };
        if let Err(error) = self.accounts.save(&account, rotated).await {
            tracing::warn!(target: "entra_odbc", event = "sign_in_not_saved", %error);
        }
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::Unavailable, "the saved sign-in was removed")
        .remedy("Sign in again with: entra-odbc login.")
}

impl Credential for SavedAccount {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }

    /// False after `entra-odbc logout`.
    fn is_current(&self) -> bool {
        self.accounts.has(&self.id).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Environment, TokenService,
        credential::{session::AZURE_CLI, tests::Fixture},
        user::saved_accounts::tests::block_on,
    };
    use standins::playground::{OTHER_USER, Playground, PlaygroundOptions, TENANT_ID, USER};
    use std::{fs, path::PathBuf, thread, time::Duration};

    struct Bench {
        playground: Playground,
        home: PathBuf,
    }

    impl Bench {
        fn new(name: &str) -> Self {
            let home = std::env::temp_dir().join(format!("entra-odbc-saved-{}-{name}", std::process::id()));
            fs::create_dir_all(&home).unwrap();
            let playground = Playground::start(&PlaygroundOptions::default());
            fs::write(home.join("ca.pem"), playground.ca.pem()).unwrap();
            Self { playground, home }
        }

        fn environment(&self) -> Environment {
            let ca = self.home.join("ca.pem");
            Environment::fixed([
                ("HOME", self.home.to_str().unwrap()),
                ("SSL_CERT_FILE", ca.to_str().unwrap()),
            ])
            .with_tools()
        }

        fn fixture(&self) -> Fixture {
            Fixture::with_environment(&[], self.environment()).at(&self.playground.entra.authority())
        }

        fn accounts(&self) -> Accounts {
            Accounts::from_environment(&self.environment()).unwrap()
        }

        fn refresh_token(&self, id: &str) -> Secret {
            block_on(self.accounts().open(id)).unwrap().unwrap().1
        }

        fn save(&self, user: &str, object_id: &str) -> String {
            let refresh_token = self.playground.entra.refresh_token(user, AZURE_CLI);
            let account = Account {
                authority: self.playground.entra.authority(),
                tenant: TENANT_ID.into(),
                client: AZURE_CLI.into(),
                username: user.into(),
                object_id: object_id.into(),
                saved: SystemTime::now(),
            };
            block_on(self.accounts().save(&account, &Secret::new(refresh_token))).unwrap();
            account.id()
        }

        fn token(&self) -> Result<Token, Error> {
            self.token_within(Duration::from_secs(10))
        }

        fn token_within(&self, span: Duration) -> Result<Token, Error> {
            let sign_in = prepare(&self.fixture().context())?;
            let deadline = Instant::now() + span;
            Ok(Token::clone(
                &TokenService::new().token(&sign_in, deadline)?.token,
            ))
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.home);
        }
    }

    #[test]
    fn the_account_that_signed_in_last_is_the_one_and_its_rotated_token_is_saved() {
        let bench = Bench::new("last");
        assert_eq!(bench.token().unwrap_err().kind(), ErrorKind::Unavailable);
        bench.save(USER, "1");
        let id = bench.save(OTHER_USER, "2");
        let before = bench.refresh_token(&id);
        for _ in 0..2 {
            // Each time a new process, as it were; the stand-in takes a refresh token once.
            assert_eq!(
                bench.token().unwrap().claims().principal.as_deref(),
                Some(OTHER_USER)
            );
        }
        assert_ne!(bench.refresh_token(&id), before);
    }

    #[test]
    fn processes_that_redeem_at_once_do_not_spend_each_others_token() {
        let bench = Bench::new("at-once");
        bench.save(USER, "1");
        thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| bench.token().map(drop))).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
    }

    #[test]
    fn a_lock_that_its_holder_keeps_costs_half_of_the_time_and_not_the_sign_in() {
        let bench = Bench::new("kept");
        let id = bench.save(USER, "1");
        let _kept = bench.accounts().lock(&id).unwrap().unwrap();
        let token = bench.token_within(Duration::from_secs(2)).unwrap();
        assert_eq!(token.claims().principal.as_deref(), Some(USER));
    }

    #[test]
    fn a_sign_in_that_has_ended_says_how_to_sign_in_again() {
        let bench = Bench::new("ended");
        bench.save(USER, "1");
        bench
            .playground
            .entra
            .set_refresh_tokens(USER, standins::entra::TokenState::Revoked);
        let error = bench.token().unwrap_err();
        assert_eq!((error.kind().name(), error.code()), ("refused", 50173));
        assert!(error.to_string().contains("entra-odbc login"), "{error}");
    }
}
