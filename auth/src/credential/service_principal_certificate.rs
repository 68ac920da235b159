//! `ServicePrincipalCertificate`: an application with a certificate.

use super::{CredentialContext, SignIn, client::Proof, service_principal};
use crate::Error;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    service_principal::sign_in("ServicePrincipalCertificate", context, Proof::certificate)
}
