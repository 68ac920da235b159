//! The credentials of the azure_identity crate, with our transport and without their caches.
//!
//! azure_identity 1.0 keeps tokens to itself (so that a refused one could not be replaced), loses
//! Entra's words where they have an escape in them, and drops `refresh_in`. So each request gets a
//! new credential object, which costs a few allocations, and the transport that it is given reads
//! the answer before it does.

use super::{TokenRequest, entra, oauth::Endpoint};
use crate::{Error, ErrorKind, Secret, Token, http::{Call, Policy, Route, HttpClient}, token::Deadline};
use ::azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions,
};
use azure_core::{
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::TokenCredential,
    http::{
        AsyncRawResponse, ClientMethodOptions, ClientOptions, HttpClient, Request, RetryOptions, StatusCode,
        headers::Headers, request::Body,
    },
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};
use zeroize::Zeroizing;

/// Requests a token by the credential that `make` creates with the options it is given.
async fn token<C, E>(
    endpoint: &Endpoint,
    request: &TokenRequest,
    make: impl FnOnce(ClientOptions) -> Result<Arc<C>, E>,
) -> Result<Token, Error>
where
    C: TokenCredential,
    E: std::fmt::Display,
{
    let bridge = Arc::new(Bridge {
        transport: Arc::clone(endpoint.http()),
        deadline: request.deadline.clone(),
        seen: Mutex::new(None),
    });
    let mut cloud = CustomConfiguration::default();
    endpoint.authority().clone_into(&mut cloud.authority_host);
    let options = ClientOptions {
        transport: Some(azure_core::http::HttpClient::new(
            Arc::clone(&bridge) as Arc<dyn HttpClient>
        )),
        // Ours retries, within the deadline.
        retry: RetryOptions::none(),
        cloud: Some(Arc::new(CloudConfiguration::from(cloud))),
        ..ClientOptions::default()
    };
    let credential = make(options).map_err(|error| Error::invalid(error.to_string()))?;
    let result = credential.get_token(&[request.scope.as_str()], None).await;
    let seen = bridge.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (seen, result) {
        (Some(seen), _) => seen,
        (None, Ok(token)) => Ok(Token::received(
            Secret::new(token.token.secret().to_owned()),
            SystemTime::from(token.expires_on),
        )),
        (None, Err(error)) => Err(Error::new(
            ErrorKind::Unreachable,
            format!("the token request could not be made: {error}"),
        )),
    }
}

/// A service principal with a client secret.
pub async fn client_secret(
    endpoint: &Endpoint,
    request: &TokenRequest,
    (tenant, client, secret): (&str, &str, &Secret),
) -> Result<Token, Error> {
    token(endpoint, request, |client_options| {
        ClientSecretCredential::new(
            tenant,
            client.to_owned(),
            secret.expose().to_owned().into(),
            Some(ClientSecretCredentialOptions { client_options }),
        )
    })
    .await
}

/// An application with an assertion that proves it.
pub async fn client_assertion(
    endpoint: &Endpoint,
    request: &TokenRequest,
    (tenant, client, assertion): (&str, &str, Secret),
) -> Result<Token, Error> {
    token(endpoint, request, |client_options| {
        ClientAssertionCredential::new(
            tenant.to_owned(),
            client.to_owned(),
            Assertion(assertion),
            Some(ClientAssertionCredentialOptions { client_options }),
        )
    })
    .await
}

/// An assertion at hand: a new credential object is made for each request.
#[derive(Debug)]
struct Assertion(Secret);

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose().to_owned())
    }
}

/// Our transport as azure_core sees it, for one token request.
#[derive(Debug)]
struct Bridge {
    transport: Arc<HttpClient>,
    deadline: Deadline,
    /// The outcome of the last request before its conversion for azure_identity.
    seen: Mutex<Option<Result<Token, Error>>>,
}

impl Bridge {
    async fn request_token(&self, request: &Request) -> Result<Token, Error> {
        let Body::Bytes(body) = request.body() else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a token request cannot be a stream",
            ));
        };
        let call = Call {
            url: request.url().to_string(),
            headers: request
                .headers()
                .iter()
                .filter(|(name, _)| name.as_str() != "user-agent")
                .map(|(name, value)| {
                    (
                        name.as_str().to_owned(),
                        Zeroizing::new(value.as_str().to_owned()),
                    )
                })
                .collect(),
            body: Some(Zeroizing::new(body.to_vec())),
            route: Route::Far,
            retry: Policy::STANDARD,
        };
        let reply = self.transport.send(&call, &self.deadline).await?;
        entra::token(&reply, &request.url().origin().ascii_serialization())
    }
}

#[async_trait::async_trait]
impl HttpClient for Bridge {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let outcome = self.request_token(request).await;
        let reply = match &outcome {
            // In the one shape that azure_identity can read.
            Ok(token) => Ok(serde_json::json!({
                "token_type": "Bearer",
                "access_token": token.text.expose(),
                "expires_in": token.expires_on.duration_since(SystemTime::now()).unwrap_or_default().as_secs(),
            })),
            Err(error) => Err(azure_core::Error::with_error(
                azure_core::error::ErrorKind::Other,
                error.clone(),
                "no token",
            )),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Ok,
            Headers::new(),
            reply?.to_string(),
        ))
    }
}
