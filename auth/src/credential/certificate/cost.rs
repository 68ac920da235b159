//! Limits the cost of key derivation: the file chooses the parameters, and the host waits.

use super::Trouble;
use pkcs8::pkcs5::{EncryptionScheme, pbes2::Kdf};
use std::cell::Cell;

/// The most rounds of hashing, all keys of a file together: seconds, not hours. OpenSSL 3 writes 2,048 for each.
const MAX_ROUNDS: u64 = 10_000_000;

/// The most memory that scrypt may fill, in bytes: OpenSSL 3 writes keys that take 16 MiB, and reads none over 32.
///
/// The crate asks no allocator whether there is enough, so that more would end the process.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;

/// How much memory it may fill, all keys of a file together, in bytes: sixteen times as much.
const MAX_TOTAL_MEMORY: u64 = 16 * MAX_MEMORY;

/// The cost of one file so far; it may contain any number of keys.
#[derive(Debug, Default)]
pub struct Spent {
    rounds: Cell<u64>,
    filled: Cell<u64>,
}

impl Spent {
    /// Whether it is affordable to make a key of a password in this way, once more.
    pub fn check(&self, scheme: &EncryptionScheme<'_>) -> Result<(), Trouble> {
        let Some(parameters) = scheme.pbes2() else {
            // PBES1 counts in 16 bits.
            return self.check_rounds(1 << 16);
        };
        match &parameters.kdf {
            Kdf::Pbkdf2(pbkdf2) => self.check_rounds(pbkdf2.iteration_count),
            Kdf::Scrypt(scrypt) => {
                let block = 128 * u64::from(scrypt.block_size);
                let memory = block.saturating_mul(scrypt.cost_parameter);
                let filled = memory.saturating_mul(scrypt.parallelization.into());
                affordable(memory <= MAX_MEMORY)?;
                spend(&self.filled, filled, MAX_TOTAL_MEMORY)
            }
            _ => Err(Trouble::UnknownEncryption),
        }
    }

    /// Whether so many rounds more are.
    pub fn check_rounds(&self, rounds: u32) -> Result<(), Trouble> {
        affordable(rounds > 0)?;
        spend(&self.rounds, rounds.into(), MAX_ROUNDS)
    }
}

fn spend(spent: &Cell<u64>, more: u64, most: u64) -> Result<(), Trouble> {
    let all = spent.get().saturating_add(more);
    spent.set(all);
    affordable(all <= most)
}

fn affordable(yes: bool) -> Result<(), Trouble> {
    if yes { Ok(()) } else { Err(Trouble::Costly) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pkcs8::pkcs5::pbes2::{self, Parameters, Pbkdf2Params, Pbkdf2Prf, ScryptParams};

    fn checked(kdf: Kdf<'_>) -> Result<(), Trouble> {
        let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: &[0; 16] };
        Spent::default().check(&EncryptionScheme::Pbes2(Parameters { kdf, encryption }))
    }

    fn rounds(iteration_count: u32) -> Result<(), Trouble> {
        checked(Kdf::Pbkdf2(Pbkdf2Params {
            salt: b"salt",
            iteration_count,
            key_length: None,
            prf: Pbkdf2Prf::HmacWithSha256,
        }))
    }

    fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> Result<(), Trouble> {
        checked(Kdf::Scrypt(ScryptParams {
            salt: b"salt",
            cost_parameter,
            block_size,
            parallelization,
            key_length: None,
        }))
    }

    #[test]
    fn what_programs_write_is_affordable_and_what_would_end_or_hang_the_host_is_not() {
        for common in [1, 2048, 600_000, 10_000_000] {
            assert_eq!(rounds(common), Ok(()), "{common}");
        }
        for far in [0, 10_000_001, u32::MAX] {
            assert_eq!(rounds(far), Err(Trouble::Costly), "{far}");
        }
        assert_eq!(scrypt(1 << 14, 8, 1), Ok(()));
        for (cost, block, parallel) in [
            (1 << 40, 8, 1),
            (1 << 14, u16::MAX, 1),
            (1 << 14, 8, u16::MAX),
            (u64::MAX, u16::MAX, 1),
        ] {
            assert_eq!(
                scrypt(cost, block, parallel),
                Err(Trouble::Costly),
                "{cost} {block}"
            );
        }
    }

    #[test]
    fn many_keys_that_are_affordable_each_are_not_so_together() {
        let spent = Spent::default();
        for _ in 0..10 {
            assert_eq!(spent.check_rounds(1_000_000), Ok(()));
        }
        assert_eq!(spent.check_rounds(1), Err(Trouble::Costly));
    }
}
