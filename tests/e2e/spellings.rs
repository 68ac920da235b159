//! Strings as other clients' documents have them: only the server, ids and secrets are this machine's own.
//!
//! The documents, as of 2026:
//! - SqlClient: <https://learn.microsoft.com/sql/connect/ado-net/sql/azure-active-directory-authentication>, and the
//!   Azure portal's "Connection strings";
//! - go-mssqldb: <https://github.com/microsoft/go-mssqldb#azure-active-directory-authentication> and
//!   <https://learn.microsoft.com/sql/connect/golang/entra-authentication>, with the `key=value` form of "The connection
//!   string can be specified in one of three formats";
//! - mssql-jdbc: <https://learn.microsoft.com/sql/connect/jdbc/connecting-using-azure-active-directory-authentication>,
//!   its properties as they stand in a URL;
//! - mssql-python: <https://learn.microsoft.com/sql/connect/python/mssql-python/entra-authentication>.

use std::{fs, net::Ipv4Addr, time::Duration};

use standins::{
    http::{Request, Response, Server},
    playground::{
        OTHER_PASSWORD, OTHER_USER, PAYROLL_CLIENT_ID, PAYROLL_SECRET, PORTAL_CLIENT_ID, PORTAL_SECRET,
        SQL_PASSWORD, SQL_USER, TENANT_ID, USER,
    },
};

use crate::{
    browser::with_browser,
    machine::{DRIVER, Machine, finished},
    talk::Talk,
};

/// What this machine has in place of what the documents leave open.
fn filled(machine: &Machine, string: &str) -> String {
    let port = machine.playground.sql_server.port();
    let description = machine.playground.description();
    let assigned = |field: &str| description["user_assigned"][field].as_str().unwrap().to_owned();
    let braced = |secret: &str| format!("{{{}}}", secret.replace('}', "}}"));
    let string = string
        .replace("<host>", "localhost")
        .replace("<port>", &port.to_string())
        .replace("<server>", &format!("localhost,{port}"))
        .replace("<application>", PAYROLL_CLIENT_ID)
        .replace("<tenant>", TENANT_ID)
        .replace("<secret>", &braced(PAYROLL_SECRET))
        .replace("<user>", OTHER_USER)
        .replace("<password>", OTHER_PASSWORD)
        .replace("<identity>", &assigned("client_id"))
        .replace("<identity object>", &assigned("object_id"))
        .replace("<identity resource>", &assigned("resource_id"));
    format!("DRIVER={{{DRIVER}}};{string}")
}

/// Who the server takes one for, and the database that it is asked for.
fn seen(machine: &Machine, string: &str) -> (String, String) {
    let program = "
import pyodbc, sys
print(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
";
    let who = finished(&machine.python(program, &[&filled(machine, string)]), string);
    let logins = machine.playground.sql_server.take_logins();
    let login = logins.last().unwrap();
    assert_eq!(login.identity(), Some(who.as_str()), "{string}: {logins:?}");
    (who, login.database.clone())
}

/// Each string signs in as `who` in the database that it names, `testdb`.
fn assert_works(machine: &Machine, who: &str, strings: &[&str]) {
    for string in strings {
        assert_eq!(
            seen(machine, string),
            (who.to_owned(), "testdb".to_owned()),
            "{string}"
        );
    }
}

fn application(client_id: &str) -> String {
    format!("{client_id}@{TENANT_ID}")
}

fn identity(machine: &Machine, which: &str) -> String {
    application(
        machine.playground.description()[which]["client_id"]
            .as_str()
            .unwrap(),
    )
}

#[test]
fn sqlclients_managed_identity() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &identity(&machine, "system_assigned"),
        &[
            "Server=<server>; Authentication=Active Directory Managed Identity; Encrypt=True; Database=testdb",
            "Server=<server>; Authentication=Active Directory MSI; Encrypt=True; Database=testdb",
            "Data Source=<server>; Initial Catalog=testdb; Authentication=Active Directory Managed Identity; Encrypt=True",
        ],
    );
    assert_works(
        &machine,
        &identity(&machine, "user_assigned"),
        &[
            "Server=<server>; Authentication=Active Directory Managed Identity; Encrypt=True; User Id=<identity>; Database=testdb",
            // Version 2.1 took the object id.
            "Server=<server>; Authentication=Active Directory MSI; Encrypt=True; User Id=<identity object>; Database=testdb",
        ],
    );
}

#[test]
fn sqlclients_default_as_the_documents_and_as_the_portal_write_it() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &identity(&machine, "system_assigned"),
        &[
            "Server=<server>; Authentication=Active Directory Default; Encrypt=True; Database=testdb;",
            "Server=tcp:<server>;Initial Catalog=testdb;Encrypt=True;TrustServerCertificate=False;\
             Connection Timeout=30;Authentication=\"Active Directory Default\";",
            "Server=tcp:<server>;Initial Catalog=testdb;Persist Security Info=False;\
             MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;\
             Authentication=\"Active Directory Managed Identity\";",
        ],
    );
}

/// `User Id` is the client id of a user-assigned identity, or of the federated one.
#[test]
fn sqlclients_default_and_workload_identity_with_a_client_id() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &identity(&machine, "user_assigned"),
        &[
            "Server=<server>; Authentication=Active Directory Default; Encrypt=True; User Id=<identity>; Database=testdb;",
        ],
    );
    let assertion = machine.playground.cluster_assertion(Duration::from_hours(1));
    let file = machine.file("token", &assertion);
    let machine = machine
        .with("AZURE_FEDERATED_TOKEN_FILE", file)
        .with("AZURE_TENANT_ID", TENANT_ID);
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "Server=<server>; Authentication=Active Directory Workload Identity; Encrypt=True; \
           User Id=<application>; Database=testdb",
        ],
    );
}

#[test]
fn sqlclients_service_principal_and_password() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "Server=<server>; Authentication=Active Directory Service Principal; Encrypt=True; Database=testdb; \
           User Id=<application>; Password=<secret>",
        ],
    );
    assert_works(
        &machine,
        OTHER_USER,
        &[
            "Server=<server>; Authentication=Active Directory Password; Encrypt=True; Database=testdb; \
           User Id=<user>; Password=<password>",
        ],
    );
}

#[test]
fn sqlclients_interactive_with_and_without_a_name() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    assert_works(
        &machine,
        OTHER_USER,
        &[
            "Server=<server>; Authentication=Active Directory Interactive; Encrypt=True; Database=testdb; User Id=<user>",
            "Server=<server>; Authentication=Active Directory Interactive; Encrypt=True; Database=testdb",
        ],
    );
}

/// Shown on a terminal; whoever reads it there signs in elsewhere.
#[test]
fn the_device_code_of_sqlclient_mssql_python_and_go_mssqldb() {
    let program = "
import os, pty, re, sys
child, terminal = pty.fork()
if not child:
    who = pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval()
    print('signed in:', who, flush=True)
    os._exit(0)
shown, code, who = '', None, None
while not who:
    shown += os.read(terminal, 1024).decode()
    if not code and (code := re.search('code ([A-Z0-9]+) ', shown)):
        say(code[1])
    who = re.search('signed in: (.*)\\r\\n', shown)
say(who[1])
";
    let machine = Machine::new();
    for string in [
        "Server=<server>; Authentication=Active Directory Device Code Flow; Encrypt=True; Database=testdb; Connect Timeout=180;",
        "Server=<server>;Database=testdb;Authentication=ActiveDirectoryDeviceCode;Encrypt=yes;",
        "server=<server>;database=testdb;fedauth=ActiveDirectoryDeviceCode",
    ] {
        let host = Talk::start(&machine, program, &[&filled(&machine, string)]);
        let code = host.hear();
        assert!(machine.playground.entra.approve_device(&code, USER), "{code}");
        assert_eq!(host.hear(), USER, "{string}");
    }
}

#[test]
fn sqlclients_logins_with_a_password_which_are_driver_18s_own() {
    let machine = Machine::new();
    let password = format!("{{{}}}", SQL_PASSWORD.replace('}', "}}"));
    let string = format!(
        "Data Source=<server>; Initial Catalog=testdb; Authentication=Sql Password; Encrypt=True; \
         User ID={SQL_USER}; Password={password}"
    );
    let who = machine.pyodbc(&filled(&machine, &string));
    assert_eq!(who, SQL_USER);
    assert!(machine.playground.entra.token_requests().is_empty());
    assert_eq!(machine.playground.sql_server.logins()[0].database, "testdb");
}

/// A certificate of the application's, and its key, in one PEM file and in two.
struct Certificate {
    both: String,
    alone: String,
    key: String,
}

impl Certificate {
    fn of_payroll(machine: &Machine) -> Self {
        let openssl = |arguments: &[&str]| {
            let output = machine.command("openssl").args(arguments).output().unwrap();
            finished(&output, "openssl");
        };
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=payroll",
            "-days",
            "1",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ]);
        openssl(&["x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der"]);
        openssl(&[
            "pkcs8",
            "-topk8",
            "-in",
            "key.pem",
            "-out",
            "locked.pem",
            "-passout",
            "pass:key-password",
        ]);
        let read = |name: &str| fs::read(machine.directory.join(name)).unwrap();
        let certificate = read("cert.der");
        machine.playground.entra.change(|directory| {
            let apps = directory.tenants.iter_mut().flat_map(|tenant| &mut tenant.apps);
            for app in apps.filter(|app| app.client_id == PAYROLL_CLIENT_ID) {
                app.certificates.push(certificate.clone());
            }
        });
        let both = String::from_utf8([read("locked.pem"), read("cert.pem")].concat()).unwrap();
        let path = |name: &str| machine.directory.join(name).to_str().unwrap().to_owned();
        Self {
            both: machine.file("both.pem", &both),
            alone: path("cert.pem"),
            key: path("locked.pem"),
        }
    }
}

#[test]
fn go_mssqldbs_applications() {
    let machine = Machine::new();
    let certificate = Certificate::of_payroll(&machine).both;
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
                 clientcertpath={certificate};password=key-password;sendcertificatechain=true"
            ),
        ],
    );
}

#[test]
fn go_mssqldbs_managed_identity_by_either_id() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &identity(&machine, "user_assigned"),
        &[
            "server=<server>;database=testdb;fedauth=ActiveDirectoryManagedIdentity;user id=<identity>",
            "server=<server>;database=testdb;fedauth=ActiveDirectoryMSI;resource id=<identity resource>",
        ],
    );
    assert_works(
        &machine,
        &identity(&machine, "system_assigned"),
        &[
            "server=<host>;port=<port>;database=testdb;fedauth=ActiveDirectoryMSI",
            "server=<server>;database=testdb;fedauth=ActiveDirectoryDefault;encrypt=true;TrustServerCertificate=false",
        ],
    );
}

#[test]
fn go_mssqldbs_people() {
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
fn go_mssqldbs_environment_and_workload_identity() {
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
fn go_mssqldbs_assertions() {
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
fn go_mssqldbs_tools_and_tokens() {
    let machine = Machine::new();
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
        machine.tool(name, &format!("echo '{answer}'"));
    }
    let tools = machine.directory.join("tools");
    let path = format!("{}:{}", tools.display(), machine.variables["PATH"]);
    let machine = machine.with("PATH", path);
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
fn go_mssqldbs_azure_pipelines() {
    let machine = Machine::new();
    let assertion = machine.playground.cluster_assertion(Duration::from_hours(1));
    let pipelines = Server::start(
        (Ipv4Addr::LOCALHOST, 0).into(),
        Some(machine.playground.ca.server_config(&["localhost"])),
        move |request: &Request| {
            let trusted = request.headers.get("authorization") == Some("Bearer access-token")
                && request.query.get("serviceConnectionId") == Some("connection-id");
            let status = if trusted { 200 } else { 401 };
            Response::new(
                status,
                "application/json",
                format!(r#"{{"oidcToken":"{assertion}"}}"#),
            )
        },
    );
    let machine = machine.with(
        "SYSTEM_OIDCREQUESTURI",
        format!("https://localhost:{}/oidctoken", pipelines.address().port()),
    );
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "server=<server>;database=testdb;fedauth=ActiveDirectoryAzurePipelines;\
           user id=<application>@<tenant>;serviceconnectionid=connection-id;systemtoken=access-token",
        ],
    );
}

#[test]
fn mssql_jdbcs_properties() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    let certificate = Certificate::of_payroll(&machine);
    assert_works(
        &machine,
        &identity(&machine, "user_assigned"),
        &[
            "serverName=<host>;portNumber=<port>;databaseName=testdb;encrypt=true;\
             authentication=ActiveDirectoryManagedIdentity;user=<identity>",
            "server=<server>;database=testdb;encrypt=true;authentication=ActiveDirectoryMSI;msiClientId=<identity>",
        ],
    );
    assert_works(
        &machine,
        &identity(&machine, "system_assigned"),
        &[
            "server=<server>;databaseName=testdb;encrypt=true;trustServerCertificate=false;authentication=ActiveDirectoryDefault",
        ],
    );
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "server=<server>;databaseName=testdb;authentication=ActiveDirectoryServicePrincipal;\
             userName=<application>;password=<secret>",
            &format!(
                "server=<server>;databaseName=testdb;authentication=ActiveDirectoryServicePrincipalCertificate;\
                 user=<application>;clientCertificate={};clientKey={};clientKeyPassword=key-password",
                certificate.alone, certificate.key
            ),
        ],
    );
    assert_works(
        &machine,
        OTHER_USER,
        &[
            "server=<server>;databaseName=testdb;authentication=ActiveDirectoryPassword;user=<user>;password=<password>",
            "server=<server>;databaseName=testdb;authentication=ActiveDirectoryInteractive;user=<user>",
        ],
    );
    let token = machine.user_token(USER);
    assert_works(
        &machine,
        USER,
        &[&format!(
            "server=<server>;databaseName=testdb;accessToken={token}"
        )],
    );
}

#[test]
fn mssql_pythons_strings() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    let strings = |rest: &str| format!("Server=<server>;Database=testdb;{rest}Encrypt=yes;");
    for (who, rest) in [
        (
            identity(&machine, "system_assigned"),
            "Authentication=ActiveDirectoryDefault;",
        ),
        (
            identity(&machine, "system_assigned"),
            "Authentication=ActiveDirectoryMSI;",
        ),
        (
            identity(&machine, "user_assigned"),
            "Authentication=ActiveDirectoryMSI;UID=<identity>;",
        ),
        (
            OTHER_USER.to_owned(),
            "Authentication=ActiveDirectoryInteractive;",
        ),
        (
            OTHER_USER.to_owned(),
            "Authentication=ActiveDirectoryPassword;UID=<user>;PWD=<password>;",
        ),
        (
            application(PAYROLL_CLIENT_ID),
            "Authentication=ActiveDirectoryServicePrincipal;UID=<application>;PWD=<secret>;",
        ),
    ] {
        assert_works(&machine, &who, &[&strings(rest)]);
    }
}

/// What is rewritten is rewritten before it is checked where a token may go.
#[test]
fn a_server_by_another_name_is_trusted_no_more_than_by_its_own() {
    let machine = Machine::new();
    for server in [
        "Data Source=db.internal.example",
        "serverName=db.internal.example;portNumber=1",
    ] {
        let string = format!(
            "DRIVER={{{DRIVER}}};{server};TrustServerCertificate=True;Authentication=ActiveDirectoryMsi"
        );
        let error = machine.pyodbc_error(&string);
        assert!(
            error.contains("TrustServerCertificate=") && error.contains("db.internal.example"),
            "{error}"
        );
    }
    for unencrypted in ["Encrypt=False", "Encrypt=no"] {
        let string = format!(
            "DRIVER={{{DRIVER}}};Data Source=x.database.windows.net;{unencrypted};Authentication=ActiveDirectoryMsi"
        );
        assert!(machine.pyodbc_error(&string).contains("Encrypt="));
    }
    assert!(machine.playground.managed_identity.record().requests().is_empty());
}
