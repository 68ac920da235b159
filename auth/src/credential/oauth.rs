//! The OAuth 2.0 endpoints of Entra.

use super::{TokenRequest, entra, reply, token_proxy::TokenProxy};
use crate::{
    Error, ErrorKind, Secret, Token,
    http::{Call, HttpClient, Policy, Reply, Route},
    token::Claims,
};
use serde_json::{Map, Value};
use std::sync::Arc;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// The type of every assertion that proves a client (RFC 7523).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The additional scopes of a user's sign-in: a refresh token and an id token.
const USER_SCOPES: &str = "offline_access openid profile";

/// A form whose values may be secret.
#[derive(Default)]
pub struct Form(Zeroizing<String>);

impl Form {
    /// A form that asks for this grant.
    pub fn grant(grant_type: &str) -> Self {
        Self::default().with("grant_type", grant_type)
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        // Allocated once: a growing buffer would leave copies of the secret that are not zeroed.
        let mut longer = Zeroizing::new(String::with_capacity(
            self.0.len() + name.len() + 3 * value.len() + 2,
        ));
        longer.push_str(&self.0);
        if !longer.is_empty() {
            longer.push('&');
        }
        longer.push_str(name);
        longer.push('=');
        longer.extend(byte_serialize(value.as_bytes()));
        self.0 = longer;
        self
    }

    /// Adds an assertion that proves the client (RFC 7523).
    pub fn with_assertion(self, assertion: &Secret) -> Self {
        self.with("client_assertion_type", JWT_BEARER)
            .with("client_assertion", assertion.expose())
    }

    /// Requests this scope for a user, with a refresh token and an id token.
    pub fn with_user_scope(self, scope: &str) -> Self {
        self.with("scope", &user_scope(scope))
    }
}

/// The scope of an access token with the additional scopes of a user's sign-in.
pub fn user_scope(scope: &str) -> String {
    format!("{scope} {USER_SCOPES}")
}

/// One tenant's endpoints.
#[derive(Debug, Clone)]
pub struct Endpoint {
    http: Arc<HttpClient>,
    authority: String,
    proxy: Option<Arc<TokenProxy>>,
}

/// A successful token response.
#[derive(Debug)]
pub struct Granted {
    /// The access token.
    pub token: Token,
    /// The refresh token, if one was issued.
    pub refresh_token: Option<Secret>,
    /// The id token. Its signature is not verified, since it comes directly from the endpoint.
    pub id_token: Option<Secret>,
}

impl Granted {
    /// The name of who signed in, for display; empty where no token has one.
    pub fn account(&self) -> String {
        let tokens = [self.id_token.as_ref(), Some(&self.token.text)];
        let mut names = tokens
            .into_iter()
            .flatten()
            .map(|token| Claims::parse(token.expose()).principal);
        names.find_map(|name| name).unwrap_or_default()
    }
}

/// The response of the token endpoint.
#[derive(Debug)]
pub enum Answer {
    /// A token.
    Granted(Granted),
    /// A refusal: the OAuth error code and the error to report.
    Refused(String, Error),
}

impl Endpoint {
    /// The endpoints of an Entra host.
    pub fn new(http: &Arc<HttpClient>, authority: &str) -> Self {
        Self {
            http: Arc::clone(http),
            authority: authority.to_owned(),
            proxy: None,
        }
    }

    /// The same endpoints, whose requests go to the cluster's token proxy.
    pub fn through(self, proxy: Option<Arc<TokenProxy>>) -> Self {
        Self { proxy, ..self }
    }

    /// The HTTP client.
    pub fn http(&self) -> &Arc<HttpClient> {
        &self.http
    }

    /// The Entra host.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The address of a tenant's endpoint: `token`, `devicecode`, `authorize`.
    pub fn url(&self, tenant: &str, name: &str) -> String {
        format!("{}/{}", self.authority, path(tenant, name))
    }

    /// Redeems a grant for a token; a refusal is an error.
    pub async fn redeem(&self, tenant: &str, form: Form, request: &TokenRequest) -> Result<Granted, Error> {
        match self.request_token(tenant, form, request).await? {
            Answer::Granted(granted) => Ok(granted),
            Answer::Refused(_, error) => Err(error),
        }
    }

    /// Redeems a grant for a token or a refusal; an error means that there is no usable answer.
    pub async fn request_token(
        &self,
        tenant: &str,
        form: Form,
        request: &TokenRequest,
    ) -> Result<Answer, Error> {
        let reply = self.post(tenant, "token", form, request).await?;
        let name = self.authority.as_str();
        if reply.status != 200 {
            return Ok(match entra::refused(&reply, name) {
                (Some(reason), error) => Answer::Refused(reason, error),
                (None, error) => return Err(error),
            });
        }
        let mut object = reply::object(&reply, name)?;
        let token = reply::token(&mut object, name)?;
        let refresh_token = secret(&mut object, "refresh_token");
        let id_token = secret(&mut object, "id_token");
        Ok(Answer::Granted(Granted {
            token,
            refresh_token,
            id_token,
        }))
    }

    /// Posts a form to one of a tenant's endpoints.
    pub async fn post(
        &self,
        tenant: &str,
        name: &str,
        form: Form,
        request: &TokenRequest,
    ) -> Result<Reply, Error> {
        let content_type = "application/x-www-form-urlencoded".to_owned();
        let mut call = Call {
            url: self.url(tenant, name),
            headers: vec![("content-type".to_owned(), Zeroizing::new(content_type))],
            body: Some(Zeroizing::new(form.0.as_bytes().to_vec())),
            route: Route::Far,
            retry: Policy::STANDARD,
        };
        let Some(proxy) = &self.proxy else {
            return self.http.send(&call, &request.deadline).await;
        };
        call.url = proxy.url(&path(tenant, name));
        call.headers.extend(proxy.headers());
        call.route = proxy.route()?;
        let sent = self.http.send(&call, &request.deadline).await;
        sent.map_err(|error| match error.kind() {
            ErrorKind::Unreachable => proxy.explain(error),
            _ => error,
        })
    }
}

/// Where a tenant's endpoint is at an Entra host.
fn path(tenant: &str, name: &str) -> String {
    format!("{tenant}/oauth2/v2.0/{name}")
}

/// Takes a secret out of an answer.
pub fn secret(object: &mut Map<String, Value>, name: &str) -> Option<Secret> {
    match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_character_of_a_secret() {
        let form = Form::grant("password")
            .with("password", "a b&c=d+é%")
            .with("x", "");
        assert_eq!(
            form.0.as_str(),
            "grant_type=password&password=a+b%26c%3Dd%2B%C3%A9%25&x="
        );
    }
}
