#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

use super::*;
use crate::sql_server::sql::syntax::{Expression, Item, Operator, Source, SourceBody};
use crate::sql_server::value::Value;

fn only(sql: &str) -> Statement {
    let mut statements = parse(sql).unwrap();
    assert_eq!(statements.len(), 1, "{statements:?}");
    statements.pop().unwrap()
}

fn named(source: &Source) -> String {
    match &source.body {
        SourceBody::Named(name, _) => name.written(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_select_list_has_names_calls_and_operators() {
    let Statement::Select(select) = only("select 1 + 2*3 as [a], DB_NAME() b FROM sys.databases d WHERE 1=1")
    else {
        panic!("not a select");
    };
    let [
        Item::Column { name, expression },
        Item::Column { name: second, .. },
    ] = select.items.as_slice()
    else {
        panic!("{:?}", select.items);
    };
    assert_eq!(name.as_deref(), Some("a"));
    assert_eq!(second.as_deref(), Some("b"));
    assert!(matches!(expression, Expression::Binary(Operator::Add, ..)));
    assert_eq!(named(&select.from.unwrap()), "sys.databases");
    assert!(select.condition.is_some());
}

#[test]
fn statements_need_no_semicolon_between_them() {
    let statements = parse("SET NOCOUNT ON SET DATEFIRST 7 SELECT 1 COMMIT").unwrap();
    assert_eq!(statements.len(), 4);
    assert_eq!(
        statements.first(),
        Some(&Statement::SetOption(vec!["NOCOUNT".into(), "ON".into()]))
    );
}

#[test]
fn if_takes_one_statement_or_a_block() {
    let Statement::If { then, otherwise, .. } =
        only("IF @@TRANCOUNT > 0 BEGIN PRINT 'a'; COMMIT TRAN END ELSE SELECT 1")
    else {
        panic!("not an if");
    };
    assert_eq!((then.len(), otherwise.len()), (2, 1));
}

#[test]
fn declarations_of_parameters_give_names_and_types() {
    let declarations = parse_declarations("@P1 int,@P2 nvarchar(10),@p3 decimal(5, 2) OUTPUT").unwrap();
    assert_eq!(
        declarations,
        [
            ("@p1".into(), SqlType::Int),
            ("@p2".into(), SqlType::NVarChar(Some(20))),
            (
                "@p3".into(),
                SqlType::Decimal {
                    precision: 5,
                    scale: 2
                }
            ),
        ]
    );
}

#[test]
fn delays_are_hours_minutes_and_seconds() {
    assert_eq!(
        only("WAITFOR DELAY '00:01:02.5'"),
        Statement::WaitFor(Duration::from_millis(62_500))
    );
    assert_eq!(parse("WAITFOR DELAY 'soon'").unwrap_err().number, 148);
}

#[test]
fn what_is_not_understood_is_a_syntax_error_that_names_the_place() {
    for (sql, near) in [
        ("ALTER TABLE t ADD a int", "ALTER"),
        ("SELECT FROM", "FROM"),
        ("SELECT 1,", ","),
    ] {
        let error = parse(sql).unwrap_err();
        assert_eq!(error.number, 102);
        assert!(error.message.contains(&format!("'{near}'")), "{}", error.message);
    }
}

#[test]
fn literals_have_the_types_of_the_real_server() {
    let literal = |sql: &str| match only(sql) {
        Statement::Print(Expression::Literal(value)) => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(literal("PRINT 7"), Value::int(7));
    assert_eq!(literal("PRINT 3000000000").sql_type.name(), "numeric(10,0)");
    assert_eq!(literal("PRINT 1.50").sql_type.name(), "numeric(3,2)");
    assert_eq!(literal("PRINT 'ab'").sql_type.name(), "varchar(2)");
    assert_eq!(literal("PRINT N'ab'").sql_type.name(), "nvarchar(2)");
}

#[test]
fn nesting_without_end_is_refused_and_not_followed() {
    for sql in [
        format!("SELECT {}", "(".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT 1{}", "+1".repeat(100_000)),
        "BEGIN ".repeat(100_000),
        "IF 1=1 ".repeat(100_000),
    ] {
        assert_eq!(parse(&sql).unwrap_err().number, 191);
    }
}

#[test]
fn tables_are_joined_with_and_without_aliases() {
    for sql in [
        "SELECT name FROM a x LEFT JOIN b.c y ON y.id = x.id LEFT OUTER JOIN d ON (d.id = x.id) WHERE x.id = 1",
        "SELECT name FROM a LEFT JOIN b.c ON c.id = a.id LEFT OUTER JOIN d AS z ON (z.id = a.id) WHERE a.id = 1",
    ] {
        let Statement::Select(select) = only(sql) else {
            panic!("{sql}");
        };
        let joined: Vec<_> = select.joins.iter().map(|join| named(&join.source)).collect();
        assert_eq!(joined, ["b.c", "d"]);
        assert!(select.condition.is_some());
    }
    assert_eq!(parse("SELECT name FROM a LEFT JOIN b").unwrap_err().number, 102);
}

#[test]
fn width_is_not_depth() {
    let list = vec!["UPPER(LOWER('a'))"; 1000].join(", ");
    assert_eq!(
        parse(&format!("SELECT {list}")).map(|statements| statements.len()),
        Ok(1)
    );
    assert_eq!(
        parse(&"SELECT 1 ".repeat(1000)).map(|statements| statements.len()),
        Ok(1000)
    );
}
