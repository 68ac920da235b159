//! How strings are taken apart and put together again.

use super::*;

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn values(text: &str) -> Vec<(String, String)> {
    let text = units(text);
    let parsed = ConnectionString::parse(&text);
    parsed
        .attributes()
        .iter()
        .map(|attribute| {
            (
                attribute.keyword().to_owned(),
                parsed.value(attribute).to_string(),
            )
        })
        .collect()
}

fn pair(keyword: &str, value: &str) -> (String, String) {
    (keyword.to_owned(), value.to_owned())
}

#[test]
fn the_grammar_is_driver_18s() {
    assert_eq!(
        values(" ;; Server=a,1;UID =x;PWD= y ;APP={a;b}}c};X=p{q}"),
        [
            pair("Server", "a,1"),
            pair("UID ", "x"),
            pair("PWD", " y "),
            pair("APP", "a;b}c"),
            pair("X", "p{q}"),
        ]
    );
}

#[test]
fn odd_strings_are_read_without_panic() {
    assert_eq!(values(""), []);
    assert_eq!(values(";;="), [pair("", "")]);
    assert_eq!(values("lonely"), []);
    assert_eq!(values("a;b=1"), [pair("b", "1")]);
    assert_eq!(values("a="), [pair("a", "")]);
    assert_eq!(values("a={}"), [pair("a", "")]);
    assert_eq!(values("a={b}c;d=e"), [pair("a", "b"), pair("d", "e")]);
    let long = units(&format!("PWD={}", "x".repeat(100_000)));
    assert_eq!(
        ConnectionString::parse(&long).get("pwd").map(|value| value.len()),
        Some(100_000)
    );
}

#[test]
fn an_open_brace_takes_the_rest_and_is_noticed() {
    let text = units("a={b;c=d}}");
    let parsed = ConnectionString::parse(&text);
    assert!(!parsed.is_terminated());
    assert_eq!(parsed.attributes().len(), 1);
    let text = units("a={b;c=d}");
    assert!(ConnectionString::parse(&text).is_terminated());
}

#[test]
fn what_follows_a_closing_brace_is_noticed_and_blanks_there_go() {
    for (text, beyond, kept) in [
        ("a={b};c=d", None, "a={b};c=d;"),
        ("a={b} \t;c=d ;e={f} ", None, "a={b};c=d ;e={f};"),
        ("x=1;a={b}c;d={e}f", Some("a"), "x=1;a={b}c;d={e}f;"),
        ("a={b} {c};d=e", Some("a"), "a={b} {c};d=e;"),
        ("a=b{c}d", None, "a=b{c}d;"),
    ] {
        let text = units(text);
        let parsed = ConnectionString::parse(&text);
        assert_eq!(parsed.unterminated_value().map(Attribute::keyword), beyond);
        assert_eq!(String::from_utf16(&parsed.only(|_| true)).unwrap(), kept);
    }
}

#[test]
fn what_is_kept_is_kept_to_the_unit() {
    let mut text = units("Driver={x y};UID=me;APP= a ;Server=s");
    text.extend([0xd800, u16::from(b';')]);
    let parsed = ConnectionString::parse(&text);
    let kept = parsed.only(|attribute| !attribute.is("uid"));
    let mut expected = units("Driver={x y};APP= a ;Server=s");
    expected.extend([0xd800, u16::from(b';')]);
    assert_eq!(*kept, expected);
}

#[test]
fn appended_values_are_quoted_where_needed() {
    let mut text = Vec::new();
    append(&mut text, "UID", "me");
    append(&mut text, "PWD", "a;b}c");
    assert_eq!(String::from_utf16(&text).unwrap(), "UID=me;PWD={a;b}}c};");
    assert_eq!(
        ConnectionString::parse(&text).get("pwd").unwrap().as_str(),
        "a;b}c"
    );
}
