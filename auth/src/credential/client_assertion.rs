//! `ClientAssertion`: an application that someone else, whom Entra trusts, vouches for.

use super::{SignIn, Situation, client::Proof, service_principal};
use crate::Error;

pub fn prepare(situation: &Situation<'_>) -> Result<SignIn, Error> {
    service_principal::sign_in("ClientAssertion", situation, Proof::assertion)
}
