//! What entra-odbc(1) says beside the help: exit status, environment and files.

use super::roff::Page;
use crate::{
    odbc::ini_files::IniFiles,
    ui::failure::{FAILED, INTERRUPTED, REFUSED},
};
use entra_auth::Environment;
use entra_odbc_core::driver::{MICROSOFT_DIRECTORIES, OUR_SECTION};

/// The variables that the tool and the driver read, and what they say.
const VARIABLES: [(&str, &str); 25] = [
    (
        "ENTRA_ODBC_DRIVER",
        "Microsoft's driver: its library, the directory with it, or its name in odbcinst.ini.",
    ),
    (
        "ENTRA_ODBC_LOG",
        "The level of the driver's log: error, warn, info, debug or trace. Off unless set.",
    ),
    (
        "ENTRA_ODBC_LOG_FILE",
        "The file for the log, in place of standard error.",
    ),
    (
        "ENTRA_ODBC_CA_CACHE",
        "no: each connection loads its own CA certificates. Yes unless set.",
    ),
    (
        "ENTRA_ODBC_TRUSTED_SERVERS",
        "Servers that tokens may go to beside Azure's own, with commas between them.",
    ),
    (
        "ENTRA_ODBC_TOKEN_CACHE",
        "shared has all processes of the user share their tokens, as TokenCache=shared does.",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "The Entra host, in place of https://login.microsoftonline.com.",
    ),
    (
        "AZURE_TOKEN_CREDENTIALS",
        "The members of the default chain: prod, dev, or the name of one.",
    ),
    (
        "AZURE_TENANT_ID",
        "The tenant, for Environment and WorkloadIdentity.",
    ),
    (
        "AZURE_CLIENT_ID",
        "The application or user-assigned identity, for Environment, WorkloadIdentity and Default.",
    ),
    ("AZURE_CLIENT_SECRET", "Its secret, for Environment."),
    (
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "Its certificate, for Environment; AZURE_CLIENT_CERTIFICATE_PASSWORD opens it.",
    ),
    ("AZURE_USERNAME, AZURE_PASSWORD", "A person, for Environment."),
    (
        "AZURE_FEDERATED_TOKEN_FILE",
        "The cluster's token, for WorkloadIdentity.",
    ),
    (
        "IDENTITY_ENDPOINT, IDENTITY_HEADER, MSI_ENDPOINT, MSI_SECRET",
        "Where managed identities are asked for, set by Azure.",
    ),
    (
        "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        "The instance metadata service, in place of http://169.254.169.254.",
    ),
    ("SYSTEM_ACCESSTOKEN", "The pipeline's token, for AzurePipelines."),
    (
        "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy for requests to Entra, and the hosts that are asked without it.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "The certificate authorities for requests to Entra, in place of the system's.",
    ),
    (
        "ODBCSYSINI, ODBCINSTINI",
        "The directory of the system's odbcinst.ini and odbc.ini, and the former's name.",
    ),
    ("ODBCINI", "The user's data sources, in place of ~/.odbc.ini."),
    ("HOME", "Where the user's .odbcinst.ini is."),
    ("BROWSER", "The browser for a sign-in."),
    (
        "XDG_STATE_HOME, XDG_RUNTIME_DIR",
        "Where saved sign-ins and shared tokens are.",
    ),
    ("NO_COLOR", "No colours on the terminal."),
];

/// The sections.
pub fn sections() -> String {
    let mut page = Page::more();
    page.section("\"EXIT STATUS\"");
    page.item("0", "Done, and all is well.");
    page.item(&FAILED.to_string(), "Tried, and failed.");
    page.item(
        &REFUSED.to_string(),
        "Not tried: the arguments make no sense, or cannot be done here. Nothing was changed.",
    );
    page.item(&INTERRUPTED.to_string(), "Interrupted.");
    page.section("ENVIRONMENT");
    page.text("Programs that run with the rights of another user (set-user-id) read none of these.");
    for (names, text) in VARIABLES {
        page.item(names, text);
    }
    page.section("FILES");
    let standard = IniFiles::locate(&Environment::empty());
    let shown = |path: &std::path::Path| path.display().to_string();
    page.item(
        &shown(&standard.system_drivers),
        &format!(
            "The drivers of all users. [{OUR_SECTION}] has Driver= (this library), and may have RealDriver= (Microsoft's), \
             TrustedServers= and Authority=."
        ),
    );
    page.item(
        "~/.odbcinst.ini",
        "The drivers of a user; where both files have one, the system's counts.",
    );
    page.item(
        "~/.odbc.ini",
        "The data sources of a user, which count before the system's.",
    );
    page.item(&shown(&standard.system_sources), "The data sources of all users.");
    page.item(
        "*.entra-odbc",
        "Beside these files: what they were before `entra-odbc install`, which `entra-odbc uninstall` puts back.",
    );
    page.item(
        &MICROSOFT_DIRECTORIES.join(", "),
        "Microsoft's driver, as its package installs it.",
    );
    page.section("\"SEE ALSO\"");
    page.text(
        "entra-odbc-keywords(5), isql(1), odbcinst(1), odbc.ini(5). `entra-odbc explain` prints the documents, such as \
         `entra-odbc explain trust`.",
    );
    page.finish()
}
