//! The pages: plain HTML whose forms a person, a scripted browser or curl can fill.

use crate::entra::refusal::Refusal;
use crate::http::{Parameters, Request, Response};

const HTML: &str = "text/html; charset=utf-8";

/// Fields of the pages themselves, which no page hands on.
const OWN: [&str; 5] = ["username", "password", "cancel", "consent", "browser"];

/// Leads the browser to an address with these parameters, in one of the three `response_mode`s.
pub(super) fn redirect<'a>(
    uri: &str,
    mode: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Response {
    if mode == "form_post" {
        let inputs: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| hidden(name, value))
            .collect();
        let form = format!(
            "<form method='post' action='{}'>{}<button>Continue</button></form>\
             <script>document.forms[0].submit()</script>",
            escaped(uri),
            inputs.concat()
        );
        return page("Working...", &form);
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let separator = match mode {
        _ if query.is_empty() => "",
        "fragment" => "#",
        _ if uri.contains('?') => "&",
        _ => "?",
    };
    Response::new(302, HTML, "").with_header("Location", &format!("{uri}{separator}{query}"))
}

/// The sign-in page; the application's parameters come back with its form.
pub(super) fn sign_in(asked: &Parameters, trouble: &str) -> Response {
    let hint = asked
        .get("username")
        .or(asked.get("login_hint"))
        .unwrap_or_default();
    form("Sign in", &format!("{}{}", carried(asked), person(hint, trouble)))
}

/// Asks whether the application may do what it wants to.
pub(super) fn consent(asked: &Parameters, app: &str, scope: &str, browser: &str) -> Response {
    let inside = format!(
        "{}{}<p>{} would like to: {}</p>\
         <button id='accept' name='consent' value='1'>Accept</button>\
         <button id='cancel' name='cancel' value='1'>Cancel</button>",
        carried(asked),
        hidden("browser", browser),
        escaped(app),
        escaped(scope),
    );
    form("Permissions requested", &inside)
}

/// The page for a device's code.
pub(super) fn device(code: &str, trouble: &str) -> Response {
    let code = format!(
        "<label>Code <input name='user_code' id='user_code' value='{}'></label>",
        escaped(code)
    );
    form("Enter code", &format!("{code}{}", person("", trouble)))
}

/// An error that is not the application's to handle.
pub(super) fn trouble(refusal: &Refusal, request: &Request) -> Response {
    let lines = escaped(&refusal.description(request).text).replace("\r\n", "<br>");
    let mut response = page(
        "Sign in",
        &format!("<p>Sorry, but we're having trouble signing you in.</p><p id='trouble'>{lines}</p>"),
    );
    response.status = refusal.status;
    response
}

/// A page without a form.
pub(super) fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    Response::new(200, HTML, html)
}

/// A page whose form goes back to where it came from.
fn form(title: &str, inside: &str) -> Response {
    page(title, &format!("<form method='post'>{inside}</form>"))
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

fn carried(asked: &Parameters) -> String {
    let fields: Vec<_> = asked
        .iter()
        .filter(|(name, _)| !OWN.contains(name))
        .map(|(name, value)| hidden(name, value))
        .collect();
    fields.concat()
}

fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type='hidden' name='{}' value='{}'>",
        escaped(name),
        escaped(value)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}
