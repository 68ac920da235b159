//! PRELOGIN: version, encryption, and whether federated authentication is spoken (MS-TDS 2.2.6.5).

use super::wire::{Malformed, Put, Reader, length16};

const VERSION: u8 = 0x00;
const ENCRYPTION: u8 = 0x01;
const INSTANCE: u8 = 0x02;
const THREAD: u8 = 0x03;
const MARS: u8 = 0x04;
const FEDAUTH_REQUIRED: u8 = 0x06;
const TERMINATOR: u8 = 0xFF;

const ENCRYPT_ON: u8 = 0x01;
const ENCRYPT_NOT_SUPPORTED: u8 = 0x02;

/// Whether a server encrypts (PRELOGIN option ENCRYPTION).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Everything, whatever the client asks for, as Azure SQL does.
    Required,
    /// Nothing: `ENCRYPT_NOT_SUP`. A client that insists goes away.
    NotSupported,
}

/// What the client asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Prelogin {
    /// The raw ENCRYPTION option; Driver 18 sends 0 for `Encrypt=no`, 1 for `yes`.
    pub(super) encryption: u8,
    pub(super) fedauth_required: Option<u8>,
}

impl Prelogin {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut prelogin = Self::default();
        let mut directory = Reader::new(body);
        loop {
            let option = directory.u8()?;
            if option == TERMINATOR {
                return Ok(prelogin);
            }
            let offset = usize::from(directory.u16_be()?);
            let length = usize::from(directory.u16_be()?);
            let value = body
                .get(offset..offset + length)
                .ok_or_else(|| Malformed(format!("PRELOGIN option {option:#04x} out of bounds")))?;
            match (option, value) {
                (ENCRYPTION, [encryption, ..]) => prelogin.encryption = encryption & 0x0F,
                (FEDAUTH_REQUIRED, [required, ..]) => prelogin.fedauth_required = Some(*required),
                _ => {}
            }
        }
    }

    /// Whether client and server have found a way to go on.
    pub(super) fn can_go_on(&self, server: Encryption) -> bool {
        match server {
            Encryption::Required => self.encryption != ENCRYPT_NOT_SUPPORTED,
            Encryption::NotSupported => self.encryption != ENCRYPT_ON,
        }
    }

    /// No MARS, and encryption as the server has it. Under TLS already (`None`), there is nothing to negotiate.
    pub(super) fn answer(&self, version: [u8; 6], encryption: Option<Encryption>) -> Vec<u8> {
        let encryption = match encryption {
            Some(Encryption::Required) => ENCRYPT_ON,
            Some(Encryption::NotSupported) | None => ENCRYPT_NOT_SUPPORTED,
        };
        let mut options: Vec<(u8, Vec<u8>)> = vec![
            (VERSION, version.to_vec()),
            (ENCRYPTION, vec![encryption]),
            (INSTANCE, vec![0]),
            (THREAD, Vec::new()),
            (MARS, vec![0]),
        ];
        if self.fedauth_required.is_some() {
            options.push((FEDAUTH_REQUIRED, vec![1]));
        }
        let mut offset = options.len() * 5 + 1;
        let mut answer = Vec::new();
        for (option, value) in &options {
            answer.put_u8(*option);
            answer.put_u16_be(length16(offset));
            answer.put_u16_be(length16(value.len()));
            offset += value.len();
        }
        answer.put_u8(TERMINATOR);
        for (_, value) in &options {
            answer.put(value);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    use super::*;

    #[test]
    fn an_answer_reads_back() {
        let asked = Prelogin {
            encryption: 0,
            fedauth_required: Some(1),
        };
        let answer = Prelogin::parse(&asked.answer([12, 0, 0, 0, 0, 0], Some(Encryption::Required))).unwrap();
        assert_eq!(answer.encryption, ENCRYPT_ON);
        assert_eq!(answer.fedauth_required, Some(1));
    }

    #[test]
    fn federated_authentication_is_offered_only_to_those_who_ask() {
        let answer = Prelogin::default().answer([12, 0, 0, 0, 0, 0], Some(Encryption::Required));
        assert_eq!(Prelogin::parse(&answer).unwrap().fedauth_required, None);
    }

    #[test]
    fn an_option_that_points_outside_is_refused() {
        assert!(Prelogin::parse(&[1, 0, 200, 0, 1, 0xFF]).is_err());
        assert!(Prelogin::parse(&[]).is_err());
    }
}
