//! What a person's sign-in asks for: one resource, and OpenID Connect's own scopes beside it.

use super::directory::{Resource, Tenant};
use super::refusal::Refusal;

/// A `scope` parameter, taken apart.
pub(super) struct Scope<'a> {
    pub(super) resource: &'a Resource,
    /// The permission that the token will carry.
    pub(super) permission: String,
    pub(super) offline_access: bool,
    pub(super) openid: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn of(text: Option<&str>, tenant: &'a Tenant) -> Result<Self, Refusal> {
        let text = text.ok_or_else(|| Refusal::missing_parameter("scope"))?;
        let is_own = |scope: &&str| ["offline_access", "openid", "profile", "email"].contains(scope);
        let (own, others): (Vec<_>, Vec<_>) = text.split_whitespace().partition(is_own);
        let [scope] = others.as_slice() else {
            return Err(Refusal::invalid_scope(text));
        };
        let (resource, permission) = scope
            .rsplit_once('/')
            .ok_or_else(|| Refusal::invalid_scope(text))?;
        let resource = tenant
            .resource(resource)
            .ok_or_else(|| Refusal::resource_not_found(resource, &tenant.display_name))?;
        let permission = match permission {
            ".default" => "user_impersonation",
            permission => permission,
        };
        Ok(Self {
            resource,
            permission: permission.to_owned(),
            offline_access: own.contains(&"offline_access"),
            openid: own.contains(&"openid"),
        })
    }
}
