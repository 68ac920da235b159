//! Assertions of an issuer that the application trusts: a cluster, a pipeline, or Entra itself.

use crate::entra::directory::App;
use crate::entra::grant::TokenRequest;
use crate::entra::refusal::Refusal;
use crate::jwt::{Invalid, Jwt};

/// Looks for the federated credential that fits, and checks the signature of its issuer.
///
/// Compared letter by letter, as Entra does since 2024.
pub(super) fn check(asked: &TokenRequest<'_>, app: &App, assertion: &Jwt) -> Result<(), Refusal> {
    let (issuer, subject) = (
        assertion.text("iss").unwrap_or_default(),
        assertion.text("sub").unwrap_or_default(),
    );
    let mut known: Vec<_> = app.federated.iter().collect();
    if known.is_empty() {
        return Err(Refusal::nothing_federated(&app.client_id, &app.display_name));
    }
    known.retain(|federated| federated.issuer == issuer);
    let signer = known
        .first()
        .ok_or_else(|| Refusal::federated_issuer(issuer))?
        .signer
        .as_deref()
        .unwrap_or(asked.issuer);
    match signer.check(assertion) {
        Ok(()) => {}
        Err(Invalid::Malformed) => return Err(Refusal::assertion_malformed()),
        Err(Invalid::Algorithm) => return Err(Refusal::unsupported_algorithm(assertion.algorithm())),
        Err(Invalid::UnknownKey) => return Err(Refusal::federated_signature("The key was not found.")),
        Err(Invalid::Signature) => {
            return Err(Refusal::federated_signature(
                "The provided signature value did not match the expected signature value.",
            ));
        }
    }
    known.retain(|federated| federated.subject == subject);
    if known.is_empty() {
        return Err(Refusal::federated_subject(subject));
    }
    let audiences = assertion.audiences();
    // Entra's own tokens name the exchange by its application id.
    let means = |name: &str| {
        let mut tenants = asked.directory.tenants.iter();
        tenants.any(|tenant| {
            tenant
                .resource(name)
                .is_some_and(|exchange| audiences.contains(&exchange.audience.as_str()))
        })
    };
    if known
        .iter()
        .any(|federated| audiences.contains(&federated.audience.as_str()) || means(&federated.audience))
    {
        Ok(())
    } else {
        Err(Refusal::federated_audience(&audiences.join(" ")))
    }
}
