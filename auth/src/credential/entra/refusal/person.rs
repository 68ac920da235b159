//! Refusals that are about the person who signs in: consent, account, password, policies, earlier sign-ins, codes.

use super::{Row, row, sign_in};
use crate::error::text::{Template, text};

const SIGN_IN_AGAIN: Template = text!("again.");

const ASK_FOR_POLICY: Template =
    text!("Ask an administrator which policy applies to this machine and account.");

const USE_ANOTHER_MODE: Template =
    text!("with a browser or device code, or use a service principal or managed identity.");

/// The numbers, by subject.
pub const REFUSALS: &[Row] = &[
    // Consent.
    row(
        &[65001, 90008],
        "consent is missing",
        text!(
            "Let a user or administrator consent to the application ({}) for Azure SQL Database.",
            ClientId
        ),
    ),
    row(
        &[65002],
        "Microsoft has not allowed this client id for the resource",
        text!("Set {} to an application of your own.", ClientId),
    ),
    sign_in(
        &[65004],
        "the person declined what the application asks for",
        text!(
            "again and accept, or let an administrator consent to the application ({}).",
            ClientId
        ),
    ),
    row(
        &[90093, 90094, 90095],
        "an administrator must consent to the application",
        text!(
            "Ask one to consent to the application ({}) for Azure SQL Database.",
            ClientId
        ),
    ),
    // The person.
    row(
        &[50034, 50014, 51004],
        "the user does not exist in this tenant",
        text!("Check {} and {}.", User, TenantId),
    ),
    row(
        &[16000, 16003, 50020, 90072],
        "the account is of another organization and no guest of this tenant",
        text!(
            "Check {}, or ask an administrator to invite the account.",
            TenantId
        ),
    ),
    sign_in(
        &[500_208, 9_002_332],
        "the tenant does not take this type of account",
        text!("with a work or school account."),
    ),
    row(
        &[50056, 50064, 50126],
        "the user name or password is wrong",
        text!("Check {} and {}.", User, Password),
    ),
    row(
        &[50053],
        "the account is locked after too many tries, or the network is suspected",
        text!("Wait before trying again; an administrator sees the reason in the sign-in log."),
    ),
    sign_in(
        &[50055, 50144, 50135],
        "the password has expired or must be changed",
        text!("once with a browser and change it."),
    ),
    row(
        &[50057],
        "the account is disabled",
        text!("Ask an administrator to enable it."),
    ),
    row(
        &[80001, 80002, 80005, 80007, 80010, 80014],
        "the organization's own Active Directory could not check the password",
        text!("Try again later, or ask an administrator about the authentication agent."),
    ),
    // More than a password, and policies.
    sign_in(
        &[50074, 50076, 50078, 500_121],
        "multi-factor authentication is needed",
        USE_ANOTHER_MODE,
    ),
    sign_in(
        &[50072, 50079, 53004],
        "the user must register for multi-factor authentication",
        text!("once with a browser to register."),
    ),
    sign_in(
        &[50158, 50161, 50177],
        "a further check of another provider (such as multi-factor authentication) is needed",
        USE_ANOTHER_MODE,
    ),
    row(
        &[50005, 50131, 53003, 53011, 530_032],
        "a Conditional Access policy blocks it",
        ASK_FOR_POLICY,
    ),
    sign_in(
        &[50097, 50129, 50155, 50187, 53000, 53001, 530_002, 530_003],
        "a Conditional Access policy wants a managed device",
        text!(
            "from a device that your organization manages, or use a service principal or managed identity."
        ),
    ),
    row(
        &[53002],
        "a Conditional Access policy does not approve this application",
        text!(
            "Set {} to one that is approved, or ask an administrator.",
            ClientId
        ),
    ),
    sign_in(
        &[530_034, 530_035],
        "the tenant's security defaults block it",
        USE_ANOTHER_MODE,
    ),
    // Sign-ins of earlier.
    sign_in(
        &[50173, 50132, 50133],
        "the saved sign-in was revoked, perhaps by a new password",
        SIGN_IN_AGAIN,
    ),
    sign_in(
        &[700_082, 70008, 700_084, 50089],
        "the saved sign-in or code has expired",
        SIGN_IN_AGAIN,
    ),
    sign_in(
        &[70043],
        "the organization wants a new sign-in from time to time",
        SIGN_IN_AGAIN,
    ),
    sign_in(
        &[70000, 9_002_313],
        "the refresh token or code is not valid, or was given to another application",
        text!(
            "again; with {} check that {} is the application it was given to.",
            RefreshToken,
            ClientId
        ),
    ),
    sign_in(&[54005], "the code was used already", text!("again.")),
    sign_in(&[50058, 50197], "nobody is signed in", SIGN_IN_AGAIN),
    // The device code.
    row(
        &[70016],
        "nobody has signed in with the device code yet",
        text!("Open the page, type the code, and sign in."),
    ),
    row(
        &[70018],
        "the device code is not the one that was shown",
        text!("Connect again and type the new code."),
    ),
    row(
        &[70019, 70020],
        "the device code has expired",
        text!("Connect again and type the new code in time."),
    ),
    row(
        &[50134],
        "the device code belongs to another cloud",
        text!("Open the page that the message names, or correct {}.", Authority),
    ),
    // PKCE, which others may have spoilt between us and Entra.
    sign_in(
        &[50147, 501_481, 501_491],
        "the code does not belong to this sign-in",
        text!("again; no other program may use the same port."),
    ),
    row(
        &[50196],
        "Entra sees too many equal requests",
        text!("Wait some minutes; look for a program that connects in a loop."),
    ),
];
