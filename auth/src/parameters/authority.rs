//! The host of Entra as a setting names it.

use std::str::FromStr;
use url::Url;

/// `https://host[:port]`, or `None` where the text is neither an https URL without path, user and query nor a host name.
#[must_use]
pub fn normalized(authority: &str) -> Option<String> {
    let authority = authority.trim();
    let url = if authority.contains("://") {
        Url::from_str(authority).ok()?
    } else {
        Url::from_str(&format!("https://{authority}")).ok()?
    };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/";
    let https = url.scheme() == "https" && url.host_str().is_some_and(|host| !host.is_empty());
    (bare && https).then(|| url.as_str().trim_end_matches('/').to_owned())
}
