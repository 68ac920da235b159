//! An access token: its text, its times, and what its claims say of whom it names.

use crate::Secret;
use std::time::SystemTime;

/// An OAuth 2.0 access token for SQL Server.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself, as it came from the endpoint.
    pub text: Secret,
    /// When it ends.
    pub expires_on: SystemTime,
    /// When its issuer advises to renew it (`refresh_in`), where it said so.
    pub refresh_on: Option<SystemTime>,
    /// When we got it.
    pub issued_on: SystemTime,
}
