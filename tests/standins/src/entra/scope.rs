//! What a person's sign-in asks for: permissions of one resource, and OpenID Connect's own scopes beside them.

use super::directory::{App, GRAPH, Resource, Tenant};
use super::refusal::Refusal;

/// Scopes that are no resource's.
const OWN: [&str; 4] = ["offline_access", "openid", "profile", "email"];

/// A `scope` parameter, taken apart.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each scope of OpenID Connect is asked for or not"
)]
pub(super) struct Scope<'a> {
    pub(super) resource: &'a Resource,
    /// The permissions that the token will carry.
    pub(super) permissions: String,
    /// The same as the answer names them.
    pub(super) granted: String,
    pub(super) offline_access: bool,
    pub(super) openid: bool,
    pub(super) profile: bool,
    pub(super) email: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn of(text: &str, tenant: &'a Tenant, app: &App) -> Result<Self, Refusal> {
        let (own, others): (Vec<_>, Vec<_>) = text.split_whitespace().partition(|scope| OWN.contains(scope));
        let asked: Vec<_> = others.iter().map(|scope| split(scope)).collect();
        let name = asked.first().map_or(GRAPH, |(name, _)| *name);
        let find = |name| {
            tenant
                .resource(name)
                .ok_or_else(|| Refusal::resource_not_found(name, &tenant.display_name))
        };
        let resource = find(name)?;
        for (name, _) in &asked {
            if find(name)?.audience != resource.audience {
                return Err(Refusal::several_resources(text));
            }
        }
        let all = asked.iter().any(|(_, permission)| *permission == ".default");
        if all && asked.len() > 1 {
            return Err(Refusal::invalid_scope(text));
        }
        let permissions: Vec<&str> = if !all && asked.is_empty() {
            vec!["openid"]
        } else if !all {
            asked.iter().map(|(_, permission)| *permission).collect()
        } else if resource.permissions.is_empty() {
            vec!["user_impersonation"]
        } else {
            resource.permissions.iter().map(String::as_str).collect()
        };
        let is_known = |one: &&str| resource.permissions.iter().any(|known| known == one);
        let unknown = permissions.iter().find(|one| !is_known(one));
        if let Some(unknown) = unknown.filter(|_| !resource.permissions.is_empty()) {
            return Err(Refusal::no_such_permission(
                &app.display_name,
                unknown,
                resource.id(),
            ));
        }
        let named = permissions.iter().copied().chain(all.then_some(".default"));
        let granted: Vec<_> = named.map(|permission| format!("{name}/{permission}")).collect();
        Ok(Self {
            resource,
            permissions: permissions.join(" "),
            granted: granted.join(" "),
            offline_access: own.contains(&"offline_access"),
            openid: own.contains(&"openid"),
            profile: own.contains(&"profile"),
            email: own.contains(&"email"),
        })
    }

    /// The older endpoint names a resource as a whole, and always gives a refresh token.
    pub(super) fn of_resource(
        name: &str,
        scope: Option<&str>,
        tenant: &'a Tenant,
        app: &App,
    ) -> Result<Self, Refusal> {
        let mut asked = Self::of(&format!("{name}/.default"), tenant, app)?;
        asked.offline_access = true;
        asked.openid = scope.is_some_and(|scope| scope.split_whitespace().any(|one| one == "openid"));
        asked.profile = asked.openid;
        Ok(asked)
    }
}

/// A resource and its permission; one without a resource is Graph's.
fn split(scope: &str) -> (&str, &str) {
    scope.rsplit_once('/').unwrap_or((GRAPH, scope))
}
