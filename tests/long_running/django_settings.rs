//! Django's settings as Microsoft documents them, through `manage.py`: nothing but the driver's name differs, and not
//! even that where the library is registered under the stock name.
//!
//! The blocks are those of
//! <https://learn.microsoft.com/sql/connect/python/mssql-django/microsoft-entra-authentication> (June 2026, which
//! mssql-django 2.0 refers to) and of mssql-django 2.0's README ("Disabling MARS"). What they leave open in `<…>` is
//! filled in, and the server is this machine.

use standins::{
    playground::{OTHER_PASSWORD, OTHER_USER, PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID},
    sql_server::{Login, Outcome},
};
use test_support::{
    browser::with_browser,
    hosts::python,
    login_name::{application, identity_field, system_assigned, user_assigned},
    machine::Machine,
    process::finished,
    registration::{DRIVER, STOCK_DRIVER},
};

const MANAGE: &str = "
import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
";

const QUERY: &str = "
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute('SELECT SUSER_SNAME()')
    print(cursor.fetchone()[0])
";

const MSI: &str = r#"
DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "NAME": "<your-database>",
        "HOST": "<your-server>.database.windows.net",
        "PORT": "1433",
        "OPTIONS": {
            "driver": "ODBC Driver 18 for SQL Server",
            "extra_params": "Authentication=ActiveDirectoryMsi",
        },
    },
}
"#;

const USER_ASSIGNED: &str = r#"
DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "NAME": "<your-database>",
        "HOST": "<your-server>.database.windows.net",
        "PORT": "1433",
        "OPTIONS": {
            "driver": "ODBC Driver 18 for SQL Server",
            "extra_params": (
                "Authentication=ActiveDirectoryMsi;"
                "UID=<managed-identity-client-id-or-object-id>"
            ),
        },
    },
}
"#;

const SERVICE_PRINCIPAL: &str = r#"
DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "NAME": "<your-database>",
        "USER": "<application-client-id>",
        "PASSWORD": "<client-secret>",
        "HOST": "<your-server>.database.windows.net",
        "PORT": "1433",
        "OPTIONS": {
            "driver": "ODBC Driver 18 for SQL Server",
            "extra_params": "Authentication=ActiveDirectoryServicePrincipal",
        },
    },
}
"#;

const INTERACTIVE: &str = r#"
DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "NAME": "<your-database>",
        "USER": "<user@email.com>",
        "HOST": "<your-server>.database.windows.net",
        "PORT": "1433",
        "OPTIONS": {
            "driver": "ODBC Driver 18 for SQL Server",
            "extra_params": "Authentication=ActiveDirectoryInteractive",
        },
    },
}
"#;

const TOKEN: &str = r#"
from azure.identity import DefaultAzureCredential

credential = DefaultAzureCredential()
token = credential.get_token("https://database.windows.net/.default").token

DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "NAME": "<your-database>",
        "HOST": "<your-server>.database.windows.net",
        "PORT": "1433",
        "TOKEN": token,
        "OPTIONS": {
            "driver": "ODBC Driver 18 for SQL Server",
        },
    },
}
"#;

const PASSWORD: &str = r#"
DATABASES = {
    "default": {
        "ENGINE": "mssql",
        "NAME": "<your-database>",
        "USER": "<user@email.com>",
        "PASSWORD": "<your-password>",
        "HOST": "<your-server>.database.windows.net",
        "PORT": "1433",
        "OPTIONS": {
            "driver": "ODBC Driver 18 for SQL Server",
            "extra_params": "Authentication=ActiveDirectoryPassword",
        },
    },
}
"#;

/// Who the server takes a project with this block for; the logins that it took.
fn manage(machine: &Machine, block: &str) -> (String, Vec<Login>) {
    let settings = block
        .replace("<your-server>.database.windows.net", "localhost")
        .replace("1433", &machine.playground.sql_server.port().to_string())
        .replace("<your-database>", "payroll")
        .replace("<application-client-id>", PAYROLL_CLIENT_ID)
        .replace("<client-secret>", PAYROLL_SECRET)
        .replace("<user@email.com>", OTHER_USER)
        .replace("<your-password>", OTHER_PASSWORD);
    assert!(!settings.contains('<'), "{settings}");
    machine.file("settings.py", &settings);
    let manage = machine.file("manage.py", MANAGE);
    let output = machine
        .command(python())
        .args([&manage, "shell", "--verbosity", "0", "-c", QUERY])
        .output()
        .unwrap();
    let who = finished(&output, "manage.py");
    let mut logins = machine.playground.sql_server.take_logins();
    logins.retain(|login| login.outcome != Outcome::Abandoned);
    assert!(!logins.is_empty());
    for login in &logins {
        assert_eq!(login.identity(), Some(who.as_str()), "{logins:?}");
        assert_eq!(login.database, "payroll");
    }
    (who, logins)
}

/// The block with only `driver` changed, and unchanged where the library has the stock name.
fn assert_signs_in(machine: &Machine, block: &str, who: &str) {
    let renamed = block.replace(STOCK_DRIVER, DRIVER);
    assert_ne!(renamed, block);
    assert_eq!(manage(machine, &renamed).0, who);
    machine.take_the_stock_name();
    assert_eq!(manage(machine, block).0, who, "under the stock name");
}

#[test]
fn the_system_assigned_identity() {
    let machine = Machine::new();
    assert_signs_in(&machine, MSI, &system_assigned(&machine));
}

#[test]
fn a_user_assigned_identity_by_its_client_id_or_its_object_id() {
    let machine = Machine::new();
    let who = user_assigned(&machine);
    for field in ["client_id", "object_id"] {
        let machine = Machine::new();
        let block = USER_ASSIGNED.replace(
            "<managed-identity-client-id-or-object-id>",
            &identity_field(&machine, "user_assigned", field),
        );
        assert_signs_in(&machine, &block, &who);
    }
}

#[test]
fn a_service_principal_without_a_tenant_with_and_without_mars() {
    let who = application(PAYROLL_CLIENT_ID);
    let without = SERVICE_PRINCIPAL.replace("ServicePrincipal\"", "ServicePrincipal;MARS_Connection=no\"");
    assert_ne!(without, SERVICE_PRINCIPAL);
    for block in [SERVICE_PRINCIPAL, &without] {
        let machine = Machine::new();
        assert_signs_in(&machine, block, &who);
        assert_eq!(
            machine.playground.entra.token_requests().len(),
            2,
            "one a process"
        );
    }
}

/// On Linux, where Driver 18 has no such kind.
#[test]
fn a_person_in_the_browser() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    assert_signs_in(&machine, INTERACTIVE, OTHER_USER);
    let shown = machine.read("page");
    assert!(shown.contains("<h1>"), "{shown}");
}

/// Driver 18.6 refuses it.
#[test]
fn the_default_chain() {
    let block = MSI.replace("ActiveDirectoryMsi", "ActiveDirectoryDefault");
    assert_ne!(block, MSI);
    let machine = Machine::new();
    assert_signs_in(&machine, &block, &system_assigned(&machine));
    let machine = Machine::new()
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_CLIENT_SECRET", PAYROLL_SECRET);
    assert_signs_in(&machine, &block, &application(PAYROLL_CLIENT_ID));
}

/// Which is whose the settings say; nothing is asked for by the driver.
#[test]
fn a_token_of_the_programs_own() {
    let machine = Machine::new();
    assert_signs_in(&machine, TOKEN, &system_assigned(&machine));
    // azure-identity's own: one in each process, and its probe.
    let of_the_program = machine.managed_identity_requests();
    let token = machine.user_token("ada@contoso.com");
    let start = TOKEN.find("DATABASES").unwrap();
    let block = TOKEN[start..].replace("\"TOKEN\": token", &format!("\"TOKEN\": \"{token}\""));
    let (who, logins) = manage(&machine, &block);
    assert_eq!(who, "ada@contoso.com");
    assert_eq!(logins[0].token.as_ref().unwrap().reveal(), token);
    assert_eq!(machine.managed_identity_requests(), of_the_program);
    assert!(machine.playground.entra.record().requests().is_empty());
}

#[test]
fn a_person_by_name_and_password() {
    assert_signs_in(&Machine::new(), PASSWORD, OTHER_USER);
}
