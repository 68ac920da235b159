//! Kinds that sign an application in.

use std::time::Duration;

use standins::{
    certificates::CertificateAuthority,
    playground::{
        PAYROLL_CLIENT_ID, PAYROLL_SECRET, PIPELINE_CLIENT_ID, PIPELINE_CONNECTION_ID, PORTAL_CLIENT_ID,
        TENANT_ID, USER,
    },
    token_proxy::SNI_NAME,
};
use test_support::{connection_string, login_name::application, machine::Machine};

use super::{Visit, logging};
use crate::certificate::{self, join, openssl};

pub fn secret(machine: Machine) -> Visit {
    payroll(machine, &connection_string::payroll())
}

pub fn environment(machine: Machine) -> Visit {
    let machine = machine
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_CLIENT_SECRET", PAYROLL_SECRET);
    payroll(machine, "Authentication=ActiveDirectoryEnvironment")
}

pub fn with_a_certificate(machine: Machine) -> Visit {
    let rest = with_certificate(&machine, "cert.pem");
    payroll(machine, &rest)
}

pub fn assertion(machine: Machine) -> Visit {
    let file = machine.file("assertion", &cluster_assertion(&machine));
    let rest = format!(
        "Authentication=ActiveDirectoryClientAssertion;UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID};\
         ClientAssertionFile={file}"
    );
    payroll(machine, &rest)
}

pub fn workload_identity(machine: Machine) -> Visit {
    let file = machine.file("token", &cluster_assertion(&machine));
    let machine = machine
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_FEDERATED_TOKEN_FILE", file);
    payroll(machine, "Authentication=ActiveDirectoryWorkloadIdentity")
}

pub fn azure_pipelines(machine: Machine) -> Visit {
    let machine = in_a_pipeline(machine)
        .with("AZURESUBSCRIPTION_CLIENT_ID", PIPELINE_CLIENT_ID)
        .with("AZURESUBSCRIPTION_TENANT_ID", TENANT_ID)
        .with("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", PIPELINE_CONNECTION_ID);
    Visit::by_string(
        machine,
        "Authentication=ActiveDirectoryAzurePipelines",
        application(PIPELINE_CLIENT_ID),
    )
}

/// The variables of a task whose author mapped the pipeline's token into it.
fn in_a_pipeline(machine: Machine) -> Machine {
    let pipelines = &machine.playground.pipelines;
    let (uri, token) = (pipelines.oidc_request_uri(), pipelines.access_token().to_owned());
    machine
        .with("SYSTEM_OIDCREQUESTURI", uri)
        .with("SYSTEM_ACCESSTOKEN", token)
}

fn payroll(machine: Machine, rest: &str) -> Visit {
    Visit::by_string(machine, rest, application(PAYROLL_CLIENT_ID))
}

fn cluster_assertion(machine: &Machine) -> String {
    machine.playground.cluster_assertion(Duration::from_hours(1))
}

/// The keywords of the application's certificate, in this file of the machine's directory.
fn with_certificate(machine: &Machine, file: &str) -> String {
    certificate::upload(machine);
    format!(
        "Authentication=ActiveDirectoryServicePrincipalCertificate;UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID};\
         ClientCertificate={}",
        machine.path(file).display()
    )
}

/// Makes `cert.pfx`.
const PFX: &str = "pkcs12 -export -inkey key.pem -in public.pem -out cert.pfx -passout pass:pfx;password";

/// The client id of the machine's user-assigned identity, which payroll and portal trust.
fn user_assigned(machine: &Machine) -> String {
    let described = machine.playground.description();
    described["user_assigned"]["client_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_managed_identity_may_prove_an_application_and_the_log_tells_no_token() {
    let machine = logging();
    let rest = format!(
        "Authentication=ActiveDirectoryServicePrincipal;UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID};\
         FederatedIdentity=msi:{}",
        user_assigned(&machine)
    );
    let visit = payroll(machine, &rest);
    assert_eq!((visit.trouble(), visit.leak()), (None, None));
}

#[test]
fn a_service_that_a_managed_identity_proves_may_act_for_a_person() {
    let machine = logging();
    let rest = format!(
        "Authentication=ActiveDirectoryOnBehalfOf;UID={PORTAL_CLIENT_ID};TenantId={TENANT_ID};\
         ManagedIdentityClientId={};UserAssertion={}",
        user_assigned(&machine),
        machine.playground.portal_token(USER, Duration::from_hours(1))
    );
    let visit = Visit::by_string(machine, &rest, USER);
    assert_eq!((visit.trouble(), visit.leak()), (None, None));
}

#[test]
fn an_application_that_does_not_trust_the_managed_identity_is_told_whom_to_trust() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&machine.string(&format!(
        "Authentication=ActiveDirectoryServicePrincipal;UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID};\
         FederatedIdentity=msi"
    )));
    let object_id = machine.playground.description()["system_assigned"]["object_id"].to_string();
    assert!(
        error.contains("28000")
            && error.contains("no federated credential of the application matches")
            && error.contains(&format!("subject {}", object_id.trim_matches('"'))),
        "{error}"
    );
}

/// A pod of a cluster with identity bindings.
fn bound_pod(machine: Machine) -> Machine {
    let proxy = &machine.playground.token_proxy;
    let file = machine.file(
        "token",
        &machine.playground.binding_assertion(Duration::from_hours(1)),
    );
    let (url, authority) = (proxy.url(), machine.file("cluster.pem", proxy.ca()));
    machine
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_FEDERATED_TOKEN_FILE", file)
        .with("AZURE_KUBERNETES_TOKEN_PROXY", url)
        .with("AZURE_KUBERNETES_SNI_NAME", SNI_NAME)
        .with("AZURE_KUBERNETES_CA_FILE", authority)
}

#[test]
fn a_workload_that_is_bound_to_an_identity_asks_its_cluster_in_place_of_entra() {
    for mode in ["WorkloadIdentity", "Default"] {
        let visit = payroll(
            bound_pod(logging()),
            &format!("Authentication=ActiveDirectory{mode}"),
        );
        assert_eq!((visit.trouble(), visit.leak()), (None, None), "{mode}");
        let playground = &visit.machine.playground;
        assert!(playground.entra.token_requests().is_empty(), "{mode}");
        assert_eq!(playground.token_proxy.record().requests().len(), 1, "{mode}");
    }
}

#[test]
fn a_cluster_whose_authority_is_not_the_one_that_was_named_gets_no_assertion() {
    let machine = bound_pod(Machine::new());
    let others = machine.file("others.pem", machine.playground.ca.pem());
    let machine = machine.with("AZURE_KUBERNETES_CA_FILE", others);
    let error = machine.pyodbc_error(&machine.string("Authentication=ActiveDirectoryWorkloadIdentity"));
    assert!(
        error.contains("08001") && error.contains("AZURE_KUBERNETES_CA_FILE"),
        "{error}"
    );
    let machine = machine.with("AZURE_KUBERNETES_TOKEN_PROXY", "");
    let error = machine.pyodbc_error(&machine.string("Authentication=ActiveDirectoryWorkloadIdentity"));
    assert!(
        error.contains("HY000") && error.contains("AZURE_KUBERNETES_TOKEN_PROXY is not"),
        "{error}"
    );
    assert!(machine.playground.token_proxy.record().requests().is_empty());
}

#[test]
fn a_certificate_may_be_in_a_pfx_file_with_a_password() {
    let machine = Machine::new();
    let rest = format!(
        "{};ClientCertificatePassword={{pfx;password}}",
        with_certificate(&machine, "cert.pfx")
    );
    openssl(&machine, PFX);
    assert_eq!(payroll(machine, &rest).trouble(), None);
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let machine = Machine::new();
    let good = with_certificate(&machine, "cert.pfx");
    openssl(&machine, PFX);
    let missing = good.replace("cert.pfx", "nowhere.pem");
    let key = good.replace("cert.pfx", "public.pem");
    for (rest, expected) in [
        (good.clone(), "password"),
        (format!("{good};ClientCertificatePassword=guess"), "password"),
        (missing, "nowhere.pem"),
        (key, "key"),
    ] {
        let error = machine.pyodbc_error(&machine.string(&rest));
        assert!(
            error.contains("HY000") && error.to_lowercase().contains(expected) && !error.contains("guess"),
            "{rest}: {error}"
        );
    }
}

#[test]
fn an_assertion_file_that_is_missing_is_named() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&machine.string(&format!(
        "Authentication=ActiveDirectoryClientAssertion;UID={PAYROLL_CLIENT_ID};TenantId={TENANT_ID};\
         ClientAssertionFile=/run/secrets/nothing-here"
    )));
    assert!(
        error.contains("HY000")
            && error.contains("ClientAssertionFile")
            && error.contains("/run/secrets/nothing-here"),
        "{error}"
    );
}

#[test]
fn what_entra_says_of_an_application_arrives_with_its_number_and_what_to_do() {
    let machine = Machine::new();
    let good = connection_string::payroll();
    let nobody = "11111111-2222-3333-4444-555555555555";
    for (rest, number, remedy) in [
        (good.replace("pay8Q", "guess"), 7_000_215, "PWD"),
        (good.replace(PAYROLL_CLIENT_ID, nobody), 700_016, "UID"),
        (good.replace(TENANT_ID, nobody), 90_002, "TenantId"),
    ] {
        let error = machine.pyodbc_error(&machine.string(&rest));
        let begin = "[28000] [entra-odbc][ServicePrincipal] Entra refused the sign-in: ";
        assert!(
            error.contains(begin) && error.contains(remedy) && error.contains(&format!("({number})")),
            "{error}"
        );
        assert!(!error.contains("guess~roll"), "{error}");
    }
}

#[test]
fn a_certificate_that_has_ended_is_refused_before_anyone_is_asked() {
    let machine = Machine::new();
    let rest = with_certificate(&machine, "cert.pem");
    machine.file(
        "ended.pem",
        &CertificateAuthority::expired_self_signed(&machine.read("key.pem")),
    );
    join(&machine, "ended.pem", "key.pem", "cert.pem");
    let error = machine.pyodbc_error(&machine.string(&rest));
    assert!(
        error.contains("HY000") && error.contains("ClientCertificate") && error.contains("expired"),
        "{error}"
    );
    assert!(machine.playground.entra.token_requests().is_empty());
}

#[test]
fn a_secret_beside_a_certificate_that_needs_no_password_is_a_contradiction() {
    let machine = Machine::new();
    let by_secret = |rest: String| rest.replace("ServicePrincipalCertificate", "ServicePrincipal");
    let rest = by_secret(with_certificate(&machine, "cert.pem"));
    let error = machine.pyodbc_error(&machine.string(&format!("{rest};PWD=guess")));
    assert!(
        error.contains("HY000") && error.contains("ClientCertificate= and PWD= contradict each other"),
        "{error}"
    );
    let rest = rest.replace("cert.pem", "locked-cert.pem");
    assert_eq!(
        payroll(machine, &format!("{rest};PWD={}", certificate::KEY_PASSWORD)).trouble(),
        None
    );
}

#[test]
fn what_came_from_the_environment_is_corrected_there() {
    let machine = Machine::new()
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_CLIENT_SECRET", "guess");
    for mode in ["Environment", "Default"] {
        let error = machine.pyodbc_error(&machine.string(&format!("Authentication=ActiveDirectory{mode}")));
        assert!(
            error.contains("the client secret is wrong. Check AZURE_CLIENT_SECRET: ")
                && error.contains("belong to AZURE_CLIENT_ID.")
                && error.contains("(7000215)"),
            "{error}"
        );
    }
    let file = machine.file("token", &cluster_assertion(&machine));
    let nobody = "11111111-2222-3333-4444-555555555555";
    let machine = machine
        .with("AZURE_CLIENT_ID", nobody)
        .with("AZURE_FEDERATED_TOKEN_FILE", file);
    let rest = "Authentication=ActiveDirectoryWorkloadIdentity";
    let error = machine.pyodbc_error(&machine.string(rest));
    assert!(
        error.contains("Check AZURE_CLIENT_ID (the application id") && error.contains("and AZURE_TENANT_ID."),
        "{error}"
    );
    let error = machine.pyodbc_error(&machine.string(&format!("{rest};UID={nobody}")));
    assert!(
        error.contains("Check UID (the application id") && error.contains("and AZURE_TENANT_ID."),
        "{error}"
    );
    let machine = in_a_pipeline(machine)
        .with("AZURESUBSCRIPTION_CLIENT_ID", nobody)
        .with("AZURESUBSCRIPTION_TENANT_ID", TENANT_ID)
        .with("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", PIPELINE_CONNECTION_ID);
    let error = machine.pyodbc_error(&machine.string("Authentication=ActiveDirectoryAzurePipelines"));
    assert!(
        error.contains("Check AZURESUBSCRIPTION_CLIENT_ID (the application id"),
        "{error}"
    );
}

#[test]
fn a_pipelines_values_may_stand_in_the_string_and_its_mistakes_are_told() {
    let machine = in_a_pipeline(Machine::new());
    let rest = format!(
        "Authentication=ActiveDirectoryAzurePipelines;UID={PIPELINE_CLIENT_ID};TenantId={TENANT_ID};ServiceConnectionId="
    );
    let who = machine.pyodbc(&machine.string(&format!("{rest}{PIPELINE_CONNECTION_ID}")));
    assert_eq!(who, application(PIPELINE_CLIENT_ID));
    let error = machine.pyodbc_error(&machine.string(&format!("{rest}another")));
    assert!(
        error.contains("28000") && error.contains("Check ServiceConnectionId"),
        "{error}"
    );
    let machine = machine.with("SYSTEM_ACCESSTOKEN", "of-an-earlier-run");
    let error = machine.pyodbc_error(&machine.string(&format!("{rest}{PIPELINE_CONNECTION_ID}")));
    assert!(
        error.contains("28000")
            && error.contains("Check ServiceConnectionId and SYSTEM_ACCESSTOKEN")
            && !error.contains("of-an-earlier-run"),
        "{error}"
    );
}
