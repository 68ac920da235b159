#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use super::convert::parse_decimal;
use super::*;
use crate::sql_server::wire::Reader;

/// As the server would read back what it wrote.
fn round_trip(value: &Value) -> Value {
    let mut bytes = Vec::new();
    value.sql_type.encode(&mut bytes);
    value.encode(&mut bytes);
    let mut reader = Reader::new(&bytes);
    let read = Value::read(&mut reader).unwrap();
    assert!(reader.is_empty(), "{value:?} leaves bytes behind");
    read
}

#[test]
fn values_read_back_as_they_were_written() {
    let values = [
        Value::int(-42),
        Value::big_int(i64::MIN),
        Value::bit(true),
        Value::float(1.5),
        Value::nvarchar("Zoë😀"),
        Value::nvarchar(&"x".repeat(5000)),
        Value::varchar("€uro"),
        Value::binary(vec![0, 1, 255]),
        Value::binary(vec![7; 9000]),
        Value {
            sql_type: SqlType::Decimal {
                precision: 5,
                scale: 2,
            },
            datum: Datum::Decimal(-12345),
        },
        Value::null(SqlType::Int),
        Value::null(SqlType::NVarChar(Some(20))),
        Value::null(SqlType::VarBinary(None)),
    ];
    for value in values {
        assert_eq!(round_trip(&value), value);
    }
}

#[test]
fn a_type_that_is_not_computed_with_comes_back_byte_for_byte() {
    let sent = [code::DATETIME2, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    let value = Value::read(&mut Reader::new(&sent)).unwrap();
    let mut bytes = Vec::new();
    value.sql_type.encode(&mut bytes);
    value.encode(&mut bytes);
    assert_eq!(bytes, sent);
}

#[test]
fn casts_convert_cut_and_refuse() {
    let to = |value: Value, sql_type| value.cast(&sql_type);
    assert_eq!(to(Value::varchar("42"), SqlType::Int).unwrap(), Value::int(42));
    assert_eq!(
        to(Value::int(7), SqlType::NVarChar(Some(20)))
            .unwrap()
            .text()
            .as_deref(),
        Some("7")
    );
    assert_eq!(
        to(Value::varchar("abcdef"), SqlType::VarChar(Some(3)))
            .unwrap()
            .text()
            .as_deref(),
        Some("abc")
    );
    assert_eq!(to(Value::varchar("x"), SqlType::Int).unwrap_err().number, 245);
    assert_eq!(to(Value::int(300), SqlType::TinyInt).unwrap_err().number, 8115);
    let decimal = SqlType::Decimal {
        precision: 10,
        scale: 3,
    };
    assert_eq!(
        to(Value::varchar("-1.5"), decimal).unwrap().text().as_deref(),
        Some("-1.500")
    );
}

#[test]
fn decimal_texts_have_precision_and_scale() {
    assert_eq!(parse_decimal("1.50", None), Some((150, 3, 2)));
    assert_eq!(parse_decimal("0.05", None), Some((5, 2, 2)));
    assert_eq!(parse_decimal("-7", Some(2)), Some((-700, 3, 2)));
    assert_eq!(parse_decimal("abc", None), None);
}

#[test]
fn bytes_become_the_characters_of_their_target() {
    let bytes = Value::binary(vec![0x41, 0x00, 0xEF, 0x00, 0x42]);
    let wide = bytes.clone().cast(&SqlType::NVarChar(None)).unwrap();
    assert_eq!(wide.text().unwrap(), "AïB");
    let narrow = bytes.cast(&SqlType::VarChar(None)).unwrap();
    assert_eq!(narrow.text().unwrap().chars().count(), 5);
}
