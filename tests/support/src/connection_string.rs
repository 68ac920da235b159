//! Who signs in, as connection strings say it.

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, SQL_PASSWORD, SQL_USER, TENANT_ID};

/// The machine's own identity.
pub const MSI: &str = "Authentication=ActiveDirectoryMsi;";

/// The application "payroll", by its secret.
pub fn payroll() -> String {
    format!(
        "Authentication=ActiveDirectoryServicePrincipal;UID={PAYROLL_CLIENT_ID};PWD={};TenantId={TENANT_ID};",
        braced(PAYROLL_SECRET)
    )
}

/// A login with a password, which is Driver 18's own.
pub fn sql_login() -> String {
    format!("UID={SQL_USER};PWD={};", braced(SQL_PASSWORD))
}

/// A value as a string takes it whatever is in it.
pub fn braced(value: &str) -> String {
    format!("{{{}}}", value.replace('}', "}}"))
}
