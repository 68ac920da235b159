//! Type names, as in CAST, DECLARE and parameter declarations.

use super::Parser;
use crate::sql_server::sql::lexer::Token;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::SqlType;

impl Parser {
    pub(super) fn sql_type(&mut self) -> Result<SqlType, SqlError> {
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
            // 30 is the default in CAST, and nothing here needs the 1 of DECLARE.
            let length: usize = numbers.first().copied().unwrap_or(30);
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
            "float" => SqlType::Float,
            "decimal" | "numeric" | "dec" => SqlType::Decimal {
                precision: digit(0, 18),
                scale: digit(1, 0),
            },
            "nvarchar" | "nchar" => SqlType::NVarChar(length(2)),
            "sysname" => SqlType::NVarChar(Some(256)),
            "ntext" => SqlType::NVarChar(None),
            "varchar" | "char" => SqlType::VarChar(length(1)),
            "text" => SqlType::VarChar(None),
            "varbinary" | "binary" => SqlType::VarBinary(length(1)),
            "image" => SqlType::VarBinary(None),
            "datetime" => SqlType::DateTime,
            "datetime2" if digit(0, 7) == 7 => SqlType::DateTime2,
            // Known to the real server; here parameters of these types only pass through.
            "date" => SqlType::Opaque(vec![0x28]),
            "time" => SqlType::Opaque(vec![0x29, digit(0, 7)]),
            "datetime2" => SqlType::Opaque(vec![0x2A, digit(0, 7)]),
            "datetimeoffset" => SqlType::Opaque(vec![0x2B, digit(0, 7)]),
            "smalldatetime" => SqlType::Opaque(vec![0x6F, 4]),
            "uniqueidentifier" => SqlType::Opaque(vec![0x24, 16]),
            "money" => SqlType::Opaque(vec![0x6E, 8]),
            "smallmoney" => SqlType::Opaque(vec![0x6E, 4]),
            "sql_variant" => SqlType::Opaque(vec![0x62, 0x49, 0x1F, 0, 0]),
            "xml" => SqlType::Opaque(vec![0xF1, 0]),
            _ => {
                let text = format!("Type {name} is not a defined system type.");
                return Err(SqlError::new(243, text));
            }
        })
    }
}
