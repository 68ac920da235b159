//! sp_describe_first_result_set, by which Driver 18's `bcp_init` learns the columns of a table.

use crate::sql_server::sql::tables::Shape;
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::COLLATION_NAME;
use crate::sql_server::value::{SqlType, Value};

const NAME: SqlType = SqlType::NVarChar(Some(256));

/// Names and types of the columns of the answer.
pub(super) fn columns() -> Vec<(String, SqlType)> {
    [
        ("is_hidden", SqlType::Bit),
        ("column_ordinal", SqlType::Int),
        ("name", NAME),
        ("is_nullable", SqlType::Bit),
        ("system_type_id", SqlType::Int),
        ("system_type_name", SqlType::NVarChar(Some(512))),
        ("max_length", SqlType::SmallInt),
        ("precision", SqlType::TinyInt),
        ("scale", SqlType::TinyInt),
        ("collation_name", NAME),
        ("user_type_id", SqlType::Int),
        ("user_type_database", NAME),
        ("user_type_schema", NAME),
        ("user_type_name", NAME),
        ("assembly_qualified_type_name", SqlType::NVarChar(Some(8000))),
        ("xml_collection_id", SqlType::Int),
        ("xml_collection_database", NAME),
        ("xml_collection_schema", NAME),
        ("xml_collection_name", NAME),
        ("is_xml_document", SqlType::Bit),
        ("is_case_sensitive", SqlType::Bit),
        ("is_fixed_length_clr_type", SqlType::Bit),
        ("source_server", NAME),
        ("source_database", NAME),
        ("source_schema", NAME),
        ("source_table", NAME),
        ("source_column", NAME),
        ("is_identity_column", SqlType::Bit),
        ("is_part_of_unique_key", SqlType::Bit),
        ("is_updateable", SqlType::Bit),
        ("is_computed_column", SqlType::Bit),
        ("is_sparse_column_set", SqlType::Bit),
        ("ordinal_in_order_by_list", SqlType::SmallInt),
        ("order_by_list_length", SqlType::SmallInt),
        ("order_by_is_descending", SqlType::SmallInt),
        ("tds_type_id", SqlType::Int),
        ("tds_length", SqlType::Int),
        ("tds_collation_id", SqlType::Int),
        ("tds_collation_sort_id", SqlType::TinyInt),
    ]
    .map(|(name, sql_type)| (name.to_owned(), sql_type))
    .into()
}

/// The row about one column; what is not known here is NULL.
pub(super) fn row(column: &Column, ordinal: i32) -> Vec<Value> {
    let sql_type = &column.sql_type;
    let shape = Shape::of(sql_type);
    let mut info = Vec::new();
    sql_type.encode(&mut info);
    let type_byte = info.first().copied().unwrap_or_default();
    let collated = sql_type.is_text() && *sql_type != SqlType::Xml;
    let tds_length = match sql_type {
        SqlType::VarChar(None) | SqlType::NVarChar(None) | SqlType::VarBinary(None) => 65535,
        SqlType::Xml => 8100,
        _ => shape.length,
    };
    columns()
        .into_iter()
        .map(|(name, described)| {
            let value = match name.as_str() {
                "is_hidden"
                | "is_xml_document"
                | "is_case_sensitive"
                | "is_fixed_length_clr_type"
                | "is_computed_column"
                | "is_sparse_column_set" => Some(0),
                "column_ordinal" => Some(ordinal),
                "is_nullable" => Some(column.nullable.into()),
                "system_type_id" => Some(shape.type_id),
                "max_length" => Some(shape.length),
                "precision" => Some(shape.precision),
                "scale" => Some(sql_type.scale().into()),
                "is_identity_column" => Some(column.identity.into()),
                "is_updateable" => Some((!column.identity).into()),
                "tds_type_id" => Some(type_byte.into()),
                "tds_length" => Some(tds_length),
                "tds_collation_id" if collated => Some(0x00D0_0409),
                "tds_collation_sort_id" if collated => Some(52),
                _ => None,
            };
            let text = match name.as_str() {
                "name" => Some(column.name.clone()),
                "system_type_name" => Some(sql_type.name()),
                "collation_name" if collated => Some(COLLATION_NAME.to_owned()),
                _ => None,
            };
            match (value, text) {
                (Some(value), _) => Value {
                    sql_type: described,
                    ..Value::int(value)
                },
                (None, Some(text)) => Value {
                    sql_type: described,
                    ..Value::nvarchar(&text)
                },
                (None, None) => Value::null(described),
            }
        })
        .collect()
}
