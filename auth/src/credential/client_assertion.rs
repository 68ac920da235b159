//! `ClientAssertion`: an application that someone else, whom Entra trusts, vouches for.

use super::{CredentialContext, SignIn, client::Proof, service_principal};
use crate::Error;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    service_principal::sign_in("ClientAssertion", context, Proof::assertion)
}
