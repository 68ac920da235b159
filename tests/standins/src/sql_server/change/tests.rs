#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

use super::*;
use crate::sql_server::sql::evaluate::Variables;
use crate::sql_server::sql::functions::Facts;
use crate::sql_server::sql::parse;
use crate::sql_server::sql::query;
use crate::sql_server::storage::Storage;
use crate::sql_server::value::Value;

/// Sessions that see the same tables; nothing is locked, since one runs after the other.
struct Session(Work);

impl Session {
    fn two() -> [Self; 2] {
        let storage: Arc<Storage> = Arc::default();
        [1, 2].map(|owner| Self(Work::new(Arc::clone(&storage), owner)))
    }

    fn scope(&self) -> Scope {
        Scope {
            facts: Facts {
                database: "master".into(),
                view: self.0.view(),
                ..Facts::default()
            },
            variables: Variables::new(),
        }
    }

    /// Runs all in the transaction; gives the number of changed rows of the last.
    fn run(&mut self, sql: &str) -> Result<u64, SqlError> {
        let mut count = 0;
        for statement in parse(sql)? {
            let scope = self.scope();
            let savepoint = self.0.savepoint();
            let done = self.one(statement, &scope);
            if done.is_err() {
                self.0.undo(&savepoint);
            }
            count = done?;
        }
        Ok(count)
    }

    fn one(&mut self, statement: Statement, scope: &Scope) -> Result<u64, SqlError> {
        let work = &mut self.0;
        let mut change = match statement {
            Statement::CreateTable(table) => return create_table(&table, scope, work).map(|_| 0),
            Statement::DropTable { names, if_exists } => {
                return drop_tables(&names, if_exists, scope, work).map(|()| 0);
            }
            Statement::Truncate(name) => return truncate(&name, scope, work).map(|()| 0),
            Statement::Insert(statement) => insert(&statement, scope, work)?,
            Statement::Update(statement) => update(&statement, scope)?,
            Statement::Delete(statement) => delete(&statement, scope)?,
            other => panic!("{other:?}"),
        };
        while change.step()? {}
        Ok(change.finish(work).count)
    }

    fn error(&mut self, sql: &str) -> SqlError {
        match self.run(sql) {
            Err(error) => error,
            Ok(count) => panic!("{sql}: {count}"),
        }
    }

    /// Rows as text, NULL as a dash.
    fn rows(&self, sql: &str) -> Vec<String> {
        let Some(Statement::Select(select)) = parse(sql).unwrap().pop() else {
            panic!("{sql}");
        };
        let rows = query::compile(&select, &self.scope()).and_then(query::Query::all);
        let text = |value: &Value| value.text().unwrap_or_else(|| "-".to_owned());
        let line = |row: &Vec<Value>| row.iter().map(text).collect::<Vec<_>>().join(" ");
        rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
            .iter()
            .map(line)
            .collect()
    }
}

#[test]
fn tables_are_made_filled_changed_and_dropped() {
    let [mut one, _] = Session::two();
    one.run("CREATE TABLE dbo.[t] (id int NOT NULL PRIMARY KEY, name nvarchar(10), n int DEFAULT 7)")
        .unwrap();
    assert_eq!(
        one.run("INSERT INTO t VALUES (1, 'a', DEFAULT), (2, N'b', NULL)"),
        Ok(2)
    );
    assert_eq!(
        one.run("INSERT master.dbo.T (name, id) SELECT name, id FROM standin.pairs(4) WHERE id > 2"),
        Ok(2)
    );
    assert_eq!(
        one.rows("SELECT * FROM t"),
        ["1 a 7", "2 b -", "3 row 3 7", "4 row 4 7"]
    );
    assert_eq!(one.run("UPDATE t SET n = n + id WHERE name LIKE 'row%'"), Ok(2));
    assert_eq!(one.run("UPDATE t SET id = id + 1"), Ok(4));
    assert_eq!(one.run("DELETE FROM t WHERE n IS NULL OR id = 2"), Ok(2));
    assert_eq!(one.rows("SELECT id, n FROM t"), ["4 10", "5 11"]);
    one.run("INSERT INTO t (id) VALUES (2)").unwrap();
    one.run("TRUNCATE TABLE t").unwrap();
    assert_eq!(one.rows("SELECT COUNT(*), COUNT(name) FROM t"), ["0 0"]);
    one.run("DROP TABLE IF EXISTS nope, t").unwrap();
    assert_eq!(one.error("DROP TABLE t").number, 3701);
}

#[test]
fn what_a_table_does_not_take_is_refused_whole() {
    let [mut one, _] = Session::two();
    one.run("CREATE TABLE t (id int IDENTITY(5, 5), a varchar(3) NOT NULL, b tinyint, CONSTRAINT pk_t PRIMARY KEY (a))").unwrap();
    one.run("INSERT INTO t (a, b) VALUES ('x', 1)").unwrap();
    for (sql, number) in [
        ("CREATE TABLE T (a int)", 2714),
        ("CREATE TABLE nope.t (a int)", 2760),
        ("CREATE TABLE u (a sql_variant)", 40514),
        ("INSERT INTO nope VALUES (1)", 208),
        ("INSERT INTO t (a) VALUES ('y'), (NULL)", 515),
        ("INSERT INTO t (b) VALUES (1)", 515),
        ("INSERT INTO t (a) VALUES ('y'), ('X ')", 2627),
        ("INSERT INTO t (a) VALUES ('abcd')", 2628),
        ("INSERT INTO t (a, b) VALUES ('y', 'z')", 245),
        ("INSERT INTO t (a, b) VALUES ('y', 256)", 8115),
        ("INSERT INTO t (a, nope) VALUES ('y', 1)", 207),
        ("INSERT INTO t (a, a) VALUES ('y', 'z')", 264),
        ("INSERT INTO t (id, a) VALUES (1, 'y')", 544),
        ("INSERT INTO t (a, b) VALUES ('y')", 109),
        ("INSERT INTO t VALUES ('y')", 213),
        ("UPDATE t SET a = NULL", 515),
        ("UPDATE t SET id = 1", 8102),
        ("TRUNCATE TABLE nope", 4701),
    ] {
        assert_eq!(one.error(sql).number, number, "{sql}");
    }
    let error = one.error("INSERT INTO t (a) VALUES ('x')");
    assert_eq!(
        error.message,
        "Violation of PRIMARY KEY constraint 'pk_t'. Cannot insert duplicate key in object 'dbo.t'. The duplicate key value is (x)."
    );
    // Trailing blanks are no truncation.
    one.run("INSERT INTO t (a) VALUES ('abc  ')").unwrap();
    assert_eq!(one.rows("SELECT a, b FROM t"), ["x 1", "abc -"]);
}

#[test]
fn others_see_what_is_committed() {
    let [mut one, mut two] = Session::two();
    one.run("CREATE TABLE t (a int)").unwrap();
    assert_eq!(two.error("INSERT INTO t VALUES (1)").number, 208);
    one.0.commit();
    two.run("INSERT INTO t VALUES (1)").unwrap();
    one.run("INSERT INTO t VALUES (2)").unwrap();
    assert_eq!(two.rows("SELECT a FROM t"), ["1"]);
    assert_eq!(one.rows("SELECT a FROM t"), ["2"]);
    two.0.roll_back();
    one.0.commit();
    assert_eq!(two.rows("SELECT a FROM t"), ["2"]);
    one.run("DELETE FROM t; DROP TABLE t").unwrap();
    assert_eq!(two.rows("SELECT a FROM t"), ["2"]);
    drop(one);
    assert_eq!(two.rows("SELECT a FROM t"), ["2"]);
    two.run("CREATE TABLE #mine (a int)").unwrap();
    two.0.commit();
    assert_eq!(two.rows("SELECT COUNT(*) FROM #mine"), ["0"]);
}

#[test]
fn values_of_all_types_come_back() {
    let [mut one, _] = Session::two();
    for (sql_type, literal, text) in [
        ("bit", "'true'", "1"),
        ("tinyint", "255", "255"),
        ("smallint", "-32768", "-32768"),
        ("bigint", "-9223372036854775808", "-9223372036854775808"),
        ("real", "1.5", "1.5"),
        ("float", "-2.5e10", "-25000000000"),
        (
            "decimal(38, 4)",
            "1234567890123456789012345678901234.5678",
            "1234567890123456789012345678901234.5678",
        ),
        ("numeric(5, 2)", "-999.99", "-999.99"),
        ("money", "-922337203685477.5808", "-922337203685477.5808"),
        ("smallmoney", "214748.3647", "214748.3647"),
        ("char(5)", "'ab'", "ab   "),
        ("varchar(5)", "'ab€'", "ab€"),
        ("varchar(max)", "'ab'", "ab"),
        ("nchar(3)", "N'ż'", "ż  "),
        ("nvarchar(3)", "N'żó'", "żó"),
        ("nvarchar(max)", "N'żó'", "żó"),
        ("date", "'2026-01-02'", "2026-01-02"),
        ("time(3)", "'12:34:56.789'", "12:34:56.789"),
        ("smalldatetime", "'2026-01-02 03:04:40'", "Jan  2 2026  3:05AM"),
        ("datetime", "'2026-01-02 03:04:05.997'", "Jan  2 2026  3:04AM"),
        (
            "datetime2(7)",
            "'2026-01-02 03:04:05.1234567'",
            "2026-01-02 03:04:05.1234567",
        ),
        (
            "datetimeoffset(0)",
            "'2026-01-02 03:04:05 -08:00'",
            "2026-01-02 03:04:05 -08:00",
        ),
        (
            "uniqueidentifier",
            "'6f9619ff-8b86-d011-b42d-00c04fc964ff'",
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        ("xml", "'<a/>'", "<a/>"),
    ] {
        one.run(&format!("CREATE TABLE v (before int, a {sql_type}, after int)"))
            .unwrap();
        one.run(&format!("INSERT INTO v VALUES (1, {literal}, 2), (3, NULL, 4)"))
            .unwrap();
        assert_eq!(
            one.rows("SELECT * FROM v"),
            [format!("1 {text} 2"), "3 - 4".to_owned()],
            "{sql_type}"
        );
        one.run("DROP TABLE v").unwrap();
    }
    one.run("CREATE TABLE v (a binary(3), b varbinary(max)); INSERT INTO v VALUES (0x01, 0x0102)")
        .unwrap();
    assert_eq!(
        one.rows("SELECT CONVERT(varchar(9), a, 1), CONVERT(varchar(9), b, 2) FROM v"),
        ["0x010000 0102"]
    );
}

#[test]
fn each_change_gives_a_row_a_greater_version() {
    let [mut one, _] = Session::two();
    one.run("CREATE TABLE t (id int IDENTITY, n int, version rowversion); INSERT INTO t VALUES (1, DEFAULT), (2, DEFAULT)")
        .unwrap();
    one.run("INSERT INTO t (n) SELECT 3; UPDATE t SET n = 4 WHERE n = 1")
        .unwrap();
    let rows = one.rows("SELECT n, CONVERT(bigint, version) FROM t ORDER BY version");
    assert_eq!(rows, ["2 2002", "3 2003", "4 2004"]);
    assert_eq!(
        one.rows("SELECT n FROM t WHERE version > 0x00000000000007D2 AND version <= 0x00000000000007D3"),
        ["3"]
    );
    assert_eq!(
        one.rows("SELECT CAST(MAX(version) AS bigint), CAST(@@DBTS AS bigint) FROM t"),
        ["2004 2004"]
    );
    assert_eq!(one.error("INSERT INTO t VALUES (1, 0x00)").number, 273);
    assert_eq!(one.error("INSERT INTO t (version) SELECT 0x00").number, 273);
    assert_eq!(one.error("UPDATE t SET version = 0x00").number, 272);
    assert_eq!(
        one.error("CREATE TABLE u (a rowversion, b timestamp)").number,
        2738
    );
}

#[test]
fn versions_of_open_transactions_are_active() {
    let [mut one, mut two] = Session::two();
    let active = |session: &Session| session.rows("SELECT CAST(MIN_ACTIVE_ROWVERSION() AS bigint)");
    one.run("CREATE TABLE t (n int, version rowversion)").unwrap();
    one.0.commit();
    assert_eq!(active(&one), ["2001"]);
    one.run("INSERT INTO t (n) VALUES (1), (2)").unwrap();
    two.run("INSERT INTO t (n) VALUES (3)").unwrap();
    two.0.commit();
    assert_eq!(active(&two), ["2001"]);
    one.0.roll_back();
    assert_eq!(active(&two), ["2004"]);
}

#[test]
fn the_catalogue_lists_tables() {
    let [mut one, _] = Session::two();
    one.run("CREATE TABLE dbo.t (id bigint IDENTITY PRIMARY KEY, name nvarchar(20) NULL, at datetime2(3))")
        .unwrap();
    assert_eq!(
        one.rows("SELECT t.name, s.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id WHERE t.object_id = OBJECT_ID('dbo.[t]', 'U')"),
        ["t dbo"]
    );
    assert_eq!(
        one.rows("SELECT name, max_length, is_nullable, is_identity FROM sys.columns WHERE object_id = OBJECT_ID(N't')"),
        ["id 8 0 1", "name 40 1 0", "at 7 1 0"]
    );
    assert_eq!(
        one.rows("SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 't'"),
        ["id bigint NO -", "name nvarchar YES 20", "at datetime2 YES -"]
    );
    assert_eq!(one.rows("SELECT OBJECT_ID('nope'), OBJECT_ID('t', 'V')"), ["- -"]);
}
