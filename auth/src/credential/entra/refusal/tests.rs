//! What refusals say, and that they fit in what arrives.

use super::*;
use crate::Text;
use std::collections::HashSet;

fn numbers() -> impl Iterator<Item = (u32, &'static Row)> {
    rows().flat_map(|row| row.numbers.iter().map(move |number| (*number, row)))
}

#[test]
fn each_number_stands_once_with_a_cause_and_a_remedy() {
    let mut seen = HashSet::new();
    for (number, row) in numbers() {
        assert!(seen.insert(number), "{number} stands twice");
        let Template { words, values } = row.remedy;
        assert!(words.ends_with('.'), "{number}");
        assert_eq!(words.matches("{}").count(), values.len(), "{number}");
        assert!(!row.cause.ends_with('.'), "{number}");
        let error = refusal(number);
        assert_eq!((error.kind().name(), error.code()), ("refused", number));
        let [what, remedy, _] = error.words();
        assert!(what.ends_with(row.cause), "{number}: {what}");
        let start = if error.asks_for_sign_in() { "Sign in " } else { "" };
        assert_eq!(remedy, format!("{start}{}", Text::from(row.remedy)), "{number}");
    }
}

#[test]
fn each_leaves_room_for_entras_own_words() {
    for (number, _) in numbers() {
        assert!(refusal(number).to_string().len() < 256, "{number}");
    }
}

#[test]
fn the_numbers_that_people_meet_are_all_there() {
    for number in [
        7_000_215, 7_000_222, 7_000_218, 7_000_112, 700_016, 90002, 900_023, 50076, 50079, 50158, 65001,
        65004, 70008, 700_082, 50173, 70016, 70018, 70019, 70020, 50126, 50034, 50053, 50057, 50055, 53003,
        530_003, 700_024, 700_027, 700_021, 700_211, 700_212, 700_213, 70021, 500_133, 50013, 500_011,
        500_014, 50020, 90072,
    ] {
        assert!(numbers().any(|(known, _)| known == number), "{number}");
    }
}

#[test]
fn keywords_in_remedies_are_keywords_of_ours() {
    let known = |word: &str| {
        crate::KEYWORDS
            .iter()
            .any(|keyword| keyword.names.contains(&word))
    };
    for word in [
        "UID",
        "PWD",
        "TenantId",
        "ClientId",
        "ClientCertificate",
        "SendCertificateChain",
        "UserAssertion",
        "Scope",
        "Authority",
        "RedirectUri",
        "RefreshToken",
    ] {
        assert!(known(word), "{word} is no keyword");
        assert!(
            numbers().any(|(_, row)| row.remedy.values.iter().any(|value| value.name() == word)),
            "{word} is in no remedy"
        );
    }
}

#[test]
fn a_number_that_nobody_has_met_is_told_with_entras_words() {
    let error = refusal(999).detail("AADSTS999: new.");
    assert_eq!(error.code(), 999);
    assert_eq!(
        error.to_string(),
        "[entra-odbc] Entra refused the sign-in (AADSTS999). See Entra's own words. AADSTS999: new."
    );
    assert_eq!(
        refusal(0).to_string(),
        "[entra-odbc] Entra refused the sign-in. See Entra's own words."
    );
}
