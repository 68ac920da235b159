//! `Scope=`, which takes a scope or, as older tools do, a resource, each in several spellings.

use crate::cloud::{self, AZURE_SQL};

/// The permission of a scope that asks for all that was agreed to beforehand; applications can ask for no other.
const DEFAULT: &str = ".default";

/// The scope that `value` means: a resource gets `/.default`, a scope keeps its permission.
///
/// Spellings of one resource become one: scheme and host in lower case, and those of Azure's own services with `https://`
/// before them and one slash behind. So they share a token, and are known for what they are.
#[must_use]
pub fn normalize(value: &str) -> String {
    let value = value.trim();
    let path = value.split_once("://").map_or(value, |(_, rest)| rest);
    let is_scope = path
        .split_once('/')
        .is_some_and(|(_, path)| !path.trim_matches('/').is_empty());
    let (resource, permission) = match value.rsplit_once('/').filter(|_| is_scope) {
        Some((resource, permission)) if !permission.is_empty() => (resource, permission),
        // A scope with a slash behind it is one that we do not take apart.
        Some(_) => return value.to_owned(),
        None => (value.trim_end_matches('/'), DEFAULT),
    };
    let known = lower(resource);
    if let Some(resource) = known_resource(&known) {
        return format!("{resource}/{permission}");
    }
    let resource = if known.starts_with("https://") {
        // Of the same length up to the slashes behind it, which are a part of what Entra calls the audience.
        format!("{known}{}", resource.get(known.len()..).unwrap_or_default())
    } else {
        resource.to_owned()
    };
    format!("{resource}/{permission}")
}

/// The name of a service of Azure's that this is a spelling of.
fn known_resource(resource: &str) -> Option<&str> {
    let host = resource.strip_prefix("https://").unwrap_or(resource);
    if resource.eq_ignore_ascii_case(AZURE_SQL) {
        return Some(AZURE_SQL);
    }
    cloud::scopes()
        .filter_map(|scope| scope.strip_suffix("/.default"))
        .find(|known| {
            known
                .strip_prefix("https://")
                .is_some_and(|known| known.eq_ignore_ascii_case(host))
        })
}

/// The scope in which an application asks for itself: a permission that only people can use, such as
/// `user_impersonation`, makes way for `.default`.
#[must_use]
pub fn for_application(scope: &str) -> String {
    match scope.rsplit_once('/') {
        Some((resource, _)) => format!("{resource}/{DEFAULT}"),
        None => scope.to_owned(),
    }
}

/// The resource of a scope, for instance `https://database.windows.net`: what stands before its last slash, as Entra
/// reads it.
#[must_use]
pub fn resource(scope: &str) -> &str {
    scope
        .rsplit_once('/')
        .map_or(scope, |(resource, _)| resource)
        .trim_end_matches('/')
}

/// Whether a token with this `aud` is one for this scope.
///
/// Final slashes and the case of scheme and host make no difference. Azure SQL's tokens bear its name in one of the
/// clouds or, in the newer form, its application id.
#[must_use]
pub fn has_audience(scope: &str, aud: &str) -> bool {
    let resource = resource(scope);
    let is_id = |name: &str| name.eq_ignore_ascii_case(AZURE_SQL);
    is_same(resource, aud)
        || is_id(aud) && cloud::is_audience(&lower(resource))
        || is_id(resource) && cloud::is_audience(&lower(aud))
}

fn is_same(one: &str, other: &str) -> bool {
    lower(one) == lower(other)
}

/// A resource with its scheme and host in lower case, without final slashes; what has no scheme is an id.
fn lower(resource: &str) -> String {
    let resource = resource.trim_end_matches('/');
    let host = resource.find("://").map_or(0, |scheme| scheme + 3);
    let end = resource
        .get(host..)
        .and_then(|rest| rest.find('/'))
        .map_or(resource.len(), |path| host + path);
    let (name, path) = resource.split_at_checked(end).unwrap_or((resource, ""));
    format!("{}{path}", name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_compared_as_entra_writes_them() {
        let sql = "https://database.windows.net/.default";
        for aud in [
            "https://database.windows.net",
            "https://database.windows.net//",
            "HTTPS://Database.Windows.Net/",
            "022907D3-0f1b-48f7-badc-1ba6abab6d66",
        ] {
            assert!(has_audience(sql, aud), "{aud}");
            assert!(
                has_audience("022907d3-0f1b-48f7-badc-1ba6abab6d66/.default", aud),
                "{aud}"
            );
        }
        for aud in [
            "",
            "/",
            "https://database.windows.net.example",
            "https://database.usgovcloudapi.net/",
            "api://database.windows.net",
            " https://database.windows.net",
            "https://database.windows.net/x",
            "database.windows.net",
        ] {
            assert!(!has_audience(sql, aud), "{aud}");
        }
        assert!(has_audience("api://Mine/user_impersonation", "api://mine"));
        assert!(!has_audience("api://mine/Path/.default", "api://mine/path"));
        assert!(!has_audience("a b/.default", "a"));
        assert!(!has_audience(
            "api://mine/.default",
            "022907d3-0f1b-48f7-badc-1ba6abab6d66"
        ));
        assert_eq!(
            resource("https://database.windows.net//.default"),
            "https://database.windows.net"
        );
    }

    #[test]
    fn a_resource_becomes_its_default_scope() {
        for (value, scope) in [
            (
                "https://database.windows.net/",
                "https://database.windows.net/.default",
            ),
            (
                "https://database.windows.net",
                "https://database.windows.net/.default",
            ),
            (
                "https://database.windows.net/.default",
                "https://database.windows.net/.default",
            ),
            (
                "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
                "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
            ),
            ("api://x/user_impersonation", "api://x/user_impersonation"),
            ("api://Mine/Path/", "api://Mine/Path/"),
            ("User.Read", "User.Read/.default"),
        ] {
            assert_eq!(normalize(value), scope);
        }
    }

    #[test]
    fn spellings_of_one_resource_become_one() {
        for value in [
            "https://database.windows.net//.default",
            "https://database.windows.net//",
            "HTTPS://Database.Windows.Net/",
            "https://Database.Windows.Net/.default",
            "database.windows.net",
            "Database.windows.net/",
            "database.windows.net/.default",
        ] {
            assert_eq!(
                normalize(value),
                "https://database.windows.net/.default",
                "{value}"
            );
        }
        for (value, scope) in [
            (
                "https://Database.Windows.Net//user_impersonation",
                "https://database.windows.net/user_impersonation",
            ),
            (
                "DATABASE.usgovcloudapi.net",
                "https://database.usgovcloudapi.net/.default",
            ),
            (
                "022907D3-0f1b-48f7-badc-1ba6abab6d66",
                "022907d3-0f1b-48f7-badc-1ba6abab6d66/.default",
            ),
            (
                "ossrdbms-aad.database.windows.net",
                "https://ossrdbms-aad.database.windows.net/.default",
            ),
            (
                "HTTPS://Org.crm.Dynamics.example//.default",
                "https://org.crm.dynamics.example//.default",
            ),
            // Nobody can tell that these are hosts.
            ("org.crm.dynamics.example", "org.crm.dynamics.example/.default"),
            (
                "api://Database.windows.net",
                "api://Database.windows.net/.default",
            ),
        ] {
            assert_eq!(normalize(value), scope, "{value}");
        }
    }

    #[test]
    fn an_application_asks_for_the_resource_as_a_whole() {
        for (scope, whole) in [
            (
                "https://database.windows.net/user_impersonation",
                "https://database.windows.net/.default",
            ),
            ("https://x.example//.default", "https://x.example//.default"),
            ("api://mine/.default", "api://mine/.default"),
        ] {
            assert_eq!(for_application(scope), whole);
        }
    }
}
