//! `ServicePrincipalCertificate`: an application with a certificate.

use super::{SignIn, Situation, client::Proof, service_principal};
use crate::Error;

pub fn prepare(situation: &Situation<'_>) -> Result<SignIn, Error> {
    service_principal::sign_in("ServicePrincipalCertificate", situation, Proof::certificate)
}
