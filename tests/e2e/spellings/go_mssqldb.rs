//! go-mssqldb's, in its `key=value` form.

use std::time::Duration;

use standins::playground::{
    OTHER_PASSWORD, OTHER_USER, PAYROLL_CLIENT_ID, PAYROLL_SECRET, PIPELINE_CLIENT_ID,
    PIPELINE_CONNECTION_ID, PORTAL_CLIENT_ID, PORTAL_SECRET, TENANT_ID, USER,
};
use test_support::{
    browser::with_browser,
    login_name::{application, system_assigned, user_assigned},
    machine::Machine,
};

use super::assert_works;
use crate::certificate;

#[test]
fn applications() {
    let machine = Machine::new();
    certificate::upload(&machine);
    let file = machine.path("locked-cert.pem").display().to_string();
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "server=<server>;database=testdb;fedauth=ActiveDirectoryServicePrincipal;\
             user id=<application>@<tenant>;password=<secret>",
            // Without @tenant: that of the server.
            "server=<server>;database=testdb;fedauth=ActiveDirectoryApplication;user id=<application>;password=<secret>",
            "server=<server>;initial catalog=testdb;encrypt=true;fedauth=ActiveDirectoryServicePrincipal;\
             user=<application>@<tenant>;password=<secret>;disableinstancediscovery=true;additionallyallowedtenants=*",
            &format!(
                "server=<server>;database=testdb;fedauth=ActiveDirectoryServicePrincipal;user id=<application>@<tenant>;\
                 clientcertpath={file};password={};sendcertificatechain=true",
                certificate::KEY_PASSWORD
            ),
        ],
    );
}

#[test]
fn managed_identity_by_either_id() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &user_assigned(&machine),
        &[
            "server=<server>;database=testdb;fedauth=ActiveDirectoryManagedIdentity;user id=<identity>",
            "server=<server>;database=testdb;fedauth=ActiveDirectoryMSI;resource id=<identity resource>",
        ],
    );
    assert_works(
        &machine,
        &system_assigned(&machine),
        &[
            "server=<host>;port=<port>;database=testdb;fedauth=ActiveDirectoryMSI",
            "server=<server>;database=testdb;fedauth=ActiveDirectoryDefault;encrypt=true;TrustServerCertificate=false",
        ],
    );
}

#[test]
fn people() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    assert_works(
        &machine,
        OTHER_USER,
        &[
            &format!(
                "server=<server>;database=testdb;fedauth=ActiveDirectoryPassword;user id=<user>;password=<password>;\
                 applicationclientid={client}"
            ),
            &format!(
                "server=<server>;database=testdb;fedauth=ActiveDirectoryInteractive;applicationclientid={client}"
            ),
        ],
    );
}

#[test]
fn environment_and_workload_identity() {
    let machine = Machine::new()
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_CLIENT_SECRET", PAYROLL_SECRET);
    let assertion = machine.playground.cluster_assertion(Duration::from_hours(1));
    let file = machine.file("token", &assertion);
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "server=<server>;database=testdb;fedauth=ActiveDirectoryEnvironment",
            &format!(
                "server=<server>;database=testdb;fedauth=ActiveDirectoryWorkloadIdentity;tokenfilepath={file}"
            ),
        ],
    );
}

#[test]
fn assertions() {
    let machine = Machine::new();
    let assertion = machine.playground.cluster_assertion(Duration::from_hours(1));
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[&format!(
            "server=<server>;database=testdb;fedauth=ActiveDirectoryClientAssertion;\
             user id=<application>@<tenant>;clientassertion={assertion}"
        )],
    );
    let of_caller = machine.playground.portal_token(USER, Duration::from_hours(1));
    assert_works(
        &machine,
        USER,
        &[&format!(
            "server=<server>;database=testdb;fedauth=ActiveDirectoryOnBehalfOf;user id={PORTAL_CLIENT_ID}@<tenant>;\
             userassertion={of_caller};password={PORTAL_SECRET}"
        )],
    );
}

/// Whoever is signed in to the Azure CLI, or the Azure Developer CLI; and a token that is at hand.
#[test]
fn tools_and_tokens() {
    let mut machine = Machine::new();
    let token = machine.user_token(USER);
    for (name, answer) in [
        (
            "az",
            format!(r#"{{"accessToken":"{token}","expires_on":4102444800,"tokenType":"Bearer"}}"#),
        ),
        (
            "azd",
            format!(r#"{{"token":"{token}","expiresOn":"2100-01-01T00:00:00Z"}}"#),
        ),
    ] {
        machine = machine.with_tool(name, &format!("echo '{answer}'"));
    }
    assert_works(
        &machine,
        USER,
        &[
            "server=<server>;database=testdb;fedauth=ActiveDirectoryAzCli",
            "server=<server>;database=testdb;fedauth=ActiveDirectoryAzureDeveloperCli",
            &format!(
                "server=<server>;database=testdb;fedauth=ActiveDirectoryServicePrincipalAccessToken;password={token}"
            ),
        ],
    );
}

#[test]
fn azure_pipelines() {
    let machine = Machine::new();
    let pipelines = &machine.playground.pipelines;
    let (uri, token) = (pipelines.oidc_request_uri(), pipelines.access_token().to_owned());
    let machine = machine.with("SYSTEM_OIDCREQUESTURI", uri);
    assert_works(
        &machine,
        &application(PIPELINE_CLIENT_ID),
        &[&format!(
            "server=<server>;database=testdb;fedauth=ActiveDirectoryAzurePipelines;\
             user id={PIPELINE_CLIENT_ID}@<tenant>;serviceconnectionid={PIPELINE_CONNECTION_ID};systemtoken={token}"
        )],
    );
}
