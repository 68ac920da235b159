//! Type names, as in CAST, DECLARE and parameter declarations.

use super::Parser;
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::SqlType;

impl Parser {
    /// A type as in CAST, where a string without a length has 30 characters.
    pub(super) fn sql_type(&mut self) -> Result<SqlType, SqlError> {
        self.type_with(30)
    }

    /// A type of a column, where it has one.
    pub(super) fn column_type(&mut self) -> Result<SqlType, SqlError> {
        self.type_with(1)
    }

    fn type_with(&mut self, default_length: usize) -> Result<SqlType, SqlError> {
        let name = self.qualified_name()?.pop().unwrap_or_default();
        let mut numbers = Vec::new();
        let mut max = false;
        if self.symbol_if("(") {
            loop {
                match self.next() {
                    Some(Token::Number(digits)) => numbers.push(digits.parse().unwrap_or(0)),
                    Some(Token::Word(word)) if word.eq_ignore_ascii_case("max") => max = true,
                    _ => return Err(self.error()),
                }
                if !self.symbol_if(",") {
                    break;
                }
            }
            self.symbol(")")?;
        }
        let length = |width: usize| {
            let length: usize = numbers.first().copied().unwrap_or(default_length);
            (!max).then_some(length * width)
        };
        let digit = |at: usize, default: u8| {
            numbers
                .get(at)
                .map_or(default, |number| u8::try_from(*number).unwrap_or(default))
        };
        Ok(match name.to_lowercase().as_str() {
            "bit" => SqlType::Bit,
            "tinyint" => SqlType::TinyInt,
            "smallint" => SqlType::SmallInt,
            "int" | "integer" => SqlType::Int,
            "bigint" => SqlType::BigInt,
            "real" => SqlType::Real,
            "decimal" | "numeric" | "dec" => SqlType::Decimal {
                precision: digit(0, 18),
                scale: digit(1, 0),
            },
            "float" if digit(0, 53) <= 24 => SqlType::Real,
            "float" => SqlType::Float,
            "nvarchar" => SqlType::NVarChar(length(2)),
            "nchar" => SqlType::NChar(length(2).unwrap_or(2)),
            "char" => SqlType::Char(length(1).unwrap_or(1)),
            "binary" => SqlType::Binary(length(1).unwrap_or(1)),
            "rowversion" | "timestamp" => SqlType::RowVersion,
            "sysname" => SqlType::NVarChar(Some(256)),
            "ntext" => SqlType::NVarChar(None),
            "varchar" => SqlType::VarChar(length(1)),
            "text" => SqlType::VarChar(None),
            "varbinary" => SqlType::VarBinary(length(1)),
            "image" => SqlType::VarBinary(None),
            "datetime" => SqlType::DateTime,
            "smalldatetime" => SqlType::SmallDateTime,
            "date" => SqlType::Date,
            "time" => SqlType::Time(digit(0, 7)),
            "datetime2" => SqlType::DateTime2(digit(0, 7)),
            "datetimeoffset" => SqlType::DateTimeOffset(digit(0, 7)),
            "uniqueidentifier" => SqlType::Guid,
            "money" => SqlType::Money,
            "smallmoney" => SqlType::SmallMoney,
            "xml" => SqlType::Xml,
            "sql_variant" => SqlType::Opaque(vec![0x62, 0x49, 0x1F, 0, 0]),
            _ => {
                let text = format!("Type {name} is not a defined system type.");
                return Err(SqlError::new(243, text));
            }
        })
    }
}
