//! Any `TokenCredential` as a token provider.

use super::{Bench, ISSUER, SECRET, SQL, STORAGE, TENANT, claims, run};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    time::{Duration, OffsetDateTime},
};
use entra_auth::{EntraCredential, azure_core::provider};
use serde_json::json;
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A credential of someone else's, which needs a tokio runtime with a timer.
#[derive(Debug, Default)]
struct Foreign {
    answer: Answer,
    asked: AtomicUsize,
}

#[derive(Debug, Default)]
enum Answer {
    #[default]
    Jwt,
    Opaque,
    Refusal,
    Nothing,
}

#[async_trait::async_trait]
impl TokenCredential for Foreign {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let end = OffsetDateTime::now_utc() + Duration::minutes(10);
        let aud = scopes.concat().replace("/.default", "");
        match self.answer {
            Answer::Jwt => {
                let later = (end + Duration::hours(1)).unix_timestamp();
                let claims = json!({ "aud": aud, "tid": TENANT, "oid": "ada", "exp": later });
                Ok(AccessToken::new(ISSUER.sign(&claims), end))
            }
            Answer::Opaque => Ok(AccessToken::new("opaque".to_owned(), end)),
            Answer::Refusal => Err(azure_core::Error::with_message(
                ErrorKind::Credential,
                "nobody is\nsigned in",
            )),
            Answer::Nothing => pending().await,
        }
    }
}

fn registered(bench: &Bench, credential: Arc<dyn TokenCredential>) -> EntraCredential {
    bench
        .services
        .providers
        .register("mine", Some(provider(credential)));
    bench
        .builder("TokenProvider")
        .option("TokenProvider", "mine")
        .option("TokenTimeout", "2")
        .build()
        .unwrap()
}

fn foreign(bench: &Bench, answer: Answer) -> EntraCredential {
    let asked = AtomicUsize::new(0);
    registered(bench, Arc::new(Foreign { answer, asked }))
}

#[test]
fn any_credential_is_a_token_provider() {
    let bench = Bench::new("provider");
    let foreign = Arc::new(Foreign::default());
    let credential = registered(&bench, Arc::clone(&foreign) as Arc<dyn TokenCredential>);
    assert_eq!(claims(&credential, STORAGE)["oid"], "ada");
    // Who it is is known only once the provider has answered, so it is asked each time, as any other.
    assert_eq!(claims(&credential, SQL)["aud"], "https://database.windows.net");
    assert_eq!(foreign.asked.load(Ordering::SeqCst), 2);
}

#[test]
fn the_token_ends_when_the_credential_or_the_token_says_whichever_is_earlier() {
    let bench = Bench::new("expiry");
    let token = foreign(&bench, Answer::Jwt).token(SQL).unwrap().token;
    assert!(!token.end_is_guessed);
    assert!(token.life() <= std::time::Duration::from_mins(10));
}

#[test]
fn a_token_that_says_whose_it_is_has_an_identity_and_another_one_has_none() {
    let bench = Bench::new("identity");
    let jwt = |scope| foreign(&bench, Answer::Jwt).token(scope).unwrap().token.identity;
    assert!(jwt(SQL).is_some());
    assert_eq!(jwt(SQL), jwt(SQL));
    assert_ne!(jwt(SQL), jwt(STORAGE));
    assert_eq!(
        foreign(&bench, Answer::Opaque).token(SQL).unwrap().token.identity,
        None
    );
}

#[test]
fn what_the_credential_does_wrong_is_told() {
    let bench = Bench::new("wrong");
    let refused = foreign(&bench, Answer::Refusal)
        .token(SQL)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("nobody is signed in"), "{refused}");
    let silent = foreign(&bench, Answer::Nothing).token(SQL).unwrap_err();
    assert!(
        ["timed_out", "refused"].contains(&silent.kind().name()),
        "{silent}"
    );
}

#[test]
fn a_credential_of_ours_is_a_token_provider_as_well() {
    let bench = Bench::new("ours");
    let credential = registered(&bench, Arc::new(bench.application(SECRET)));
    let token = run(credential.get_token(&[STORAGE], None)).unwrap();
    let claims = ISSUER.verify(token.token.secret()).unwrap();
    assert_eq!(claims["aud"], "https://storage.azure.com");
}
