//! `TokenProvider`: a token from a callback of the host.

use super::{BoxFuture, Credential, CredentialContext, IdentityOrigin, SignIn, TokenRequest, reply};
use crate::{
    Error, Keyword, Token,
    identity_key::IdentityKey,
    user::token_provider::{Provided, Registered, Request},
};
use std::fmt;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let name = context.options.require(
        Keyword::TokenProvider,
        "the name of the registered token provider",
    )?;
    let provider = context.services.providers.named(name).ok_or_else(|| {
        Error::invalid(format!(
            "TokenProvider= names {name}, which this program has not registered"
        ))
        .remedy("Register it before connecting (entra_register_provider).")
    })?;
    let key = IdentityKey::builder("TokenProvider")?
        .with("name", name)
        .with("scope", context.scope)
        .finish();
    let credential = TokenProvider {
        name: name.to_owned(),
        provider,
    };
    let sign_in = SignIn::requesting(key, name, context.scope, credential);
    // Only the provider knows the identity, and only after a call.
    Ok(SignIn {
        cache: false,
        ..sign_in.identity_origin(IdentityOrigin::Token)
    })
}

/// A registered callback.
struct TokenProvider {
    name: String,
    provider: Registered,
}

impl TokenProvider {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let provided = self
            .provider
            .call(Request {
                scope: request.scope.clone(),
                timeout: request.deadline.remaining(),
            })
            .await
            .map_err(|error| {
                let words = reply::description(error.own_words());
                error.detail(words)
            })?;
        self.token(provided, &request.scope)
    }

    fn token(&self, provided: Provided, scope: &str) -> Result<Token, Error> {
        let mut token = Token::supplied(provided.token);
        if let Some(end) = provided.expires_on {
            // The earlier of both times if the token has an expiry of its own: the server enforces that one.
            if token.end_is_guessed || end < token.expires_on {
                token.expires_on = end;
            }
            token.end_is_guessed = false;
        }
        if let Some(identity) = provided.identity {
            let key = IdentityKey::builder("TokenProvider")?
                .with("name", &self.name)
                .with("identity", &identity)
                .with("scope", scope);
            token.identity = Some(key.finish());
        }
        Ok(token)
    }
}

impl Credential for TokenProvider {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }
}

impl fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenProvider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Secret, TokenService,
        credential::tests::Fixture,
        token::{TokenSubscriber, jwt},
    };
    use serde_json::json;
    use std::{
        sync::{Arc, Mutex, mpsc},
        time::{Duration, Instant, SystemTime},
    };

    const NAME: &[(Keyword, &str)] = &[(Keyword::TokenProvider, "mine")];

    fn provided(text: &str, identity: Option<&str>, life: u64) -> Provided {
        Provided {
            token: Secret::new(text.to_owned()),
            expires_on: Some(SystemTime::now() + Duration::from_secs(life)),
            identity: identity.map(str::to_owned),
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[test]
    fn a_provider_is_asked_at_each_connect() {
        let fixture = Fixture::new(NAME);
        let names = Mutex::new(["grace", "ada"].to_vec());
        fixture.providers().register(
            "mine",
            Some(Arc::new(move |request| {
                assert_eq!(request.scope, "https://database.windows.net/.default");
                let name = names.lock().unwrap().pop().unwrap();
                Ok(provided(name, Some(name), 60))
            })),
        );
        let service = TokenService::new();
        for name in ["ada", "grace"] {
            let sign_in = prepare(&fixture.context()).unwrap();
            assert_eq!(sign_in.identity_origin, IdentityOrigin::Token);
            let issued = service.token(&sign_in, soon()).unwrap();
            assert_eq!(issued.token.text.expose(), name);
        }
    }

    #[derive(Debug)]
    struct Connection(mpsc::Sender<usize>);

    impl TokenSubscriber for Connection {
        fn renew(&self, token: &Token) -> bool {
            self.0.send(token.text.expose().len()).is_ok()
        }
    }

    /// A connection opened with a token of a second's life, then a second token: what is asked for and what arrives.
    fn renewed(identities: [Option<&'static str>; 2]) -> (mpsc::Receiver<()>, mpsc::Receiver<usize>) {
        let fixture = Fixture::new(NAME);
        let identities = Mutex::new(identities.into_iter().rev().collect::<Vec<_>>());
        let (asked, asks) = mpsc::channel();
        fixture.providers().register(
            "mine",
            Some(Arc::new(move |_| {
                let _ = asked.send(());
                let mut left = identities.lock().unwrap();
                let identity = left.pop().ok_or("no more")?;
                Ok(provided(&format!("token-{}", left.len()), identity, 1))
            })),
        );
        // Not dropped: its thread is to renew the token.
        let service = Box::leak(Box::new(TokenService::new()));
        let sign_in = prepare(&fixture.context()).unwrap();
        let issued = service.token(&sign_in, soon()).unwrap();
        asks.recv().unwrap();
        let (sender, receiver) = mpsc::channel();
        let connection: Arc<dyn TokenSubscriber> = Arc::new(Connection(sender));
        service.subscribe(&sign_in, &issued.token, &connection);
        std::mem::forget(connection);
        (asks, receiver)
    }

    const TIMEOUT: Duration = Duration::from_secs(10);

    #[test]
    fn an_open_connection_gets_a_renewed_token_of_the_same_identity() {
        let (_, arrived) = renewed([Some("ada"), Some("ada")]);
        arrived.recv_timeout(TIMEOUT).unwrap();
    }

    #[test]
    fn an_open_connection_never_gets_the_token_of_another_identity() {
        let (asks, arrived) = renewed([Some("ada"), Some("grace")]);
        asks.recv_timeout(TIMEOUT).unwrap();
        // Asked once more: what came of the last time has been dealt with.
        asks.recv_timeout(TIMEOUT).unwrap();
        assert!(arrived.try_recv().is_err());
    }

    #[test]
    fn a_token_without_an_identity_serves_one_connect_only() {
        let (asks, arrived) = renewed([None, None]);
        assert!(asks.try_recv().is_err() && arrived.try_recv().is_err());
    }

    #[test]
    fn what_a_provider_does_wrong_is_told() {
        let fixture = Fixture::new(NAME);
        let unknown = prepare(&fixture.context()).unwrap_err().to_string();
        assert!(
            unknown.contains("TokenProvider=") && unknown.contains("mine"),
            "{unknown}"
        );
        let expired = jwt(&json!({ "exp": 1_000_000_000 }));
        let cases: [(crate::user::token_provider::Provider, &str); 4] = [
            (Arc::new(|_| Err("out of\norder".to_owned())), "out of order"),
            (Arc::new(|_| panic!("as scripted")), "panicked"),
            (Arc::new(move |_| Ok(provided(&expired, None, 60))), "expired"),
            (Arc::new(|_| Ok(provided("", None, 60))), "token"),
        ];
        for (provider, expected) in cases {
            fixture.providers().register("mine", Some(provider));
            let sign_in = prepare(&fixture.context()).unwrap();
            let error = TokenService::new()
                .token(&sign_in, soon())
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_provider_that_was_taken_away_is_called_no_more() {
        let fixture = Fixture::new(NAME);
        fixture
            .providers()
            .register("mine", Some(Arc::new(|_| panic!("called"))));
        let sign_in = prepare(&fixture.context()).unwrap();
        fixture.providers().register("mine", None);
        let error = TokenService::new().token(&sign_in, soon()).unwrap_err();
        assert!(error.to_string().contains("taken away"), "{error}");
    }

    #[test]
    fn a_provider_that_never_answers_costs_a_login_timeout() {
        let fixture = Fixture::new(NAME);
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = Mutex::new(blocked);
        fixture.providers().register(
            "mine",
            Some(Arc::new(move |_| {
                let _ = blocked.lock().unwrap().recv();
                Err("released".to_owned())
            })),
        );
        let sign_in = prepare(&fixture.context()).unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        let error = TokenService::new().token(&sign_in, deadline).unwrap_err();
        assert_eq!(error.kind().name(), "timed_out");
        drop(release);
    }
}
