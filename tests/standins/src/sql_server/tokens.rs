//! The tokens of a response (MS-TDS 2.2.7), each a function that appends it.

use serde::{Deserialize, Serialize};

use super::storage::Column;
use super::value::{SqlType, Value};
use super::wire::{Put, length8, length16, length32};

/// The collation named below, as TDS has it.
pub(super) const COLLATION: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

pub(super) const COLLATION_NAME: &str = "SQL_Latin1_General_CP1_CI_AS";

pub(super) const SERVER_NAME: &str = "standin";

/// Status bits of DONE.
pub(super) mod done {
    pub(in crate::sql_server) const MORE: u16 = 0x01;
    pub(in crate::sql_server) const ERROR: u16 = 0x02;
    pub(in crate::sql_server) const IN_TRANSACTION: u16 = 0x04;
    pub(in crate::sql_server) const COUNT: u16 = 0x10;
    pub(in crate::sql_server) const ATTENTION: u16 = 0x20;
}

/// Kinds of DONE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DoneKind {
    Batch = 0xFD,
    Procedure = 0xFE,
    InProcedure = 0xFF,
}

/// Types of ENVCHANGE.
pub(super) mod environment {
    pub(in crate::sql_server) const DATABASE: u8 = 1;
    pub(in crate::sql_server) const LANGUAGE: u8 = 2;
    pub(in crate::sql_server) const PACKET_SIZE: u8 = 4;
    pub(in crate::sql_server) const COLLATION: u8 = 7;
    pub(in crate::sql_server) const BEGIN_TRANSACTION: u8 = 8;
    pub(in crate::sql_server) const COMMIT_TRANSACTION: u8 = 9;
    pub(in crate::sql_server) const ROLLBACK_TRANSACTION: u8 = 10;
    pub(in crate::sql_server) const RESET_ACKNOWLEDGED: u8 = 18;
    pub(in crate::sql_server) const ROUTING: u8 = 20;
}

/// An error as SQL Server reports it; a class up to 10 is a mere message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlError {
    /// The native error number that ODBC hosts see.
    pub number: u32,
    /// The error's state.
    pub state: u8,
    /// The severity.
    pub class: u8,
    /// The text, without the driver's prefixes.
    pub message: String,
}

impl SqlError {
    /// An error of severity 16, state 1, as most are.
    pub fn new(number: u32, message: impl Into<String>) -> Self {
        Self {
            number,
            state: 1,
            class: 16,
            message: message.into(),
        }
    }

    /// The same error with another severity.
    #[must_use]
    pub fn with_class(self, class: u8) -> Self {
        Self { class, ..self }
    }

    /// The same error with another state.
    #[must_use]
    pub fn with_state(self, state: u8) -> Self {
        Self { state, ..self }
    }

    /// A refused login of a token, worded as Azure SQL does: `reason` follows the principal.
    #[must_use]
    pub fn token_refused(reason: &str) -> Self {
        Self::new(
            18456,
            format!("Login failed for user '<token-identified principal>'. {reason}"),
        )
        .with_class(14)
    }
}

/// ERROR or, for classes up to 10, INFO.
pub(super) fn message(out: &mut Vec<u8>, error: &SqlError) {
    let mut body = Vec::new();
    body.put_u32(error.number);
    body.put_u8(error.state);
    body.put_u8(error.class);
    body.put_us_varchar(&error.message);
    body.put_b_varchar(SERVER_NAME);
    body.put_b_varchar("");
    body.put_u32(1);
    out.put_u8(if error.class <= 10 { 0xAB } else { 0xAA });
    out.put_u16(length16(body.len()));
    out.put(&body);
}

pub(super) fn info(out: &mut Vec<u8>, number: u32, text: &str) {
    message(out, &SqlError::new(number, text).with_class(10));
}

pub(super) fn done(out: &mut Vec<u8>, kind: DoneKind, status: u16, command: u16, count: u64) {
    out.put_u8(kind as u8);
    out.put_u16(status);
    out.put_u16(command);
    out.put_u64(count);
}

pub(super) fn environment_text(out: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    let mut body = vec![kind];
    body.put_b_varchar(new);
    body.put_b_varchar(old);
    environment_change(out, &body);
}

pub(super) fn environment_bytes(out: &mut Vec<u8>, kind: u8, new: &[u8], old: &[u8]) {
    let mut body = vec![kind];
    for value in [new, old] {
        body.put_u8(length8(value.len()));
        body.put(value);
    }
    environment_change(out, &body);
}

/// Sends the client elsewhere: it is to repeat its login there.
pub(super) fn routing(out: &mut Vec<u8>, host: &str, port: u16) {
    let mut route = vec![0];
    route.put_u16(port);
    route.put_us_varchar(host);
    let mut body = vec![environment::ROUTING];
    body.put_u16(length16(route.len()));
    body.put(&route);
    body.put_u16(0);
    environment_change(out, &body);
}

fn environment_change(out: &mut Vec<u8>, body: &[u8]) {
    out.put_u8(0xE3);
    out.put_u16(length16(body.len()));
    out.put(body);
}

pub(super) fn login_acknowledged(out: &mut Vec<u8>, program: &str, version: [u8; 4]) {
    let mut body = vec![1];
    // TDS 7.4, big-endian here and nowhere else.
    body.put(&0x7400_0004_u32.to_be_bytes());
    body.put_b_varchar(program);
    body.put(&version);
    out.put_u8(0xAD);
    out.put_u16(length16(body.len()));
    out.put(&body);
}

pub(super) fn features_acknowledged(out: &mut Vec<u8>, features: &[(u8, Vec<u8>)]) {
    if features.is_empty() {
        return;
    }
    out.put_u8(0xAE);
    for (id, data) in features {
        out.put_u8(*id);
        out.put_u32(length32(data.len()));
        out.put(data);
    }
    out.put_u8(super::login7::feature::END);
}

/// Tells a client of the FEDAUTH workflow where tokens are issued and for what.
pub(super) fn fedauth_info(out: &mut Vec<u8>, sts_url: &str, spn: &str) {
    const STS_URL: u8 = 0x01;
    const SPN: u8 = 0x02;
    let values = [(STS_URL, sts_url), (SPN, spn)].map(|(id, text)| {
        let mut bytes = Vec::new();
        bytes.put_utf16(text);
        (id, bytes)
    });
    let mut offset = 4 + 9 * values.len();
    let mut body = Vec::new();
    body.put_u32(length32(values.len()));
    for (id, bytes) in &values {
        body.put_u8(*id);
        body.put_u32(length32(bytes.len()));
        body.put_u32(length32(offset));
        offset += bytes.len();
    }
    for (_, bytes) in &values {
        body.put(bytes);
    }
    out.put_u8(0xEE);
    out.put_u32(length32(body.len()));
    out.put(&body);
}

/// SESSIONSTATE: what a reconnect is to bring back.
pub(super) fn session_state(out: &mut Vec<u8>, sequence: u32, states: &[(u8, Vec<u8>)]) {
    const RECOVERABLE: u8 = 1;
    let states = session_states(states);
    out.put_u8(0xE4);
    out.put_u32(length32(states.len() + 5));
    out.put_u32(sequence);
    out.put_u8(RECOVERABLE);
    out.put(&states);
}

/// A `SessionStateDataSet`; our states are all shorter than 255 bytes.
pub(super) fn session_states(states: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut set = Vec::new();
    for (id, value) in states {
        set.put_u8(*id);
        set.put_u8(length8(value.len()));
        set.put(value);
    }
    set
}

/// COLMETADATA.
pub(super) fn columns(out: &mut Vec<u8>, columns: &[Column]) {
    const NULLABLE: u16 = 0x01;
    const IDENTITY: u16 = 0x10;
    /// By this alone do drivers know rowversion from binary(8).
    const USER_TYPE_TIMESTAMP: u32 = 0x50;
    out.put_u8(0x81);
    out.put_u16(length16(columns.len()));
    for column in columns {
        out.put_u32(match column.sql_type {
            SqlType::RowVersion => USER_TYPE_TIMESTAMP,
            _ => 0,
        });
        let mut flags = 0;
        if column.nullable {
            flags |= NULLABLE;
        }
        if column.identity {
            flags |= IDENTITY;
        }
        out.put_u16(flags);
        column.encode_type(out);
        out.put_b_varchar(&column.name);
    }
}

pub(super) fn row(out: &mut Vec<u8>, columns: &[Column], values: &[Value]) {
    out.put_u8(0xD1);
    for (column, value) in columns.iter().zip(values) {
        column.encode(&value.datum, out);
    }
}

pub(super) fn return_status(out: &mut Vec<u8>, status: u32) {
    out.put_u8(0x79);
    out.put_u32(status);
}

pub(super) fn return_value(out: &mut Vec<u8>, ordinal: u16, name: &str, value: &Value) {
    const OUTPUT: u8 = 1;
    out.put_u8(0xAC);
    out.put_u16(ordinal);
    out.put_b_varchar(name);
    out.put_u8(OUTPUT);
    out.put_u32(0);
    out.put_u16(1);
    value.sql_type.encode(out);
    value.encode(out);
}
