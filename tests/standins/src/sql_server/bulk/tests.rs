#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

use super::*;
use crate::sql_server::change::create_table;
use crate::sql_server::sql::evaluate::Variables;
use crate::sql_server::sql::functions::Facts;
use crate::sql_server::sql::parse;
use crate::sql_server::sql::query;
use crate::sql_server::sql::syntax::Statement;
use crate::sql_server::value::{Datum, SqlType, Value};
use crate::sql_server::wire::{Put, length8, length16};

fn scope(work: &Work) -> Scope {
    Scope {
        facts: Facts {
            database: "master".into(),
            view: work.view(),
            ..Facts::default()
        },
        variables: Variables::new(),
    }
}

/// Makes the table and announces the load; `insert_bulk` is what follows INSERT BULK.
fn loader(work: &mut Work, table: &str, insert_bulk: &str) -> Loader {
    for statement in parse(&format!("CREATE TABLE {table}; INSERT BULK {insert_bulk}")).unwrap() {
        let scope = scope(work);
        match statement {
            Statement::CreateTable(table) => drop(create_table(&table, &scope, work).unwrap()),
            Statement::InsertBulk(bulk) => {
                let load = BulkLoad::new(&bulk, &scope).unwrap();
                return Loader::new(load, work).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("no load in {insert_bulk}");
}

fn metadata(columns: &[(&str, SqlType)]) -> Vec<u8> {
    let mut message = vec![0x81];
    message.put_u16(length16(columns.len()));
    for (name, sql_type) in columns {
        message.put_u32(0);
        message.put_u16(1);
        sql_type.encode(&mut message);
        message.put_u8(length8(name.len()));
        message.put_utf16(name);
    }
    message
}

fn row(values: &[Value]) -> Vec<u8> {
    let mut row = vec![ROW];
    for value in values {
        value.encode(&mut row);
    }
    row
}

fn end() -> Vec<u8> {
    let mut end = vec![DONE];
    end.put(&[0; 12]);
    end
}

/// Rows as text, NULL as a dash.
fn rows(work: &Work, sql: &str) -> Vec<String> {
    let Some(Statement::Select(select)) = parse(sql).unwrap().pop() else {
        panic!("{sql}");
    };
    let text = |value: &Value| value.text().unwrap_or_else(|| "-".to_owned());
    let line = |row: &Vec<Value>| row.iter().map(text).collect::<Vec<_>>().join(" ");
    let all = query::compile(&select, &scope(work)).and_then(query::Query::all);
    all.unwrap().iter().map(line).collect()
}

fn work() -> Work {
    Work::new(Arc::default(), 1)
}

const NAME: SqlType = SqlType::NVarChar(Some(20));

fn name(text: &str) -> Value {
    Value {
        sql_type: NAME,
        ..Value::nvarchar(text)
    }
}

#[test]
fn rows_arrive_in_pieces_of_any_size() {
    let max = SqlType::VarBinary(None);
    let message = [
        metadata(&[("id", SqlType::Int), ("name", NAME), ("blob", max.clone())]),
        row(&[Value::int(1), name("Zoë"), Value::null(max.clone())]),
        // NULL for the name, in the bitmap.
        [vec![ROW_WITH_NULLS, 0b10], row(&[Value::int(2)])[1..].to_vec(), {
            let mut blob = Vec::new();
            Datum::Bytes(vec![7; 300]).encode(&max, &mut blob);
            blob
        }]
        .concat(),
        end(),
    ]
    .concat();
    for size in [1, 2, 7, 100, message.len()] {
        let mut work = work();
        let table = "t (blob varbinary(max), id int NOT NULL, name nvarchar(10))";
        let mut loader = loader(
            &mut work,
            table,
            "[dbo].[t] ([id] int, [name] nvarchar(10) COLLATE x, [blob] varbinary(max)) WITH (TABLOCK)",
        );
        for piece in message.chunks(size) {
            loader.add(piece).unwrap();
        }
        assert_eq!(rows(&work, "SELECT id FROM t"), Vec::<String>::new());
        assert_eq!(loader.finish(&mut work).unwrap().count, 2);
        assert_eq!(
            rows(&work, "SELECT id, name, DATALENGTH(blob) FROM t"),
            ["1 Zoë -", "2 - 300"]
        );
    }
}

#[test]
fn values_are_converted_and_columns_left_out_get_their_defaults() {
    let mut work = work();
    let table = "t (id int IDENTITY(10, 10) PRIMARY KEY, c char(4), n decimal(9, 2) DEFAULT 1.5, d date)";
    let mut loader = loader(&mut work, table, "t (n int, c varchar(4), d varchar(20))");
    let text = |text: &str| Value {
        sql_type: SqlType::VarChar(Some(20)),
        ..Value::varchar(text)
    };
    let columns = [
        ("n", SqlType::Int),
        ("c", SqlType::VarChar(Some(20))),
        ("d", SqlType::VarChar(Some(20))),
    ];
    let message = [
        metadata(&columns),
        row(&[Value::int(7), text("ab"), text("2026-01-02")]),
        row(&[Value::null(SqlType::Int), text("abcd"), text("20260103")]),
        end(),
    ]
    .concat();
    loader.add(&message).unwrap();
    let outcome = loader.finish(&mut work).unwrap();
    assert_eq!((outcome.count, outcome.identity), (2, Some(20)));
    assert_eq!(
        rows(&work, "SELECT * FROM t"),
        ["10 ab   7.00 2026-01-02", "20 abcd 1.50 2026-01-03"]
    );
}

#[test]
fn what_the_table_does_not_take_fails_the_load() {
    let id = [("id", SqlType::Int), ("name", NAME)];
    let ok = row(&[Value::int(1), name("a")]);
    for (body, number) in [
        (row(&[Value::null(SqlType::Int), name("a")]), 515),
        (row(&[Value::int(1), name("abcd")]), 2628),
        ([ok.clone(), ok.clone()].concat(), 2627),
    ] {
        let mut work = work();
        let mut loader = loader(
            &mut work,
            "t (id int PRIMARY KEY, name nvarchar(3))",
            "t (id int, name nvarchar(10))",
        );
        match loader.add(&[metadata(&id), body].concat()) {
            Err(LoadError::Sql(error)) => assert_eq!(error.number, number),
            other => panic!("{number}: {other:?}"),
        }
        drop(loader);
        assert_eq!(rows(&work, "SELECT COUNT(*) FROM t"), ["0"]);
    }
    let mut work = work();
    let mut one = loader(&mut work, "t (id int)", "t (id int)");
    assert!(matches!(one.add(&metadata(&id)), Err(LoadError::Sql(error)) if error.number == 4819));
    let mut half = loader(
        &mut work,
        "u (id int, name nvarchar(10))",
        "u (id int, name nvarchar(10))",
    );
    half.add(&[metadata(&id), ok[..4].to_vec()].concat()).unwrap();
    assert_eq!(half.finish(&mut work).unwrap_err().number, 4804);
}
