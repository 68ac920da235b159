//! Requests: batches, procedure calls, and what the transaction manager wants (MS-TDS 2.2.6).

use super::value::Value;
use super::wire::{Malformed, Reader, units_of};

/// The header that names the transaction (MS-TDS 2.2.5.3.2).
const TRANSACTION_DESCRIPTOR: u16 = 2;

/// ALL_HEADERS, which precede every request (MS-TDS 2.2.5.3).
fn headers<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Malformed> {
    let length = reader.length()?;
    let rest = length
        .checked_sub(4)
        .ok_or_else(|| Malformed(format!("ALL_HEADERS of {length} bytes")))?;
    Ok(Reader::new(reader.bytes(rest)?))
}

/// The transaction that a request takes itself to be in; 0 is none.
pub(super) fn transaction_descriptor(body: &[u8]) -> Result<u64, Malformed> {
    let mut headers = headers(&mut Reader::new(body))?;
    while !headers.is_empty() {
        let length = headers.length()?;
        let kind = headers.u16()?;
        let rest = length
            .checked_sub(6)
            .ok_or_else(|| Malformed(format!("header of {length} bytes")))?;
        let mut data = Reader::new(headers.bytes(rest)?);
        if kind == TRANSACTION_DESCRIPTOR {
            return data.u64();
        }
    }
    Ok(0)
}

/// The text of a batch.
pub(super) fn batch(body: &[u8]) -> Result<String, Malformed> {
    let mut reader = Reader::new(body);
    headers(&mut reader)?;
    Ok(String::from_utf16_lossy(&units_of(reader.rest())))
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    /// In lower case; empty where the order decides.
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// In lower case, without a schema.
    pub(super) procedure: String,
    pub(super) parameters: Vec<Parameter>,
}

/// Procedures that travel as a number, from 1.
const NUMBERED: [&str; 15] = [
    "sp_cursor",
    "sp_cursoropen",
    "sp_cursorprepare",
    "sp_cursorexecute",
    "sp_cursorprepexec",
    "sp_cursorunprepare",
    "sp_cursorfetch",
    "sp_cursoroption",
    "sp_cursorclose",
    "sp_executesql",
    "sp_prepare",
    "sp_execute",
    "sp_prepexec",
    "sp_prepexecrpc",
    "sp_unprepare",
];
const BY_NUMBER: u16 = 0xFFFF;
/// Separators between calls of one request.
const NEXT_CALL: [u8; 3] = [0x80, 0xFE, 0xFF];

pub(super) fn calls(body: &[u8]) -> Result<Vec<Call>, Malformed> {
    let mut reader = Reader::new(body);
    headers(&mut reader)?;
    let mut calls = Vec::new();
    while !reader.is_empty() {
        calls.push(call(&mut reader)?);
    }
    Ok(calls)
}

fn call(reader: &mut Reader<'_>) -> Result<Call, Malformed> {
    let length = reader.u16()?;
    let procedure = if length == BY_NUMBER {
        let number = reader.u16()?;
        let name = usize::from(number)
            .checked_sub(1)
            .and_then(|index| NUMBERED.get(index));
        (*name.ok_or_else(|| Malformed(format!("procedure number {number}")))?).to_owned()
    } else {
        let name = reader.text(usize::from(length))?.to_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        last.trim_matches(['[', ']']).to_owned()
    };
    let _flags = reader.u16()?;
    let mut parameters = Vec::new();
    while let Some(next) = reader.rest().first() {
        if NEXT_CALL.contains(next) {
            reader.u8()?;
            break;
        }
        let name = reader.b_varchar()?.to_lowercase();
        let _status = reader.u8()?;
        parameters.push(Parameter {
            name,
            value: Value::read(reader)?,
        });
    }
    Ok(Call {
        procedure,
        parameters,
    })
}

/// What the transaction manager is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    Begin { isolation: u8 },
    Commit { then_begin: bool },
    Rollback { then_begin: bool },
    Save,
    Other(u16),
}

pub(super) fn transaction(body: &[u8]) -> Result<Transaction, Malformed> {
    let mut reader = Reader::new(body);
    headers(&mut reader)?;
    let request = reader.u16()?;
    let ends = |reader: &mut Reader<'_>| -> Result<bool, Malformed> {
        reader.b_varchar()?;
        Ok(reader.u8()? & 1 != 0)
    };
    Ok(match request {
        5 => Transaction::Begin {
            isolation: reader.u8()?,
        },
        7 => Transaction::Commit {
            then_begin: ends(&mut reader)?,
        },
        8 => Transaction::Rollback {
            then_begin: ends(&mut reader)?,
        },
        9 => Transaction::Save,
        other => Transaction::Other(other),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;
    use crate::sql_server::wire::Put;

    const NO_HEADERS: [u8; 4] = [4, 0, 0, 0];

    #[test]
    fn a_numbered_call_has_its_name_and_parameters() {
        let mut body = NO_HEADERS.to_vec();
        body.put(&[0xFF, 0xFF, 10, 0, 0, 0]);
        for value in [Value::nvarchar("SELECT @p"), Value::int(5)] {
            body.put_b_varchar("");
            body.put_u8(0);
            value.sql_type.encode(&mut body);
            value.encode(&mut body);
        }
        let calls = calls(&body).unwrap();
        assert_eq!(calls.len(), 1);
        let call = calls.first().unwrap();
        assert_eq!(call.procedure, "sp_executesql");
        assert_eq!(call.parameters.get(1).unwrap().value, Value::int(5));
    }

    #[test]
    fn a_named_call_loses_schema_and_brackets() {
        let mut body = NO_HEADERS.to_vec();
        body.put_us_varchar("[sys].[sp_Tables]");
        body.put_u16(0);
        assert_eq!(calls(&body).unwrap().first().unwrap().procedure, "sp_tables");
    }

    #[test]
    fn the_transaction_is_found_among_other_headers() {
        let mut body = Vec::new();
        body.put_u32(4 + 10 + 18);
        // A trace activity, shortened.
        body.put_u32(10);
        body.put_u16(3);
        body.put_u32(0);
        body.put_u32(18);
        body.put_u16(TRANSACTION_DESCRIPTOR);
        body.put_u64(0x33_0000_0001);
        body.put_u32(1);
        body.put_utf16("SELECT 1");
        assert_eq!(transaction_descriptor(&body).unwrap(), 0x33_0000_0001);
        assert_eq!(batch(&body).unwrap(), "SELECT 1");
        assert_eq!(transaction_descriptor(&NO_HEADERS).unwrap(), 0);
        assert!(transaction_descriptor(&[10, 0, 0, 0, 5, 0, 0, 0, 2, 0]).is_err());
    }

    #[test]
    fn headers_that_lie_about_their_length_are_refused() {
        assert!(batch(&[3, 0, 0, 0]).is_err());
        assert!(batch(&[200, 0, 0, 0, 1]).is_err());
        assert!(calls(&[4, 0, 0, 0, 0xFF, 0xFF, 99, 0]).is_err());
        assert!(transaction(&NO_HEADERS).is_err());
    }
}
