#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

use super::*;
use crate::sql_server::sql::parse;
use crate::sql_server::sql::syntax::Statement;

fn evaluate(expression: &str) -> Result<Value, SqlError> {
    let statements = parse(&format!("PRINT {expression}"))?;
    let Some(Statement::Print(expression)) = statements.first() else {
        panic!("{statements:?}");
    };
    let scope = Scope {
        facts: Facts {
            login: "ada@example.com".into(),
            database: "standin".into(),
            spid: 51,
            ..Facts::default()
        },
        variables: Variables::from([("@p1".into(), Value::int(7))]),
    };
    scope.evaluate(expression, Row::default())
}

fn text(expression: &str) -> Option<String> {
    evaluate(expression).unwrap().text()
}

#[test]
fn arithmetic_keeps_the_precedence_of_operators() {
    assert_eq!(evaluate("1 + 2 * 3 - 4 / 2").unwrap(), Value::int(5));
    assert_eq!(evaluate("(1 + 2) * -3").unwrap(), Value::int(-9));
    assert_eq!(evaluate("@p1 % 4").unwrap(), Value::int(3));
    assert_eq!(evaluate("1 / 0").unwrap_err().number, 8134);
    assert_eq!(evaluate("2147483647 + 1").unwrap_err().number, 8115);
}

#[test]
fn numbers_compare() {
    for (operator, answers) in [
        ("<", [true, false, false]),
        ("<=", [true, true, false]),
        ("=", [false, true, false]),
        ("<>", [true, false, true]),
        (">=", [false, true, true]),
        (">", [false, false, true]),
    ] {
        let of = |left| evaluate(&format!("CASE WHEN {left} {operator} 2 THEN 1 ELSE 0 END"));
        assert_eq!(
            [1, 2, 3].map(|left| of(left).unwrap()),
            answers.map(|answer| Value::int(answer.into())),
            "{operator}"
        );
    }
}

#[test]
fn null_is_neither_true_nor_false() {
    for expression in ["NULL = NULL", "NOT (NULL = 1)", "1 IN (2, NULL)", "NULL LIKE 'a'"] {
        assert!(evaluate(expression).unwrap().is_null(), "{expression}");
    }
    assert_eq!(evaluate("NULL IS NULL").unwrap(), Value::bit(true));
    assert_eq!(evaluate("1 = 1 OR NULL = 1").unwrap(), Value::bit(true));
}

#[test]
fn text_compares_without_case_and_matches_patterns() {
    assert_eq!(evaluate("'Abc' = N'aBC '").unwrap(), Value::bit(true));
    assert_eq!(
        evaluate("'entra-odbc' LIKE 'E%_ODB%c'").unwrap(),
        Value::bit(true)
    );
    assert_eq!(evaluate("'entra' LIKE 'n%'").unwrap(), Value::bit(false));
    assert_eq!(text("'a' + N'b' + 'c'").as_deref(), Some("abc"));
}

#[test]
fn case_has_one_type_for_all_branches() {
    let value = evaluate("CASE 2 WHEN 0 THEN NULL WHEN 1 THEN 'READ UNCOMMITTED' WHEN 2 THEN 'READ' END");
    let value = value.unwrap();
    assert_eq!(value.sql_type.name(), "varchar(16)");
    assert_eq!(value.text().as_deref(), Some("READ"));
    assert!(evaluate("CASE WHEN 1 = 2 THEN 5 END").unwrap().is_null());
}

#[test]
fn functions_answer_from_the_session() {
    assert_eq!(text("SUSER_SNAME()").as_deref(), Some("ada@example.com"));
    assert_eq!(text("DB_NAME()").as_deref(), Some("standin"));
    assert_eq!(evaluate("@@SPID").unwrap().as_integer(), Some(51));
    assert_eq!(
        text("CAST(SERVERPROPERTY('EngineEdition') AS integer)").as_deref(),
        Some("5")
    );
    assert!(evaluate("SERVERPROPERTY('NoSuchThing')").unwrap().is_null());
    assert_eq!(text("UPPER(ISNULL(NULL, N'x'))").as_deref(), Some("X"));
}

#[test]
fn what_is_unknown_is_named_in_the_error() {
    assert_eq!(evaluate("nope()").unwrap_err().number, 195);
    assert_eq!(evaluate("nope").unwrap_err().number, 207);
    assert_eq!(evaluate("@nope").unwrap_err().number, 137);
}
