//! The client credentials grant: an application signs in as itself (RFC 6749, 4.4).

use super::{Granted, TokenRequest, Version};
use crate::entra::access_token::Subject;
use crate::entra::client;
use crate::entra::refusal::Refusal;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let presented = client::presented(asked.request)?;
    let app = asked.app(&presented.client_id)?;
    let resource = resource(asked)?;
    client::authenticate(app, &presented)?;
    let resource = asked.resource(resource)?;
    let subject = Subject::App {
        client_id: &app.client_id,
        object_id: &app.object_id,
    };
    Ok(Granted { resource, subject })
}

/// An application's permissions are fixed, so it names a resource as a whole: by `/.default` in version 2.
fn resource<'a>(asked: &TokenRequest<'a>) -> Result<&'a str, Refusal> {
    let form = &asked.request.form;
    match asked.version {
        Version::V1 => form
            .get("resource")
            .ok_or_else(|| Refusal::missing_field("resource")),
        Version::V2 => {
            let scope = form.get("scope").ok_or_else(|| Refusal::missing_field("scope"))?;
            match scope.strip_suffix("/.default") {
                Some(resource) if resource.contains(' ') => Err(Refusal::invalid_scope(scope)),
                Some(resource) => Ok(resource),
                None => Err(Refusal::scope_without_default(scope)),
            }
        }
    }
}
