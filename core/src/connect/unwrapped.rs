//! The string of a program that keeps Driver 18 and sets a token itself: the C API and SQLAlchemy.

use super::{
    Destination,
    context::ConnectContext,
    driver_string,
    request::{ConnectRequest, Selection},
    route::{decide_channel, redirect_target},
    target::DEFAULT_LOGIN_TIMEOUT,
    trust::Administrator,
};
use crate::connection_string::Attribute;
use entra_auth::{Error, ErrorKind, Keyword, credential::Mode};
use std::time::Instant;
use zeroize::Zeroizing;

/// The string for the unwrapped driver, without our keywords.
///
/// The same rules as for a connect of ours say where a token may go, also where the string has none of our modes and the
/// token comes from elsewhere. The token is taken for one of SQL Server's: the string's own `Scope=` says nothing of a
/// token that somebody else brings. A string that leaves the sign-in to the driver by name is an error. Asks a server of
/// which nothing else vouches whether it redirects, and waits for that.
pub fn string(text: &[u16], context: &ConnectContext<'_>) -> Result<Zeroizing<Vec<u16>>, Error> {
    let request = ConnectRequest::read(text, context);
    let (name, mode) = match request.selection(&|| true)? {
        Selection::None => match request.value(Keyword::Authentication) {
            Some(value) => return Err(left_to_the_driver(value.trim())),
            None => (None, None),
        },
        Selection::Unspecified => (None, None),
        Selection::Respelled(value) => return Err(left_to_the_driver(value)),
        Selection::Mode(mode) => (Some(mode.name), Some(mode)),
    };
    request
        .with_driver_keywords(|request| without_our_keywords(request, mode, context))
        .map_err(|error| match name {
            Some(name) => error.in_mode(name),
            None => error,
        })
}

/// The same for a string whose mode is known.
fn without_our_keywords(
    request: &ConnectRequest<'_>,
    mode: Option<&Mode>,
    context: &ConnectContext<'_>,
) -> Result<Zeroizing<Vec<u16>>, Error> {
    let administrator = Administrator::read(&context.services.environment, context.installed);
    mode.map(|mode| request.options(mode)).transpose()?;
    let (_, decision) = decide_channel(request, None, &administrator)?;
    if let Some(Destination { server, .. }) = decision.channel.destination() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("the unwrapped driver cannot be led to another address than that of {server}, as this string needs"),
        )
        .remedy("Connect through this driver, or write the address in Server= and the name in HostnameInCertificate=."));
    }
    if decision.rules_out_redirect {
        let target = redirect_target(request, &decision.channel)?;
        let deadline = Instant::now() + DEFAULT_LOGIN_TIMEOUT;
        context
            .redirects
            .rule_out_redirect(&target, deadline, context.services)?;
    }
    let is_ours = |attribute: &Attribute| match (mode, Keyword::named(attribute.keyword())) {
        (_, None) => false,
        (Some(_), Some(_)) => true,
        // Without a mode these are the driver's, which refuses them beside a token unless they are absent.
        (None, Some(row)) => match row.keyword {
            Keyword::User | Keyword::Password => request.string.value(attribute).is_empty(),
            _ => true,
        },
    };
    let driver = request.driver();
    if driver.is_none() && request.section.is_some() {
        return Err(
            Error::invalid("the data source that DSN= names has no Driver= entry")
                .remedy("Add it in odbc.ini, or write DRIVER= in place of DSN=."),
        );
    }
    let driver = driver.as_deref().map(String::as_str);
    Ok(driver_string::dictated(
        request,
        driver,
        &decision.channel,
        |attribute| !is_ours(attribute),
    ))
}

/// A string that asks for no token, although one is about to travel with it.
fn left_to_the_driver(value: &str) -> Error {
    Error::invalid(format!(
        "Authentication={value} leaves the sign-in to the driver, so no token can travel with this string"
    ))
    .remedy("Remove Authentication=, or connect without a token.")
}
