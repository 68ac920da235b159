//! When two spellings are of one word, and when one word is nearly another.

/// Whether both are one word to whoever reads them: case, blanks, `_` and `-` make no difference.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

/// The letters of a word that count, in lower case.
pub(super) fn letters(word: &str) -> impl Iterator<Item = u8> {
    word.bytes()
        .filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'_' | b'-'))
        .map(|byte| byte.to_ascii_lowercase())
}

/// Whether `word` is `known` with a slip of the pen: no more than one letter wrong, or two in a long word.
///
/// A word that is the same by [`is_same`] counts as well.
#[must_use]
pub fn is_nearly(word: &str, known: &str) -> bool {
    /// Shorter words have too many others near to them.
    const SHORTEST: usize = 5;
    const LONG: usize = 10;
    let known: String = letters(known).map(char::from).collect();
    let slips = match known.len() {
        ..SHORTEST => 0,
        SHORTEST..LONG => 1,
        LONG.. => 2,
    };
    // Before anything else: what is read as a keyword may be of any length.
    if word.len() > 2 * known.len() + 8 || !word.is_ascii() {
        return false;
    }
    let word: String = letters(word).map(char::from).collect();
    word.len().abs_diff(known.len()) <= slips && distance(&word, &known) <= slips
}

/// The text without the quotes, of either kind, that are around all of it.
#[must_use]
pub fn unquoted(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

/// Levenshtein's distance.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (above, b) in row.iter_mut().skip(1).zip(&other) {
            let cost = (diagonal + usize::from(a != *b)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_case_make_no_other_word() {
        for word in ["ClientId", "Client_Id", "client id", "CLIENT-ID", " ClientId\t"] {
            assert!(is_same(word, "ClientId"), "{word}");
        }
        for word in ["ClientIds", "Client", "", "Client.Id"] {
            assert!(!is_same(word, "ClientId"), "{word}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_near_and_another_word_is_not() {
        for (word, known) in [
            ("Tennant", "Tenant"),
            ("Tenan", "Tenant"),
            ("Tenant_Ids", "TenantId"),
            ("Authentification", "Authentication"),
            ("Acess_Token", "AccessToken"),
            ("RedirectUrl", "RedirectUri"),
        ] {
            assert!(is_nearly(word, known), "{word}");
        }
        for (word, known) in [
            ("ID", "UID"),
            ("PID", "UID"),
            ("Users", "User"),
            ("Client", "ClientId"),
            ("Source", "Resource"),
            ("T\u{e9}nant", "Tenant"),
        ] {
            assert!(!is_nearly(word, known), "{word}");
        }
        assert!(!is_nearly(&"x".repeat(1_000_000), "Tenant"));
    }
}
