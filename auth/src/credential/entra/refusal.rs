//! The table of Entra's AADSTS codes with a short cause and a remedy.
//!
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, and where that is silent
//! <https://login.microsoftonline.com/error?code=…>.

use crate::{Error, ErrorKind};

/// A refusal by its AADSTS code.
pub fn refusal(code: u32) -> Error {
    let row = REFUSALS.iter().find(|row| row.numbers.contains(&code));
    let (cause, remedy) = row.map_or(("", "See Entra's own words."), |row| (row.cause, row.remedy));
    let what = match (cause, code) {
        ("", 0) => "Entra refused the sign-in".to_owned(),
        ("", code) => format!("Entra refused the sign-in (AADSTS{code})"),
        (cause, _) => format!("Entra refused the sign-in: {cause}"),
    };
    Error::new(ErrorKind::Refused { code }, what).remedy(remedy)
}

/// Numbers with one cause and one remedy.
struct Row {
    numbers: &'static [u32],
    cause: &'static str,
    remedy: &'static str,
}

const fn row(numbers: &'static [u32], cause: &'static str, remedy: &'static str) -> Row {
    Row {
        numbers,
        cause,
        remedy,
    }
}

const SIGN_IN_AGAIN: &str = "Sign in again.";

const ASK_FOR_POLICY: &str = "Ask an administrator which policy applies to this machine and account.";

const USE_ANOTHER_MODE: &str =
    "Sign in with a browser or device code, or use a service principal or managed identity.";

/// The common codes by subject.
const REFUSALS: &[Row] = &[
    // The tenant.
    row(
        &[90002],
        "the tenant does not exist",
        "Check TenantId (a GUID or a verified domain), and that the cloud is the right one.",
    ),
    row(
        &[900_023],
        "the tenant is neither a GUID nor a domain name",
        "Correct TenantId.",
    ),
    row(
        &[50059, 50128, 90019],
        "nothing says which tenant is meant",
        "Set TenantId, or put the tenant behind the client id: UID=<client id>@<tenant>.",
    ),
    row(
        &[90010, 9_001_023],
        "this kind of sign-in needs a tenant of its own",
        "Set TenantId to the tenant, not to common or consumers.",
    ),
    row(
        &[90038, 90043, 90051, 900_382, 900_432, 1_000_104],
        "the tenant belongs to another cloud",
        "Set Authority (or AZURE_AUTHORITY_HOST) and Scope to those of its cloud.",
    ),
    row(
        &[50002, 500_021, 500_022, 500_212, 500_213],
        "a policy keeps this account or network out of the tenant",
        "Check TenantId, or ask an administrator about tenant restrictions and cross-tenant access.",
    ),
    // The application.
    row(
        &[70001, 700_011, 700_016],
        "the tenant has no application with this client id",
        "Check UID (the application id, not the object id) and TenantId.",
    ),
    row(
        &[7_000_112],
        "the application is disabled",
        "Ask an administrator to enable it.",
    ),
    row(
        &[7_000_229],
        "the application has no service principal in this tenant",
        "Create one: az ad sp create --id <client id>; or correct TenantId.",
    ),
    row(
        &[50194],
        "the application is for one tenant only",
        "Set TenantId to the application's tenant, or make it multi-tenant.",
    ),
    row(
        &[50105, 501_051],
        "the account is not assigned to the application",
        "Ask an administrator to assign it under Enterprise applications.",
    ),
    row(
        &[50011, 70004, 500_112],
        "the application does not know the address that the browser returns to",
        "Register http://localhost for it (mobile and desktop applications), or set RedirectUri to its own.",
    ),
    row(
        &[70003, 700_054],
        "the application may not sign in in this way",
        "Allow this flow in its registration under Authentication, or choose another mode.",
    ),
    // Its secret.
    row(
        &[70002, 7_000_215],
        "the client secret is wrong",
        "Check PWD: it must be the secret's value, not its id, and belong to UID.",
    ),
    row(
        &[7_000_222],
        "the client secret has expired",
        "Create a new secret for the application.",
    ),
    row(
        &[7_000_218],
        "the application needs a secret or certificate",
        "Add PWD or ClientCertificate, or allow public client flows for the application.",
    ),
    row(
        &[700_025],
        "the application is a public client and takes no secret",
        "Leave out PWD and ClientCertificate, or register it as a web application.",
    ),
    // Its certificate or assertion.
    row(
        &[700_027],
        "the certificate or signed assertion does not belong to the application",
        "Upload the certificate to the application, or use the one that is registered.",
    ),
    row(
        &[700_030, 50012],
        "the certificate's name or issuer is not trusted for the application",
        "Set SendCertificateChain=yes, and check the trusted names and issuers of its registration.",
    ),
    row(
        &[50032, 5_002_723, 5_002_730, 5_002_738],
        "the key or algorithm of the assertion is not accepted",
        "Use an RSA key of 2048 bits or more.",
    ),
    row(
        &[700_024],
        "the client assertion has expired or is not valid yet",
        "Check this machine's clock, and that the file or variable holds a new assertion.",
    ),
    row(
        &[700_021, 50048],
        "the client assertion is of another application",
        "Check that UID is the application that the assertion is about (its iss and sub).",
    ),
    row(
        &[700_023],
        "the client assertion is for another audience",
        "Let its aud be the token endpoint of this tenant; check TenantId and Authority.",
    ),
    row(
        &[70021, 70025, 700_211, 700_212, 700_213],
        "no federated credential of the application matches",
        "Compare issuer, subject and audience of its federated credentials with the assertion, letter by letter.",
    ),
    row(
        &[700_229],
        "a person's token cannot vouch for an application",
        "Let the assertion be a managed identity's token, or that of another issuer.",
    ),
    row(
        &[50027, 50099, 900_384],
        "the assertion is not a valid signed token",
        "Check that the file or keyword holds the whole token, and nothing else.",
    ),
    // On behalf of someone.
    row(
        &[500_133],
        "the user's token has expired",
        "Let the caller send a new token in UserAssertion.",
    ),
    row(
        &[50013],
        "the assertion is not accepted: expired, altered, or of another issuer",
        "Send a new token, issued by this tenant, in UserAssertion (or a new client assertion).",
    ),
    row(
        &[500_131],
        "the user's token is not for this application",
        "UserAssertion must be a token whose audience is UID: let the caller ask for its scope.",
    ),
    row(
        &[240_002],
        "the user's token is an id token",
        "Send the access token in UserAssertion.",
    ),
    row(
        &[7_000_114],
        "the token is an application's, and nobody can act for one",
        "Send a person's token in UserAssertion, or use ServicePrincipal.",
    ),
    // The resource.
    row(
        &[500_011],
        "the tenant does not know the resource of the scope",
        "Check Scope and TenantId; in national clouds also Authority.",
    ),
    row(
        &[50001, 500_014],
        "the resource of the scope is disabled in the tenant",
        "Ask an administrator to enable its service principal, or correct Scope.",
    ),
    row(
        &[28000, 28002, 28003, 70011, 650_053, 700_022, 1_002_012],
        "the scope is not valid",
        "Leave out Scope, or write it as https://database.windows.net/.default.",
    ),
    row(
        &[65005, 650_052, 650_054, 650_056, 650_057],
        "the application's registration does not list the resource",
        "Add the permission user_impersonation of Azure SQL Database to it, and consent.",
    ),
    // Consent.
    row(
        &[65001, 90008],
        "consent is missing",
        "Let a user or administrator consent to the application (ClientId) for Azure SQL Database.",
    ),
    row(
        &[65002],
        "Microsoft has not allowed this client id for the resource",
        "Set ClientId to an application of your own.",
    ),
    row(
        &[65004],
        "the person declined what the application asks for",
        "Sign in again and accept, or let an administrator consent to the application (ClientId).",
    ),
    row(
        &[90093, 90094, 90095],
        "an administrator must consent to the application",
        "Ask one to consent to the application (ClientId) for Azure SQL Database.",
    ),
    // The person.
    row(
        &[50034, 50014, 51004],
        "the user does not exist in this tenant",
        "Check UID and TenantId.",
    ),
    row(
        &[16000, 16003, 50020, 90072],
        "the account is of another organization and no guest of this tenant",
        "Check TenantId, or ask an administrator to invite the account.",
    ),
    row(
        &[500_208, 9_002_332],
        "the tenant does not take this type of account",
        "Sign in with a work or school account.",
    ),
    row(
        &[50056, 50064, 50126],
        "the user name or password is wrong",
        "Check UID and PWD.",
    ),
    row(
        &[50053],
        "the account is locked after too many tries, or the network is suspected",
        "Wait before trying again; an administrator sees the reason in the sign-in log.",
    ),
    row(
        &[50055, 50144, 50135],
        "the password has expired or must be changed",
        "Sign in once with a browser and change it.",
    ),
    row(
        &[50057],
        "the account is disabled",
        "Ask an administrator to enable it.",
    ),
    row(
        &[80001, 80002, 80005, 80007, 80010, 80014],
        "the organization's own Active Directory could not check the password",
        "Try again later, or ask an administrator about the authentication agent.",
    ),
    // More than a password, and policies.
    row(
        &[50074, 50076, 50078, 500_121],
        "multi-factor authentication is needed",
        USE_ANOTHER_MODE,
    ),
    row(
        &[50072, 50079, 53004],
        "the user must register for multi-factor authentication",
        "Sign in once with a browser to register.",
    ),
    row(
        &[50158, 50161, 50177],
        "a further check of another provider (such as multi-factor authentication) is needed",
        USE_ANOTHER_MODE,
    ),
    row(
        &[50005, 50131, 53003, 53011, 530_032],
        "a Conditional Access policy blocks it",
        ASK_FOR_POLICY,
    ),
    row(
        &[50097, 50129, 50155, 50187, 53000, 53001, 530_002, 530_003],
        "a Conditional Access policy wants a managed device",
        "Sign in from a device that your organization manages, or use a service principal or managed identity.",
    ),
    row(
        &[53002],
        "a Conditional Access policy does not approve this application",
        "Set ClientId to one that is approved, or ask an administrator.",
    ),
    row(
        &[530_034, 530_035],
        "the tenant's security defaults block it",
        USE_ANOTHER_MODE,
    ),
    // Sign-ins of earlier.
    row(
        &[50173, 50132, 50133],
        "the saved sign-in was revoked, perhaps by a new password",
        SIGN_IN_AGAIN,
    ),
    row(
        &[700_082, 70008, 700_084, 50089],
        "the saved sign-in or code has expired",
        SIGN_IN_AGAIN,
    ),
    row(
        &[70043],
        "the organization wants a new sign-in from time to time",
        SIGN_IN_AGAIN,
    ),
    row(
        &[70000, 9_002_313],
        "the refresh token or code is not valid, or was given to another application",
        "Sign in again; with RefreshToken check that ClientId is the application it was given to.",
    ),
    row(&[54005], "the code was used already", "Sign in again."),
    row(&[50058, 50197], "nobody is signed in", SIGN_IN_AGAIN),
    // The device code.
    row(
        &[70016],
        "nobody has signed in with the device code yet",
        "Open the page, type the code, and sign in.",
    ),
    row(
        &[70018],
        "the device code is not the one that was shown",
        "Connect again and type the new code.",
    ),
    row(
        &[70019, 70020],
        "the device code has expired",
        "Connect again and type the new code in time.",
    ),
    row(
        &[50134],
        "the device code belongs to another cloud",
        "Open the page that the message names, or correct Authority.",
    ),
    // PKCE, which others may have spoilt between us and Entra.
    row(
        &[50147, 501_481, 501_491],
        "the code does not belong to this sign-in",
        "Sign in again; no other program may use the same port.",
    ),
    row(
        &[50196],
        "Entra sees too many equal requests",
        "Wait some minutes; look for a program that connects in a loop.",
    ),
];

#[cfg(test)]
mod tests;
