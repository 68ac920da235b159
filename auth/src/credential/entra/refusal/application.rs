//! Refusals by what they are about: the tenant, the application and its proof, the resource.

use super::{Row, row};
use crate::error::text::text;

/// The numbers, by subject.
pub const REFUSALS: &[Row] = &[
    // The tenant.
    row(
        &[90002],
        "the tenant does not exist",
        text!(
            "Check {} (a GUID or a verified domain), and that the cloud is the right one.",
            TenantId
        ),
    ),
    row(
        &[900_023],
        "the tenant is neither a GUID nor a domain name",
        text!("Correct {}.", TenantId),
    ),
    row(
        &[50059, 50128, 90019],
        "nothing says which tenant is meant",
        text!(
            "Set {}, or put the tenant behind the client id: {}=<client id>@<tenant>.",
            TenantId,
            User
        ),
    ),
    row(
        &[90010, 9_001_023],
        "this authentication mode needs a tenant of its own",
        text!("Set {} to the tenant, not to common or consumers.", TenantId),
    ),
    row(
        &[90038, 90043, 90051, 900_382, 900_432, 1_000_104],
        "the tenant belongs to another cloud",
        text!(
            "Set {} (or AZURE_AUTHORITY_HOST) and {} to those of its cloud.",
            Authority,
            Scope
        ),
    ),
    row(
        &[50002, 500_021, 500_022, 500_212, 500_213],
        "a policy keeps this account or network out of the tenant",
        text!(
            "Check {}, or ask an administrator about tenant restrictions and cross-tenant access.",
            TenantId
        ),
    ),
    // The application.
    row(
        &[70001, 700_011, 700_016],
        "the tenant has no application with this client id",
        text!(
            "Check {} (the application id, not the object id) and {}.",
            User,
            TenantId
        ),
    ),
    row(
        &[7_000_112],
        "the application is disabled",
        text!("Ask an administrator to enable it."),
    ),
    row(
        &[7_000_229],
        "the application has no service principal in this tenant",
        text!(
            "Create one: az ad sp create --id <client id>; or correct {}.",
            TenantId
        ),
    ),
    row(
        &[50194],
        "the application is for one tenant only",
        text!(
            "Set {} to the application's tenant, or make it multi-tenant.",
            TenantId
        ),
    ),
    row(
        &[50105, 501_051],
        "the account is not assigned to the application",
        text!("Ask an administrator to assign it under Enterprise applications."),
    ),
    row(
        &[50011, 70004, 500_112],
        "the application does not know the address that the browser returns to",
        text!(
            "Register http://localhost for it (mobile and desktop applications), or set {} to its own.",
            RedirectUri
        ),
    ),
    row(
        &[70003, 700_054],
        "the application may not sign in in this way",
        text!("Allow this flow in its registration under Authentication, or choose another mode."),
    ),
    // Its secret.
    row(
        &[70002, 7_000_215],
        "the client secret is wrong",
        text!(
            "Check {}: it must be the secret's value, not its id, and belong to {}.",
            Password,
            User
        ),
    ),
    row(
        &[7_000_222],
        "the client secret has expired",
        text!("Create a new secret for the application."),
    ),
    row(
        &[7_000_218],
        "the application needs a secret or certificate",
        text!(
            "Add {} or {}, or allow public client flows for the application.",
            Password,
            ClientCertificate
        ),
    ),
    row(
        &[700_025],
        "the application is a public client and takes no secret",
        text!(
            "Leave out {} and {}, or register it as a web application.",
            Password,
            ClientCertificate
        ),
    ),
    // Its certificate or assertion.
    row(
        &[700_027],
        "the certificate or signed assertion does not belong to the application",
        text!("Upload the certificate to the application, or use the one that is registered."),
    ),
    row(
        &[700_030, 50012],
        "the certificate's name or issuer is not trusted for the application",
        text!(
            "Set {}=yes, and check the trusted names and issuers of its registration.",
            SendCertificateChain
        ),
    ),
    row(
        &[50032, 5_002_723, 5_002_730, 5_002_738],
        "the key or algorithm of the assertion is not accepted",
        text!("Use an RSA key of 2048 bits or more."),
    ),
    row(
        &[700_024],
        "the client assertion has expired or is not valid yet",
        text!("Check this machine's clock, and that the file or variable holds a new assertion."),
    ),
    row(
        &[700_021, 50048],
        "the client assertion is of another application",
        text!(
            "Check that {} is the application that the assertion is about (its iss and sub).",
            User
        ),
    ),
    row(
        &[700_023],
        "the client assertion is for another audience",
        text!(
            "Let its aud be the token endpoint of this tenant; check {} and {}.",
            TenantId,
            Authority
        ),
    ),
    row(
        &[70021, 70025, 700_211, 700_212, 700_213],
        "no federated credential of the application matches",
        text!(
            "Compare issuer, subject and audience of its federated credentials with the assertion, letter by letter."
        ),
    ),
    row(
        &[700_229],
        "a person's token cannot vouch for an application",
        text!("Let the assertion be a managed identity's token, or that of another issuer."),
    ),
    row(
        &[50027, 50099, 900_384],
        "the assertion is not a valid signed token",
        text!("Check that the file or keyword holds the whole token, and nothing else."),
    ),
    // On behalf of someone.
    row(
        &[500_133],
        "the user's token has expired",
        text!("Let the caller send a new token in {}.", UserAssertion),
    ),
    row(
        &[50013],
        "the assertion is not accepted: expired, altered, or of another issuer",
        text!(
            "Send a new token, issued by this tenant, in {} (or a new client assertion).",
            UserAssertion
        ),
    ),
    row(
        &[500_131],
        "the user's token is not for this application",
        text!(
            "{} must be a token whose audience is {}: let the caller ask for its scope.",
            UserAssertion,
            User
        ),
    ),
    row(
        &[240_002],
        "the user's token is an id token",
        text!("Send the access token in {}.", UserAssertion),
    ),
    row(
        &[7_000_114],
        "the token is an application's, and nobody can act for one",
        text!(
            "Send a person's token in {}, or use ServicePrincipal.",
            UserAssertion
        ),
    ),
    // The resource.
    row(
        &[500_011],
        "the tenant does not know the resource of the scope",
        text!(
            "Check {} and {}; in national clouds also {}.",
            Scope,
            TenantId,
            Authority
        ),
    ),
    row(
        &[50001, 500_014],
        "the resource of the scope is disabled in the tenant",
        text!(
            "Ask an administrator to enable its service principal, or correct {}.",
            Scope
        ),
    ),
    row(
        &[28000, 28002, 28003, 70011, 650_053, 700_022, 1_002_012],
        "the scope is not valid",
        text!(
            "Leave out {}, or write it as https://database.windows.net/.default.",
            Scope
        ),
    ),
    row(
        &[65005, 650_052, 650_054, 650_056, 650_057],
        "the application's registration does not list the resource",
        text!("Add the permission user_impersonation of Azure SQL Database to it, and consent."),
    ),
];
