//! The name that was probably meant.

/// The known name that is most like `wanted`, if one is like it at all; never `wanted` itself.
///
/// Case, blanks, `_` and `-` do not count. Of the rest one letter in four may be another one.
pub fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(wanted);
    let tolerated = plain.chars().count() / 4;
    known
        .filter(|name| *name != wanted)
        .map(|name| (strsim::osa_distance(&plain, &self::plain(name)), name))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn plain(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_known_is_found_and_others_are_not() {
        let known = ["ClientId", "TenantId", "Server", "UID", "Database", "APP"];
        let nearest = |wanted| nearest(wanted, known.into_iter());
        for (wanted, meant) in [
            ("Client_Id", "ClientId"),
            ("Tenant Id", "TenantId"),
            ("tenant-id", "TenantId"),
            ("Sever", "Server"),
            ("Databse", "Database"),
            ("UID ", "UID"),
        ] {
            assert_eq!(nearest(wanted), Some(meant), "{wanted}");
        }
        for wanted in ["", "Pooling", "Debug", "UIX", "Server", "X"] {
            assert_eq!(nearest(wanted), None, "{wanted}");
        }
    }
}
