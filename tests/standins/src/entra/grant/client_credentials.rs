//! The client credentials grant: an application signs in as itself (RFC 6749, 4.4).

use super::{Beside, Granted, TokenRequest, Version};
use crate::entra::access_token::Subject;
use crate::entra::client;
use crate::entra::refusal::Refusal;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let tenant = asked.named_tenant()?;
    let presented = client::presented(asked.request)?;
    let app = asked.app_in(tenant, &presented.client_id)?;
    let name = resource(asked)?;
    let proof = client::authenticate(asked, app, &presented)?;
    let resource = tenant
        .resource(name)
        .ok_or_else(|| Refusal::resource_not_found(name, &tenant.display_name))?;
    let subject = Subject::App {
        client_id: &app.client_id,
        object_id: &app.object_id,
        proof,
    };
    Ok(Granted {
        tenant,
        resource,
        subject,
        beside: Beside::default(),
    })
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
