//! PKCE (RFC 7636), state and nonce, which bind the browser's response to one sign-in attempt.

use crate::{Error, ErrorKind, Secret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

/// One attempt to sign in.
#[derive(Debug)]
pub struct Attempt {
    /// Returned in the redirect.
    pub state: String,
    /// Returned in the id token.
    pub nonce: String,
    /// Proves to the token endpoint that this attempt requested the code.
    pub verifier: Secret,
}

impl Attempt {
    /// An attempt with random values.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            state: random()?,
            nonce: random()?,
            verifier: Secret::new(random()?),
        })
    }

    /// The hash of the verifier that is sent with the authorization request (`S256`).
    pub fn challenge(&self) -> String {
        challenge(self.verifier.expose())
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// 256 random bits as 43 characters, the shortest verifier that the RFC allows.
fn random() -> Result<String, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *bytes).map_err(|_| {
        Error::new(ErrorKind::Unsupported, "the system gives no random numbers")
            .remedy("Allow the getrandom system call.")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfcs_example() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_two_attempts_have_anything_in_common_and_debug_shows_no_verifier() {
        let (one, other) = (Attempt::new().unwrap(), Attempt::new().unwrap());
        let parts = |attempt: &Attempt| {
            let verifier = attempt.verifier.expose().to_owned();
            [attempt.state.clone(), attempt.nonce.clone(), verifier]
        };
        let mut all = [parts(&one), parts(&other)].concat();
        assert!(all.iter().all(|part| part.len() == 43));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert!(!format!("{one:?}").contains(one.verifier.expose()));
    }
}
