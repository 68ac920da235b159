//! `sid`: from an id to the statements that make it a user.

use crate::tool::run;

const APPLICATION: &str = "619a4449-b4aa-4383-a2a9-7c365106c5e7";

#[test]
fn an_application_gets_its_sid_and_the_statements_for_its_roles() {
    let out = run(&["sid", APPLICATION, "--name", "pay]roll"]).done();
    assert!(out.contains(
        "CREATE USER [pay]]roll] WITH SID = 0x49449A61AAB48343A2A97C365106C5E7, TYPE = E;\n\
         ALTER ROLE [db_datareader] ADD MEMBER [pay]]roll];\n\
         ALTER ROLE [db_datawriter] ADD MEMBER [pay]]roll];\n"
    ));
    // The right to change tables is for those who ask for it.
    assert!(!out.contains("ddladmin"), "{out}");
    assert!(
        out.contains("application (client) id") && out.contains("object id"),
        "{out}"
    );
    // All of it can be run as it is.
    for line in out.lines() {
        assert!(line.starts_with("--") || line.ends_with(';'), "{line}");
    }
}

#[test]
fn a_script_reads_the_same_as_json() {
    let value = run(&["sid", APPLICATION, "--role", "db_owner", "--group", "--json"]).json();
    assert_eq!(value["sid"], "0x49449A61AAB48343A2A97C365106C5E7");
    assert_eq!(value["id"], APPLICATION);
    assert_eq!(value["type"], "X");
    assert_eq!(
        value["statements"][1],
        format!("ALTER ROLE [db_owner] ADD MEMBER [{APPLICATION}];")
    );
    assert_eq!(value["statements"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_no_guid_or_no_name_is_refused_with_its_reason() {
    let err = run(&["sid", "payroll"]).refused(2);
    assert!(err.contains("not a GUID"), "{err}");
    run(&["sid", APPLICATION, "--name", &"ü".repeat(128)]).done();
    for name in [String::new(), "ü".repeat(129)] {
        let err = run(&["sid", APPLICATION, "--name", &name]).refused(2);
        assert!(err.contains("1 to 128 characters"), "{err}");
    }
    let err = run(&["sid", APPLICATION, "--name", "a\nb"]).refused(2);
    assert!(err.contains("control characters"), "{err}");
}
