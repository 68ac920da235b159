//! What a person's browser gets to see: the sign-in page, the page for a device's code, and where they lead.

use super::directory::{App, Directory, Tenant};
use super::refusal::Refusal;
use super::sessions::{AuthorizationCode, Decision, Sessions};
use crate::http::{Parameters, Request, Response};

const HTML: &str = "text/html; charset=utf-8";

/// `authorize`: shows the page, or leads back with a code once the form comes in.
pub(super) fn authorize(
    directory: &Directory,
    tenant: Option<&Tenant>,
    sessions: &Sessions,
    request: &Request,
) -> Result<Response, Refusal> {
    let (asked, answer) = if request.method == "POST" {
        (&request.form, Some(&request.form))
    } else {
        (&request.query, None)
    };
    let field = |name| asked.get(name).ok_or_else(|| Refusal::missing_parameter(name));
    let client_id = field("client_id")?;
    let app = app(directory, tenant, client_id)?;
    let redirect_uri = field("redirect_uri")?;
    if !app
        .redirect_uris
        .iter()
        .any(|known| is_registered(known, redirect_uri))
    {
        return Err(Refusal::redirect_uri_unknown(redirect_uri, client_id));
    }
    let back = |pairs: &[(&str, &str)]| {
        back(
            redirect_uri,
            asked.get("response_mode"),
            asked.get("state"),
            pairs,
        )
    };
    if field("response_type")? != "code" {
        return Ok(back(&[("error", "unsupported_response_type")]));
    }
    let challenge = asked.get("code_challenge");
    if challenge.is_none() && app.public_client {
        return Ok(back(&[
            ("error", "invalid_request"),
            (
                "error_description",
                "AADSTS9002325: Proof Key for Code Exchange is required.",
            ),
        ]));
    }
    if challenge.is_some() && asked.get("code_challenge_method") != Some("S256") {
        return Ok(back(&[
            ("error", "invalid_request"),
            (
                "error_description",
                "AADSTS501481: The code_challenge_method must be S256.",
            ),
        ]));
    }
    let Some(answer) = answer else {
        return Ok(sign_in_page(asked, ""));
    };
    if answer.get("cancel").is_some() {
        return Ok(back(&[
            ("error", "access_denied"),
            (
                "error_description",
                "AADSTS65004: User declined to consent to access the app.",
            ),
        ]));
    }
    match credentials(directory, tenant, answer) {
        Err(refusal) => Ok(sign_in_page(asked, &refusal.sentence())),
        Ok(user) => {
            let code = sessions.new_code(AuthorizationCode {
                user,
                client_id: app.client_id.clone(),
                redirect_uri: redirect_uri.to_owned(),
                challenge: challenge.map(ToOwned::to_owned),
                nonce: asked.get("nonce").map(ToOwned::to_owned),
            });
            Ok(back(&[("code", &code)]))
        }
    }
}

/// `deviceauth`: the page where a person types the code that a device shows.
pub(super) fn device(directory: &Directory, sessions: &Sessions, request: &Request) -> Response {
    if request.method != "POST" {
        let code = request.query.get("otc").unwrap_or_default();
        return device_page(code, "");
    }
    let form = &request.form;
    let code = form.get("user_code").unwrap_or_default();
    let decision = if form.get("cancel").is_some() {
        Decision::Declined
    } else {
        match credentials(directory, None, form) {
            Ok(user) => Decision::Approved(user),
            Err(refusal) => return device_page(code, &refusal.sentence()),
        }
    };
    if sessions.decide(code, decision) {
        page("Signed in", "<p>You may close this window.</p>")
    } else {
        device_page(code, "That code didn't work. Check the code and try again.")
    }
}

/// The name of whoever the form signs in.
fn credentials(directory: &Directory, tenant: Option<&Tenant>, form: &Parameters) -> Result<String, Refusal> {
    let name = form.get("username").unwrap_or_default();
    let user = match tenant {
        Some(tenant) => tenant.user(name),
        None => directory.user(name).map(|(_, user)| user),
    };
    let user = user.ok_or_else(|| Refusal::user_not_found(name, None))?;
    if user.password != form.get("password").unwrap_or_default() {
        return Err(Refusal::wrong_password());
    }
    if user.disabled {
        return Err(Refusal::user_disabled());
    }
    Ok(user.user_principal_name.clone())
}

/// The application, in the tenant of the path or, where that names none, in any.
fn app<'a>(
    directory: &'a Directory,
    tenant: Option<&'a Tenant>,
    client_id: &str,
) -> Result<&'a App, Refusal> {
    let found = match tenant {
        Some(tenant) => tenant.app(client_id),
        None => directory.tenants.iter().find_map(|tenant| tenant.app(client_id)),
    };
    let name = tenant.map_or("", |tenant| tenant.display_name.as_str());
    found.ok_or_else(|| Refusal::app_not_found(client_id, name))
}

/// `http://localhost` stands for any of its ports (RFC 8252, 7.3); all else is compared letter by letter.
fn is_registered(known: &str, asked: &str) -> bool {
    let without_port = |uri: &str| {
        let rest = uri.strip_prefix("http://localhost")?;
        let path = rest
            .strip_prefix(':')
            .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        Some(path.trim_end_matches('/').to_owned())
    };
    known == asked || without_port(known).is_some_and(|known| without_port(asked) == Some(known))
}

fn back(uri: &str, mode: Option<&str>, state: Option<&str>, pairs: &[(&str, &str)]) -> Response {
    let pairs = pairs.iter().copied().chain(state.map(|state| ("state", state)));
    if mode == Some("form_post") {
        let inputs: Vec<_> = pairs.map(|(name, value)| hidden(name, value)).collect();
        let form = format!(
            "<form method='post' action='{}'>{}<button>Continue</button></form><script>document.forms[0].submit()</script>",
            escaped(uri),
            inputs.concat()
        );
        return page("Working...", &form);
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let separator = match mode {
        Some("fragment") => '#',
        _ if uri.contains('?') => '&',
        _ => '?',
    };
    Response::new(302, HTML, "").with_header("Location", &format!("{uri}{separator}{query}"))
}

fn sign_in_page(asked: &Parameters, trouble: &str) -> Response {
    let hint = asked.get("login_hint").unwrap_or_default();
    let fields: Vec<_> = asked
        .iter()
        .filter(|(name, _)| !["username", "password"].contains(name))
        .map(|(name, value)| hidden(name, value))
        .collect();
    page(
        "Sign in",
        &format!("{}{}", fields.concat(), person(hint, trouble)),
    )
}

fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type='hidden' name='{}' value='{}'>",
        escaped(name),
        escaped(value)
    )
}

fn device_page(code: &str, trouble: &str) -> Response {
    let code = format!(
        "<label>Code <input name='user_code' value='{}'></label>",
        escaped(code)
    );
    page("Enter code", &format!("{code}{}", person("", trouble)))
}

fn person(hint: &str, trouble: &str) -> String {
    format!(
        "<label>Name <input name='username' id='username' value='{}'></label>\
         <label>Password <input name='password' id='password' type='password'></label>\
         <p id='trouble'>{}</p><button id='submit'>Sign in</button>\
         <button id='cancel' name='cancel' value='1'>Cancel</button>",
        escaped(hint),
        escaped(trouble)
    )
}

/// A form that goes back to where it came from.
fn page(title: &str, body: &str) -> Response {
    let body = if body.starts_with("<form") || body.starts_with("<p>") {
        body.to_owned()
    } else {
        format!("<form method='post'>{body}</form>")
    };
    let html = format!(
        "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
    );
    Response::new(200, HTML, html)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}
