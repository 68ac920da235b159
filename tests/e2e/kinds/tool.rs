//! Kinds that ask a developer's tool, scripted here.

use standins::playground::USER;
use test_support::machine::Machine;

use super::Visit;

/// 1 January 2100, in the three ways that the tools write it.
const SECONDS: &str = "4102444800";
const DATE: &str = "2100-01-01T00:00:00Z";

pub fn azure_cli(machine: Machine) -> Visit {
    let token = machine.user_token(USER);
    let answer = format!(r#"{{"accessToken":"{token}","expires_on":{SECONDS},"tokenType":"Bearer"}}"#);
    signed_in(machine, "az", &answer, "AzCli")
}

pub fn azure_developer_cli(machine: Machine) -> Visit {
    let answer = format!(
        r#"{{"token":"{}","expiresOn":"{DATE}"}}"#,
        machine.user_token(USER)
    );
    signed_in(machine, "azd", &answer, "AzureDeveloperCli")
}

pub fn azure_powershell(machine: Machine) -> Visit {
    let answer = format!("entra-odbc%{}%{SECONDS}", machine.user_token(USER));
    signed_in(machine, "pwsh", &answer, "AzurePowerShell")
}

fn signed_in(machine: Machine, tool: &str, answer: &str, mode: &str) -> Visit {
    let machine = machine.with_tool(tool, &format!("echo '{answer}'"));
    Visit::by_string(machine, &format!("Authentication=ActiveDirectory{mode}"), USER)
}

#[test]
fn a_tool_that_is_not_there_and_one_that_nobody_is_signed_in_to_are_told_apart() {
    for (tool, mode, login) in [
        ("az", "AzCli", "az login"),
        ("azd", "AzureDeveloperCli", "azd auth login"),
        ("pwsh", "AzurePowerShell", "Connect-AzAccount"),
    ] {
        let machine = Machine::new().with("PATH", "/nowhere");
        let string = machine.string(&format!("Authentication=ActiveDirectory{mode}"));
        let absent = machine.pyodbc_error(&string);
        assert!(
            absent.contains("HY000") && absent.contains(&format!("({tool}) is not on the PATH")),
            "{absent}"
        );

        let machine = machine.with_tool(tool, &format!("echo 'Please run {login}' >&2; exit 1"));
        let nobody = machine.pyodbc_error(&string);
        assert!(
            nobody.contains("28000") && nobody.contains(mode) && nobody.contains(login) && nobody != absent,
            "{nobody}"
        );
    }
}
