//! `Scope=`, which takes a scope or, as older tools do, a resource.

/// The scope that `value` means: a resource gets `/.default`, a scope stays as it is.
#[must_use]
pub fn of(value: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::of;

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
            assert_eq!(of(value), scope);
        }
    }
}
