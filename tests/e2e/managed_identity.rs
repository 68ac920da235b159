//! Managed identity on each platform, on the real driver.

use std::{fs, process::Command};

use standins::playground::USER;
use test_support::{
    connection_string::MSI,
    hosts::{PYODBC_LOGIN_NAME, python},
    login_name::{identity_field, system_assigned, user_assigned},
    machine::Machine,
    process::finished,
};

/// Runs the program that follows where the first argument's directory is that of Azure Arc's keys, seen by nobody else.
const WITH_KEYS: &str = "
set -e
keys=$1
shift
mount -t tmpfs tmpfs /var/opt
mkdir -p /var/opt/azcmagent/tokens
mount --bind \"$keys\" /var/opt/azcmagent/tokens
exec \"$@\"
";

fn service_fabric() -> Machine {
    let machine = Machine::new();
    let platform = &machine.playground.managed_identity;
    let header = platform.identity_header().to_owned();
    let endpoint = platform.service_fabric().endpoint();
    let thumbprint = platform.service_fabric().thumbprint().to_owned();
    machine
        .with("IDENTITY_ENDPOINT", endpoint)
        .with("IDENTITY_HEADER", header)
        .with("IDENTITY_SERVER_THUMBPRINT", thumbprint)
}

fn cloud_shell() -> Machine {
    let machine = Machine::new();
    let endpoint = machine.playground.managed_identity.cloud_shell_endpoint();
    machine.with("MSI_ENDPOINT", endpoint)
}

fn machine_learning() -> Machine {
    let machine = Machine::new();
    let platform = &machine.playground.managed_identity;
    let (endpoint, secret) = (platform.ml_endpoint(), platform.ml_secret().to_owned());
    let default = identity_field(&machine, "user_assigned", "client_id");
    machine
        .with("MSI_ENDPOINT", endpoint)
        .with("MSI_SECRET", secret)
        .with("DEFAULT_IDENTITY_CLIENT_ID", default)
}

#[test]
fn service_fabric_signs_in_the_application() {
    let machine = service_fabric();
    assert_eq!(machine.pyodbc(&machine.string(MSI)), system_assigned(&machine));
    let error = machine.pyodbc_error(&machine.string(&format!("{MSI}UID=94c2a6f7")));
    assert!(error.contains("HY000") && error.contains("manifest"), "{error}");
    let machine = machine.with("IDENTITY_SERVER_THUMBPRINT", "00".repeat(20));
    let error = machine.pyodbc_error(&machine.string(MSI));
    assert!(error.contains("08001") && error.contains("thumbprint"), "{error}");
}

#[test]
fn cloud_shell_signs_in_whoever_opened_it() {
    let machine = cloud_shell();
    assert_eq!(machine.pyodbc(&machine.string(MSI)), USER);
    let error = machine.pyodbc_error(&machine.string(&format!("{MSI}ClientId=94c2a6f7")));
    assert!(error.contains("HY000") && error.contains("Leave out"), "{error}");
}

#[test]
fn machine_learning_signs_in_the_identity_that_the_platform_names_or_the_string() {
    let machine = machine_learning();
    assert_eq!(machine.pyodbc(&machine.string(MSI)), user_assigned(&machine));
    let own = identity_field(&machine, "system_assigned", "client_id");
    assert_eq!(
        machine.pyodbc(&machine.string(&format!("{MSI}ClientId={own}"))),
        system_assigned(&machine)
    );
}

#[test]
fn azure_arc_signs_in_the_machine_by_the_key_of_its_agent() {
    let namespace = ["--user", "--map-root-user", "--mount"];
    let allowed = Command::new("unshare").args(namespace).arg("true").status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!(
            "not tried: this machine gives nobody a mount namespace, and the agent's directory is a fixed one"
        );
        return;
    }
    let machine = Machine::new();
    let keys = machine.path("keys");
    fs::create_dir(&keys).unwrap();
    let platform = &machine.playground.managed_identity;
    platform.set_arc_keys(&keys, "/var/opt/azcmagent/tokens".as_ref());
    let endpoint = platform.arc_endpoint();
    let machine = machine
        .with("IDENTITY_ENDPOINT", endpoint)
        .with("IMDS_ENDPOINT", "http://127.0.0.1:40342");
    let who = |rest: &str| {
        let mut command = machine.command("unshare");
        command
            .args(namespace)
            .args(["sh", "-c", WITH_KEYS, "sh", keys.to_str().unwrap()])
            .args([&python(), "-c", PYODBC_LOGIN_NAME, &machine.string(rest)]);
        command.output().unwrap()
    };
    assert_eq!(finished(&who(MSI), "pyodbc"), system_assigned(&machine));
    let lent = identity_field(&machine, "user_assigned", "client_id");
    assert_eq!(
        finished(&who(&format!("{MSI}UID={lent}")), "pyodbc"),
        user_assigned(&machine)
    );
    // The same without the agent's directory: its key cannot be read, and the message names it.
    let error = machine.pyodbc_error(&machine.string(MSI));
    assert!(
        error.contains("HY000") && error.contains("/var/opt/azcmagent/tokens/"),
        "{error}"
    );
}
