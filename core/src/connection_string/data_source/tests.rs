//! Sections of odbc.ini, read as strings are.

use super::*;

/// What a section with these entries says in Driver 18's words.
fn rewritten(entries: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
    let look_up = |_: &[u16], keyword: &str| {
        let mut all = entries.iter();
        let entry = all.find(|(key, _)| key.eq_ignore_ascii_case(keyword));
        entry.map(|(_, value)| (*value).to_owned())
    };
    let list = |_: &[u16]| {
        let keys = entries.iter().map(|(key, _)| Zeroizing::new((*key).to_owned()));
        keys.collect()
    };
    let section = DataSource::new("a".encode_utf16().collect(), &look_up, &list);
    let rewritten = section
        .in_driver_keywords(None)
        .map_err(|error| error.to_string())?;
    let pairs = rewritten.keywords().map(|keyword| {
        let value = rewritten.get(keyword).unwrap_or_default();
        (keyword.to_owned(), value.to_string())
    });
    Ok(pairs.collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.collect()
}

#[test]
fn a_section_is_rewritten_as_a_string_is() {
    assert_eq!(
        rewritten(&[
            ("Driver", "x"),
            ("Data Source", "\"a\""),
            ("Port", "1434"),
            ("Initial Catalog", "{b;c}}d}"),
            ("Encrypt", "True"),
            ("Trust Server Certificate", "False"),
            ("Client_Id", "{e}"),
            ("Unknown", "f"),
            ("encrypt", "no"),
        ])
        .unwrap(),
        pairs(&[
            ("Driver", "x"),
            ("Server", "a,1434"),
            ("Port", "1434"),
            ("Database", "b;c}d"),
            ("Encrypt", "yes"),
            ("TrustServerCertificate", "no"),
            ("Client_Id", "e"),
        ])
    );
    // Braces that quote nothing are a part of the value.
    let kept = [("UID", "{a}b}"), ("Database", "}{")];
    assert_eq!(rewritten(&kept).unwrap(), pairs(&kept));
}

#[test]
fn a_line_that_unix_odbc_cuts_is_told() {
    let cut = "s3cret".repeat(200);
    for (name, expected) in [
        ("AccessToken", "AccessTokenFile="),
        ("Password", "PWDFile="),
        ("Client_Assertion", "ClientAssertionFile="),
        ("ServerCertificate", "connection string"),
    ] {
        // What unixODBC makes of it, with and without blanks around the `=`.
        for blanks in [0, 2] {
            let value = &cut[..MAX_LINE - name.len() - 1 - blanks];
            let error = rewritten(&[(name, value), (&cut[..100], ""), ("Database", "x")]).unwrap_err();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
            // A line of that very length.
            assert!(rewritten(&[(name, value), ("Database", "x")]).is_ok(), "{name}");
            assert!(rewritten(&[(name, value)]).is_ok(), "{name}");
        }
        // A reader that cuts nothing, where unixODBC would.
        assert!(rewritten(&[(name, &cut)]).unwrap_err().contains(expected));
        assert!(
            rewritten(&[(name, &cut[..900]), ("Nobody's", "")]).is_ok(),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_listed_is_read_by_its_name() {
    let look_up = |_: &[u16], keyword: &str| match keyword {
        "Server" => Some("a".to_owned()),
        "UID" => Some("{b}".to_owned()),
        _ => None,
    };
    let section = DataSource::new("a".encode_utf16().collect(), &look_up, &|_| Vec::new());
    assert_eq!(section.value(Keyword::User).unwrap().as_str(), "b");
    let rewritten = section.in_driver_keywords(None).unwrap();
    assert_eq!(rewritten.get("server").unwrap().as_str(), "a");
    assert_eq!(rewritten.value(Keyword::User).unwrap().as_str(), "b");
}

#[test]
fn a_slip_of_the_pen_in_a_section_is_told() {
    let error = rewritten(&[("Server", "a"), ("TennantId", "b")]).unwrap_err();
    assert!(
        error.contains("TennantId= in the data source") && error.contains("TenantId="),
        "{error}"
    );
}
