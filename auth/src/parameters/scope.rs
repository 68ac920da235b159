//! `Scope=`, which takes a scope or, as older tools do, a resource.

use crate::cloud::{self, AZURE_SQL};

/// The scope that `value` means: a resource gets `/.default`, a scope stays as it is.
#[must_use]
pub fn normalize(value: &str) -> String {
    let value = value.trim();
    let path = value.split_once("://").map_or(value, |(_, rest)| rest);
    let is_scope = path
        .split_once('/')
        .is_some_and(|(_, path)| !path.trim_matches('/').is_empty());
    if is_scope {
        value.to_owned()
    } else {
        format!("{}/.default", value.trim_end_matches('/'))
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
        ] {
            assert_eq!(normalize(value), scope);
        }
    }
}
