//! Which connection a token may take, and how a server is asked whether it redirects.

use super::{
    context::ConnectContext,
    request::{ConnectRequest, Selection},
    selected_mode,
    trust::{Administrator, Channel, Decision},
};
use crate::tds::Target;
use entra_auth::{Error, Options};

/// Whether a token may go where a string leads, by which connection: what a connect, or [`unwrapped::string`](super::unwrapped::string), would decide.
///
/// Nobody is asked for a token, nor the server for a redirect.
pub fn decide(text: &[u16], context: &ConnectContext<'_>) -> Result<Decision, Error> {
    let request = ConnectRequest::read(text, context);
    let mode = match request.selection(&|| true)? {
        Selection::Mode(mode) => Some(mode),
        Selection::None | Selection::Unspecified | Selection::Respelled(_) => None,
    };
    request.with_driver_keywords(|request| {
        let administrator = Administrator::read(&context.services.environment, context.installed);
        let options = mode.map(|mode| request.options(mode)).transpose()?;
        decide_channel(request, options.as_ref(), &administrator).map(|(_, decision)| decision)
    })
}

/// Which scope the token is for, and by which connection it may go there.
pub(super) fn decide_channel(
    request: &ConnectRequest<'_>,
    options: Option<&Options>,
    administrator: &Administrator,
) -> Result<(String, Decision), Error> {
    request.check_braces()?;
    let channel = request.channel()?.ok_or_else(|| {
        Error::invalid("Server= is missing, so nobody can tell whether a token may go there")
            .remedy("Add Server=... to the connection string or data source.")
    })?;
    // Without options nobody says whose token it is: it is taken for one of SQL Server's.
    let scope = match options {
        Some(options) => selected_mode::scope(Some(options), Some(&channel)),
        None => channel.sql_scope().to_owned(),
    };
    let decision = channel.decide(&scope, administrator)?;
    Ok((scope, decision))
}

/// How the server is asked whether it sends connections on.
pub(super) fn redirect_target(request: &ConnectRequest<'_>, channel: &Channel) -> Result<Target, Error> {
    let server = &channel.server;
    let cannot = |why: &str| {
        Error::invalid(format!(
            "nothing vouches for {server}, and it cannot be asked whether it sends the token on to another server: {why} \
             (entra-odbc explain trust)"
        ))
    };
    let intent = request.get(&["ApplicationIntent"]);
    if intent.is_some_and(|intent| intent.trim().eq_ignore_ascii_case("ReadOnly")) {
        return Err(cannot("ApplicationIntent=ReadOnly asks for that after the login").remedy(
            "Remove ApplicationIntent=, or have the certificate validated: Encrypt=yes;TrustServerCertificate=no.",
        ));
    }
    channel.target(request.login_options()).ok_or_else(|| {
        cannot("the port of an instance is not known").remedy("Add the port: Server=host,port.")
    })
}
