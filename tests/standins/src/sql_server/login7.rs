//! LOGIN7: who wants in, with what, and which features the client speaks (MS-TDS 2.2.6.4).

use super::wire::{Malformed, Reader, units_of};

/// Feature ids of LOGIN7 and FEATUREEXTACK.
pub(super) mod feature {
    pub(in crate::sql_server) const SESSION_RECOVERY: u8 = 0x01;
    pub(in crate::sql_server) const FEDAUTH: u8 = 0x02;
    pub(in crate::sql_server) const GLOBAL_TRANSACTIONS: u8 = 0x05;
    pub(in crate::sql_server) const AZURE_SQL_SUPPORT: u8 = 0x08;
    pub(in crate::sql_server) const DATA_CLASSIFICATION: u8 = 0x09;
    pub(in crate::sql_server) const UTF8_SUPPORT: u8 = 0x0A;
    pub(in crate::sql_server) const END: u8 = 0xFF;
}

/// Where the fixed part ends and the strings begin.
const FIXED: usize = 94;
const OFFSETS_AT: usize = 36;
const HAS_EXTENSIONS: u8 = 0x10;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Login7 {
    pub(super) tds_version: u32,
    pub(super) packet_size: usize,
    pub(super) client_process: u32,
    pub(super) host_name: String,
    pub(super) user_name: String,
    pub(super) password: String,
    pub(super) app_name: String,
    pub(super) server_name: String,
    pub(super) library: String,
    pub(super) language: String,
    pub(super) database: String,
    pub(super) has_sspi: bool,
    pub(super) fedauth: Option<FedAuth>,
    pub(super) recovery: Option<Recovery>,
    /// Every feature id, in the client's order.
    pub(super) features: Vec<u8>,
}

/// The FEDAUTH feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FedAuth {
    /// Library 1: the token is in the login itself.
    Inline(Vec<u8>),
    /// Library 2: the client wants to be told the authority and sends the token afterwards.
    Workflow(u8),
}

/// The SESSIONRECOVERY feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recovery {
    /// A first login that would like to be recoverable.
    Offered,
    /// A reconnect of a lost session.
    Reconnect(Restored),
}

/// What a reconnecting client remembers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Restored {
    pub(super) database: String,
    pub(super) states: Vec<(u8, Vec<u8>)>,
}

impl Login7 {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fixed = Reader::new(body);
        let length = fixed.length()?;
        if length != body.len() || length < FIXED {
            return Err(Malformed(format!(
                "LOGIN7 says {length} bytes and has {}",
                body.len()
            )));
        }
        let tds_version = fixed.u32()?;
        let packet_size = fixed.length()?;
        let _client_version = fixed.u32()?;
        let client_process = fixed.u32()?;
        let _connection = fixed.u32()?;
        let _flags = fixed.bytes(3)?;
        let option_flags_3 = fixed.u8()?;

        let mut offsets = Reader::new(body);
        offsets.bytes(OFFSETS_AT)?;
        let host_name = string(body, &mut offsets)?;
        let user_name = string(body, &mut offsets)?;
        let password = reveal(slice(body, &mut offsets, 2)?);
        let app_name = string(body, &mut offsets)?;
        let server_name = string(body, &mut offsets)?;
        let extension = slice(body, &mut offsets, 1)?;
        let library = string(body, &mut offsets)?;
        let language = string(body, &mut offsets)?;
        let database = string(body, &mut offsets)?;
        let _client_id = offsets.bytes(6)?;
        let sspi = slice(body, &mut offsets, 1)?;

        let mut login = Self {
            tds_version,
            packet_size,
            client_process,
            host_name,
            user_name,
            password,
            app_name,
            server_name,
            library,
            language,
            database,
            has_sspi: !sspi.is_empty(),
            ..Self::default()
        };
        if option_flags_3 & HAS_EXTENSIONS != 0 {
            let at = Reader::new(extension).length()?;
            let features = body
                .get(at..)
                .ok_or_else(|| Malformed("FeatureExt out of bounds".into()))?;
            login.read_features(features)?;
        }
        Ok(login)
    }

    fn read_features(&mut self, features: &[u8]) -> Result<(), Malformed> {
        let mut reader = Reader::new(features);
        loop {
            let id = reader.u8()?;
            if id == feature::END {
                return Ok(());
            }
            let length = reader.length()?;
            let data = reader.bytes(length)?;
            self.features.push(id);
            match id {
                feature::FEDAUTH => self.fedauth = Some(FedAuth::parse(data)?),
                feature::SESSION_RECOVERY => self.recovery = Some(Recovery::parse(data)?),
                _ => {}
            }
        }
    }

    pub(super) fn wants(&self, feature: u8) -> bool {
        self.features.contains(&feature)
    }
}

impl FedAuth {
    fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(data);
        let options = reader.u8()?;
        match options >> 1 {
            0x01 => {
                let length = reader.length()?;
                Ok(Self::Inline(reader.bytes(length)?.to_vec()))
            }
            0x02 => reader.u8().map(Self::Workflow),
            library => Err(Malformed(format!("FEDAUTH library {library:#04x}"))),
        }
    }
}

impl Recovery {
    fn parse(data: &[u8]) -> Result<Self, Malformed> {
        if data.is_empty() {
            return Ok(Self::Offered);
        }
        // First the state after login, then what has changed since: the later one counts.
        let mut reader = Reader::new(data);
        let mut restored = Restored::default();
        while !reader.is_empty() {
            let length = reader.length()?;
            let mut block = Reader::new(reader.bytes(length)?);
            if block.is_empty() {
                continue;
            }
            let database = block.b_varchar()?;
            if !database.is_empty() {
                restored.database = database;
            }
            let collation = usize::from(block.u8()?);
            block.bytes(collation)?;
            let _language = block.b_varchar()?;
            while !block.is_empty() {
                let id = block.u8()?;
                let length = match block.u8()? {
                    0xFF => block.length()?,
                    short => usize::from(short),
                };
                let value = block.bytes(length)?.to_vec();
                restored.states.retain(|(known, _)| *known != id);
                restored.states.push((id, value));
            }
        }
        Ok(Self::Reconnect(restored))
    }
}

/// A FEDAUTH token message (packet type 8): the token, without a nonce that may follow.
///
/// Driver 18.6 counts the terminating NUL as part of it, which inline tokens are without.
pub(super) fn fedauth_token(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(body);
    let total = reader.length()?;
    if total != reader.remaining() {
        return Err(Malformed(format!(
            "FEDAUTH token message says {total} bytes and has {}",
            reader.remaining()
        )));
    }
    let length = reader.length()?;
    let token = reader.bytes(length)?;
    Ok(token.strip_suffix(&[0, 0]).unwrap_or(token).to_vec())
}

/// A token's text: UTF-16LE on the wire.
pub(super) fn token_text(token: &[u8]) -> Result<String, Malformed> {
    if !token.len().is_multiple_of(2) {
        return Err(Malformed(format!("token of {} bytes", token.len())));
    }
    String::from_utf16(&units_of(token)).map_err(|_| Malformed("token is not UTF-16".into()))
}

fn slice<'a>(body: &'a [u8], offsets: &mut Reader<'_>, width: usize) -> Result<&'a [u8], Malformed> {
    let offset = usize::from(offsets.u16()?);
    let length = usize::from(offsets.u16()?) * width;
    if length == 0 {
        return Ok(&[]);
    }
    body.get(offset..offset + length)
        .ok_or_else(|| Malformed(format!("LOGIN7 field at {offset}+{length} out of bounds")))
}

fn string(body: &[u8], offsets: &mut Reader<'_>) -> Result<String, Malformed> {
    let bytes = slice(body, offsets, 2)?;
    Ok(String::from_utf16_lossy(&units_of(bytes)))
}

/// Undoes the obfuscation of passwords: nibbles swapped, then XOR 0xA5.
fn reveal(bytes: &[u8]) -> String {
    let plain: Vec<u8> = bytes.iter().map(|byte| (byte ^ 0xA5).rotate_left(4)).collect();
    String::from_utf16_lossy(&units_of(&plain))
}

#[cfg(test)]
mod tests;
