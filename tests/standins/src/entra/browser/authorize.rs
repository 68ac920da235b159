//! `authorize`: signs a person in and leads the browser back to the application with a code.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{COOKIE, Visit, page};
use crate::entra::access_token;
use crate::entra::directory::{App, Tenant, User};
use crate::entra::refusal::Refusal;
use crate::entra::scope::Scope;
use crate::entra::sessions::AuthorizationCode;
use crate::http::{Parameters, Response};

/// A request whose application and way back are known to be right.
struct Asked<'a> {
    visit: &'a Visit<'a>,
    tenant: Option<&'a Tenant>,
    fields: &'a Parameters,
    app: &'a App,
    redirect_uri: &'a str,
}

/// Until application and way back are known to be right, errors are pages; from then on the application gets them.
pub(super) fn authorize(visit: &Visit<'_>) -> Result<Response, Refusal> {
    let request = visit.request;
    let fields = if request.method == "POST" {
        &request.form
    } else {
        &request.query
    };
    let field = |name| fields.get(name).ok_or_else(|| Refusal::missing_parameter(name));
    let tenant = visit.tenant()?;
    let client_id = field("client_id")?;
    let (_, app) = visit.directory.app(tenant, client_id)?;
    let redirect_uri = field("redirect_uri")?;
    if !app.may_return_to(redirect_uri) {
        return Err(Refusal::redirect_uri_unknown(redirect_uri, client_id));
    }
    let mode = fields.get("response_mode").unwrap_or("query");
    if !["query", "fragment", "form_post"].contains(&mode) {
        return Err(Refusal::unsupported_response_mode(mode));
    }
    let asked = Asked {
        visit,
        tenant,
        fields,
        app,
        redirect_uri,
    };
    Ok(asked.answer().unwrap_or_else(|refusal| {
        let description = refusal.description(request).text;
        asked.back(&[
            ("error", refusal.error),
            ("error_description", &description),
            (
                "error_uri",
                &format!("https://login.microsoftonline.com/error?code={}", refusal.number),
            ),
        ])
    }))
}

impl<'a> Asked<'a> {
    fn answer(&self) -> Result<Response, Refusal> {
        self.check()?;
        let prompt = self.fields.get("prompt").unwrap_or_default();
        if self.posted("cancel").is_some() {
            return Err(Refusal::consent_declined());
        }
        let (name, browser) = match self.who(prompt) {
            Ok(Some(known)) => known,
            Ok(None) if prompt == "none" => return Err(Refusal::silent_sign_in()),
            Ok(None) => return Ok(page::sign_in(self.fields, "")),
            Err(refusal) => return Ok(page::sign_in(self.fields, &refusal.sentence())),
        };
        let (tenant, user) = self.person(&name)?;
        let scope = self.fields.get("scope").unwrap_or_default();
        Scope::of(scope, tenant, self.app)?;
        let sessions = self.visit.sessions;
        if self.app.lacks_consent && !sessions.has_consent(&self.app.client_id) {
            if self.posted("consent").is_none() {
                if prompt == "none" {
                    return Err(Refusal::silent_consent(
                        &self.app.client_id,
                        &self.app.display_name,
                    ));
                }
                return Ok(page::consent(
                    self.fields,
                    &self.app.display_name,
                    scope,
                    &browser,
                ));
            }
            sessions.consent(&self.app.client_id);
        }
        let code = sessions.new_code(AuthorizationCode {
            user: name,
            client_id: self.app.client_id.clone(),
            redirect_uri: self.redirect_uri.to_owned(),
            challenge: self.fields.get("code_challenge").map(ToOwned::to_owned),
            nonce: self.fields.get("nonce").map(ToOwned::to_owned),
            scope: scope.to_owned(),
        });
        let cookie = format!("{COOKIE}={browser}; Path=/; Secure; HttpOnly; SameSite=None");
        let session = Uuid::new_v4().to_string();
        let info = access_token::client_info(tenant, user);
        let mut pairs = vec![("code", code.as_str()), ("session_state", &session)];
        if self.fields.get("client_info") == Some("1") {
            pairs.push(("client_info", &info));
        }
        Ok(self.back(&pairs).with_header("Set-Cookie", &cookie))
    }

    /// What the application may have got wrong.
    fn check(&self) -> Result<(), Refusal> {
        let field = |name| {
            let value = self.fields.get(name);
            value.ok_or_else(|| Refusal::missing_parameter(name))
        };
        let kind = field("response_type")?;
        if kind != "code" {
            return Err(Refusal::unsupported_response_type(kind, &self.app.client_id));
        }
        field("scope")?;
        let Some(challenge) = self.fields.get("code_challenge") else {
            return if self.app.public_client {
                Err(Refusal::no_challenge())
            } else {
                Ok(())
            };
        };
        let method = self.fields.get("code_challenge_method").unwrap_or("plain");
        if method != "S256" {
            return Err(Refusal::bad_challenge_method(method));
        }
        // A SHA-256 in base64url.
        match BASE64_URL_SAFE_NO_PAD.decode(challenge) {
            Ok(digest) if digest.len() == 32 => Ok(()),
            _ => Err(Refusal::bad_challenge_size()),
        }
    }

    /// Who it is, and the browser's session: from the form, else from the cookie, else nobody yet.
    fn who(&self, prompt: &str) -> Result<Option<(String, String)>, Refusal> {
        let sessions = self.visit.sessions;
        if let Some(browser) = self.posted("browser") {
            return Ok(sessions.browser(browser).map(|name| (name, browser.to_owned())));
        }
        if self.posted("username").is_some() {
            let name = self.visit.credentials(self.tenant, self.fields)?;
            let browser = sessions.new_browser(&name);
            return Ok(Some((name, browser)));
        }
        if ["login", "select_account"].contains(&prompt) {
            return Ok(None);
        }
        let hint = self.fields.get("login_hint");
        let known = self.visit.cookie().and_then(|cookie| {
            let name = sessions.browser(cookie)?;
            Some((name, cookie.to_owned()))
        });
        Ok(known.filter(|(name, _)| {
            hint.is_none_or(|hint| hint.eq_ignore_ascii_case(name)) && self.person(name).is_ok()
        }))
    }

    fn person(&self, name: &str) -> Result<(&'a Tenant, &'a User), Refusal> {
        let found = match self.tenant {
            Some(tenant) => tenant.user(name).map(|user| (tenant, user)),
            None => self.visit.directory.user(name),
        };
        found.ok_or_else(|| Refusal::user_not_found(name, None))
    }

    /// A field of the page's form, as opposed to one of the application's.
    fn posted(&self, name: &str) -> Option<&'a str> {
        (self.visit.request.method == "POST")
            .then(|| self.fields.get(name))
            .flatten()
    }

    fn back(&self, pairs: &[(&str, &str)]) -> Response {
        let state = self.fields.get("state").map(|state| ("state", state));
        let mode = self.fields.get("response_mode").unwrap_or("query");
        page::redirect(self.redirect_uri, mode, pairs.iter().copied().chain(state))
    }
}
