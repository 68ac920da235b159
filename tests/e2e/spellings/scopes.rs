//! `Scope=`, in the spellings that tools and documents have for Azure SQL's.

use standins::playground::PAYROLL_CLIENT_ID;
use test_support::{connection_string::payroll, login_name::application, machine::Machine};

use crate::script_host::ScriptHost as _;

#[test]
fn every_spelling_of_azure_sqls_scope_signs_in_and_they_share_a_token() {
    let machine = Machine::new();
    let spellings = [
        "https://database.windows.net//.default",
        "https://database.windows.net/",
        "HTTPS://Database.Windows.Net/",
        "database.windows.net",
        "https://database.windows.net/.default",
    ];
    let string = |scope: &str| machine.string(&format!("{}Scope={scope}", payroll()));
    let connects: Vec<String> = spellings
        .into_iter()
        .map(|scope| format!("connect:{}", string(scope)))
        .collect();
    let mut steps = Vec::new();
    for connect in &connects {
        steps.extend([connect.as_str(), "disconnect"]);
    }
    machine.script(&steps);
    assert_eq!(machine.playground.entra.token_requests().len(), 1);
    let who = application(PAYROLL_CLIENT_ID);
    for scope in [
        "https://database.windows.net/user_impersonation",
        "022907D3-0f1b-48f7-badc-1ba6abab6d66",
        "022907d3-0f1b-48f7-badc-1ba6abab6d66/.default",
    ] {
        assert_eq!(machine.pyodbc(&string(scope)), who, "{scope}");
    }
    // A managed identity is asked for the resource, whatever the scope.
    for scope in spellings {
        machine.pyodbc(&machine.string(&format!("Authentication=ActiveDirectoryMsi;Scope={scope}")));
        let requests = machine.playground.managed_identity.record().take_requests();
        let resource = requests[0].query.get("resource").unwrap();
        assert_eq!(resource, "https://database.windows.net", "{scope}");
    }
}
