//! What a person's browser gets to see, and where it is led.

mod authorize;
mod device;
mod page;

use super::directory::{App, Directory, Tenant};
use super::refusal::Refusal;
use super::sessions::Sessions;
use crate::http::{Parameters, Request, Response};

/// The cookie that says who is signed in with this browser.
const COOKIE: &str = "ESTSAUTH";

/// One request of a browser.
pub(super) struct Visit<'a> {
    pub(super) directory: &'a Directory,
    /// The tenant in the path, `None` where the person is to decide.
    pub(super) tenant: Result<Option<&'a Tenant>, Refusal>,
    pub(super) sessions: &'a Sessions,
    pub(super) request: &'a Request,
}

impl<'a> Visit<'a> {
    /// A page or a way to go on; programs' errors are pages as well, since a person reads them.
    pub(super) fn answer(&self, path: &str) -> Response {
        let answer = match path {
            "oauth2/v2.0/authorize" => authorize::authorize(self),
            "oauth2/v2.0/logout" => self.logout(),
            _ => Ok(device::device(self)),
        };
        answer.unwrap_or_else(|refusal| page::trouble(&refusal, self.request))
    }

    fn tenant(&self) -> Result<Option<&'a Tenant>, Refusal> {
        self.tenant.clone()
    }

    /// Ends the session of this browser; leads back only to where one of the applications is registered.
    fn logout(&self) -> Result<Response, Refusal> {
        let tenant = self.tenant()?;
        if let Some(cookie) = self.cookie() {
            self.sessions.forget_browser(cookie);
        }
        let tenants = self.directory.tenants.iter();
        let mut apps = tenants
            .filter(|one| tenant.is_none_or(|tenant| tenant.id == one.id))
            .flat_map(|tenant| &tenant.apps);
        let query = &self.request.query;
        let registered = query
            .get("post_logout_redirect_uri")
            .filter(|uri| apps.any(|app: &App| app.may_return_to(uri)));
        let response = match registered {
            Some(uri) => {
                let state = query.get("state").map(|state| ("state", state));
                page::redirect(uri, "query", state)
            }
            None => page::page("Signed out", "<p>You signed out of your account</p>"),
        };
        let ended = format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly");
        Ok(response.with_header("Set-Cookie", &ended))
    }

    fn cookie(&self) -> Option<&'a str> {
        let cookies = self.request.headers.get("cookie")?.split(';');
        cookies
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .map(|(_, value)| value)
    }

    /// The name of whoever the form signs in. A browser can do more than passwords, so nothing more is asked here.
    fn credentials(&self, tenant: Option<&Tenant>, form: &Parameters) -> Result<String, Refusal> {
        let name = form.get("username").unwrap_or_default();
        let user = match tenant {
            Some(tenant) => tenant.user(name),
            None => self.directory.user(name).map(|(_, user)| user),
        };
        let user = user.ok_or_else(|| {
            Refusal::user_not_found(name, tenant.map(|tenant| tenant.display_name.as_str()))
        })?;
        if user.password != form.get("password").unwrap_or_default() {
            return Err(Refusal::wrong_password());
        }
        if user.disabled {
            return Err(Refusal::user_disabled());
        }
        Ok(user.user_principal_name.clone())
    }
}
