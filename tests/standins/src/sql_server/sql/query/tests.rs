#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

use super::*;
use crate::sql_server::sql::evaluate::Variables;
use crate::sql_server::sql::functions::Facts;
use crate::sql_server::sql::parse;
use crate::sql_server::sql::syntax::Statement;

fn compiled(sql: &str) -> Result<Query, SqlError> {
    let statement = parse(sql)?.pop().unwrap();
    let Statement::Select(select) = statement else {
        panic!("{statement:?}");
    };
    let scope = Scope {
        facts: Facts {
            database: "master".into(),
            ..Facts::default()
        },
        variables: Variables::new(),
    };
    compile(&select, &scope)
}

/// Rows as text, NULL as a dash.
fn rows(sql: &str) -> Vec<Vec<String>> {
    let rows = compiled(sql).and_then(Query::all);
    let text = |value: Value| value.text().unwrap_or_else(|| "-".to_owned());
    rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .into_iter()
        .map(|row| row.into_iter().map(text).collect())
        .collect()
}

fn error(sql: &str) -> u32 {
    match compiled(sql).and_then(Query::all) {
        Err(error) => error.number,
        Ok(rows) => panic!("{sql}: {rows:?}"),
    }
}

const V: &str = "(VALUES (1, 'b', 2.5), (2, 'a', NULL), (3, NULL, 0.5), (1, 'B', 1.0)) AS v (n, t, d)";

#[test]
fn derived_tables_name_their_columns() {
    assert_eq!(
        rows("SELECT q.[m] FROM (SELECT n + 1 AS m FROM standin.ints(5)) AS q WHERE q.m BETWEEN 3 AND 4"),
        [["3"], ["4"]]
    );
    assert_eq!(
        rows("SELECT COUNT(*) FROM (SELECT TOP 3 n FROM standin.ints) AS q"),
        [["3"]]
    );
    assert_eq!(
        error("SELECT * FROM (SELECT n FROM standin.ints(5) ORDER BY n) AS q"),
        1033
    );
    assert_eq!(
        error("SELECT * FROM (SELECT n, n FROM standin.ints(5)) AS q"),
        8156
    );
    assert_eq!(
        error("SELECT * FROM (SELECT n + 1 FROM standin.ints(5)) AS q"),
        8155
    );
    assert_eq!(
        error("SELECT q.nope FROM (SELECT n FROM standin.ints(5)) AS q"),
        4104
    );
    assert_eq!(
        error("SELECT a.n FROM standin.ints(1) AS a CROSS JOIN standin.ints(1) AS b WHERE n = 1"),
        209
    );
}

#[test]
fn conditions_on_the_number_narrow_the_range() {
    for (condition, first, last, left) in [
        ("n >= 100 AND n < 200", 100, 199, 0),
        ("200 > n AND 99 < n", 100, 199, 0),
        ("n BETWEEN CAST(100 AS bigint) AND 199 AND n % 2 = 0", 100, 199, 1),
        ("n = 7", 7, 7, 0),
        ("n < 200 OR n IS NULL", 1, 199, 0),
        ("n > 3000000 OR n = 7", 1, 5_000_000, 1),
    ] {
        let sql = format!("SELECT n FROM (SELECT n FROM standin.ints(5000000)) AS q WHERE {condition}");
        let Body::Simple(relation) = compiled(&sql).unwrap().body else {
            panic!("{sql}");
        };
        assert!(
            matches!(relation.base, Base::Ints(from, to) if (from, to) == (first, last)),
            "{sql}"
        );
        assert_eq!(relation.filter.len(), left, "{sql}");
    }
    assert_eq!(
        rows("SELECT name FROM standin.pairs(9) WHERE id > 8"),
        [["row 9"]]
    );
    assert_eq!(
        rows("SELECT TOP 2 n FROM standin.ints(9) WHERE n > 5"),
        [["6"], ["7"]]
    );
}

#[test]
fn aggregates_look_at_all_rows_or_at_groups() {
    assert_eq!(
        rows(&format!(
            "SELECT COUNT(*), COUNT(t), COUNT(DISTINCT t), SUM(n), MIN(t), MAX(d), AVG(n) FROM {V}"
        )),
        [["4", "3", "2", "7", "a", "2.5", "1"]]
    );
    assert_eq!(
        rows(&format!(
            "SELECT t, COUNT(*) AS c FROM {V} GROUP BY t ORDER BY c DESC, t"
        )),
        [["b", "2"], ["-", "1"], ["a", "1"]]
    );
    assert_eq!(
        rows(&format!("SELECT n FROM {V} GROUP BY n HAVING COUNT(*) > 1")),
        [["1"]]
    );
    assert_eq!(
        rows("SELECT COUNT_BIG(*), MAX(n) FROM standin.ints(5) WHERE n > 9"),
        [["0", "-"]]
    );
    assert_eq!(error(&format!("SELECT n, COUNT(*) FROM {V}")), 8120);
    assert_eq!(error(&format!("SELECT SUM(t) FROM {V}")), 8117);
}

#[test]
fn what_is_known_of_whole_tables_needs_no_look_at_them() {
    // These would take minutes.
    let big = "(SELECT id, name FROM standin.pairs(2000000000)) AS q";
    assert_eq!(
        rows(&format!(
            "SELECT COUNT(*), MIN(id), MAX(id) FROM {big} WHERE id > 5"
        )),
        [["1999999995", "6", "2000000000"]]
    );
    assert_eq!(rows(&format!("SELECT COUNT(*) FROM {big} WHERE 1 = 0")), [["0"]]);
    assert!(rows(&format!("SELECT * FROM {big} WHERE name LIKE 'r%' AND 1 = 0")).is_empty());
}

#[test]
fn rows_come_in_the_order_that_is_asked_for() {
    assert_eq!(
        rows(&format!("SELECT n FROM {V} ORDER BY d")),
        [["2"], ["3"], ["1"], ["1"]]
    );
    assert_eq!(
        rows(&format!("SELECT TOP 1 n AS x FROM {V} ORDER BY x DESC")),
        [["3"]]
    );
    assert_eq!(
        rows("SELECT n FROM standin.ints(9) ORDER BY n DESC OFFSET 2 ROWS FETCH NEXT 2 ROWS ONLY"),
        [["7"], ["6"]]
    );
    assert_eq!(
        rows(&format!("SELECT DISTINCT n FROM {V} ORDER BY 1")),
        [["1"], ["2"], ["3"]]
    );
    assert_eq!(
        rows("SELECT n FROM standin.ints(2) UNION ALL SELECT 0.5 ORDER BY n"),
        [["0.5"], ["1.0"], ["2.0"]]
    );
    assert_eq!(error("SELECT 1 AS a UNION ALL SELECT 1, 2"), 205);
}

#[test]
fn joins_compare_each_row_with_each() {
    assert_eq!(
        rows("SELECT a.n, b.n FROM standin.ints(3) AS a JOIN standin.ints(2) b ON b.n = a.n - 1"),
        [["2", "1"], ["3", "2"]]
    );
    assert_eq!(
        rows("SELECT a.n, b.n FROM standin.ints(2) AS a LEFT JOIN standin.ints(1) b ON b.n = a.n"),
        [["1", "1"], ["2", "-"]]
    );
}

#[test]
fn queries_stand_in_expressions() {
    assert_eq!(rows("SELECT (SELECT MAX(n) FROM standin.ints(4)) + 1"), [["5"]]);
    assert_eq!(
        rows("SELECT n FROM standin.ints(5) WHERE n IN (SELECT id FROM standin.pairs(2))"),
        [["1"], ["2"]]
    );
    assert_eq!(
        rows("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM standin.ints(0))"),
        [["1"]]
    );
    assert_eq!(error("SELECT (SELECT n FROM standin.ints(4))"), 512);
}

#[test]
fn literals_take_the_type_of_what_they_are_compared_with() {
    for condition in [
        "CAST('2026-01-02' AS date) = '2026-01-02'",
        "CAST('2026-01-02T03:04:05' AS datetime2(3)) > '2026-01-02'",
        "CAST('2026-01-02T03:04:05+02:00' AS datetimeoffset) = '2026-01-02 01:04:05 +00:00'",
        "CAST('12:30' AS time(0)) < '12:30:01'",
        "CAST(1.50 AS decimal(9, 2)) = '1.5'",
        "CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier) = '6f9619ff-8b86-d011-b42d-00c04fc964ff'",
        "CAST('abc  ' AS char(5)) = 'ABC'",
        "CAST(2.5 AS money) >= 2.5",
    ] {
        assert_eq!(
            rows(&format!("SELECT 1 WHERE {condition}")),
            [["1"]],
            "{condition}"
        );
    }
    assert_eq!(error("SELECT 1 WHERE CAST('2026-01-02' AS date) > 'soon'"), 241);
    assert_eq!(error("SELECT 1 WHERE 1 = 'x'"), 245);
    assert_eq!(error("SELECT CAST('x' AS decimal(5, 2))"), 8114);
    assert_eq!(
        rows("SELECT TRY_CAST('x' AS int), TRY_CONVERT(date, '2026-13-01')"),
        [["-", "-"]]
    );
}

#[test]
fn dates_are_computed_with() {
    assert_eq!(
        rows(
            "SELECT DATEADD(month, 1, CAST('2026-01-31' AS date)), DATEDIFF(day, '2026-01-01', '2026-03-01')"
        ),
        [["2026-02-28", "59"]]
    );
    assert_eq!(
        rows(
            "SELECT CONVERT(varchar(30), CAST('2026-01-02T03:04:05.678' AS datetime2(3)), 126), YEAR('2026-01-02')"
        ),
        [["2026-01-02T03:04:05.678", "2026"]]
    );
}

#[test]
fn decimals_are_exact() {
    assert_eq!(
        rows("SELECT 0.1 + 0.2, 1.10 * 2.05, 1 / 3.0, 7.5 % 2"),
        [["0.3", "2.2550", "0.333333", "1.5"]]
    );
    assert_eq!(
        rows("SELECT SUM(d) FROM (VALUES (0.1), (0.2), (12345678901234567890.1)) AS v (d)"),
        [["12345678901234567890.4"]]
    );
}
