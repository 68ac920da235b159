//! Unique identifiers: their text and their order.

/// As the server writes it: in upper case, the first three groups from the last byte to the first.
pub(in crate::sql_server) fn text(bytes: &[u8; 16]) -> String {
    uuid::Uuid::from_bytes_le(*bytes)
        .hyphenated()
        .to_string()
        .to_uppercase()
}

/// With braces or without; what follows the 36 characters is ignored, as on the real server.
pub(in crate::sql_server) fn parse(text: &str) -> Option<[u8; 16]> {
    let text = text.trim_start().trim_start_matches('{');
    let text = text.get(..36)?;
    let hyphenated = [8, 13, 18, 23]
        .iter()
        .all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    let parsed = hyphenated.then(|| uuid::Uuid::try_parse(text).ok())?;
    Some(parsed?.to_bytes_le())
}

pub(in crate::sql_server) fn random() -> [u8; 16] {
    uuid::Uuid::new_v4().to_bytes_le()
}

/// The server compares the last group first, then from right to left.
pub(super) fn sort_key(bytes: &[u8; 16]) -> u128 {
    const ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];
    ORDER.iter().fold(0, |key, at| {
        key << 8 | u128::from(bytes.get(*at).copied().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_inverse() {
        let written = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
        let bytes = parse("{6f9619ff-8b86-d011-b42d-00c04fc964ff}");
        assert_eq!(bytes.as_ref().map(text).as_deref(), Some(written));
        assert_eq!(bytes.and_then(|bytes| bytes.first().copied()), Some(0xFF));
        assert_eq!(parse("6F9619FF"), None);
    }
}
