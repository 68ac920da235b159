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

mod go_mssqldb;
mod scopes;
mod sqlclient;

use standins::playground::{
    OTHER_PASSWORD, OTHER_USER, PAYROLL_CLIENT_ID, PAYROLL_SECRET, SQL_PASSWORD, SQL_USER, TENANT_ID, USER,
};
use test_support::{
    browser::with_browser,
    connection_string::braced,
    host_process::HostProcess,
    login_name::{application, identity_field, system_assigned, user_assigned},
    machine::Machine,
    registration::DRIVER,
};

use crate::certificate;

/// What this machine has in place of what the documents leave open.
fn filled(machine: &Machine, string: &str) -> String {
    let port = machine.playground.sql_server.port();
    let assigned = |field: &str| identity_field(machine, "user_assigned", field);
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
    let who = machine.pyodbc(&filled(machine, string));
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

#[test]
fn mssql_jdbcs_properties() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    certificate::upload(&machine);
    let file = |name: &str| machine.path(name).display().to_string();
    assert_works(
        &machine,
        &user_assigned(&machine),
        &[
            "serverName=<host>;portNumber=<port>;databaseName=testdb;encrypt=true;\
             authentication=ActiveDirectoryManagedIdentity;user=<identity>",
            "server=<server>;database=testdb;encrypt=true;authentication=ActiveDirectoryMSI;msiClientId=<identity>",
        ],
    );
    assert_works(
        &machine,
        &system_assigned(&machine),
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
            // Until version 9.4.
            "server=<server>;databaseName=testdb;authentication=ActiveDirectoryServicePrincipal;\
             AADSecurePrincipalId=<application>;AADSecurePrincipalSecret=<secret>;loginTimeout=30",
            &format!(
                "server=<server>;databaseName=testdb;authentication=ActiveDirectoryServicePrincipalCertificate;\
                 user=<application>;clientCertificate={};clientKey={};clientKeyPassword={}",
                file("public.pem"),
                file("locked.pem"),
                certificate::KEY_PASSWORD
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

/// `NotSpecified` is what SqlClient and mssql-jdbc print where nobody said anything.
#[test]
fn an_authentication_that_is_not_specified() {
    let machine = Machine::new();
    let port = machine.playground.sql_server.port();
    machine.write_ini(
        "odbc.ini",
        &format!("[unsaid]\nDriver={DRIVER}\nServer=localhost,{port}\nAuthentication=NotSpecified\nDatabase=testdb\n"),
    );
    let login = format!("UID={SQL_USER};PWD={}", braced(SQL_PASSWORD));
    for string in [
        filled(
            &machine,
            &format!("Server=<server>;Authentication=NotSpecified;{login}"),
        ),
        filled(
            &machine,
            &format!(
                "Data Source=<server>;Authentication=\"Not Specified\";User ID={SQL_USER};Password={}",
                braced(SQL_PASSWORD)
            ),
        ),
        format!("DSN=unsaid;{login}"),
    ] {
        assert_eq!(machine.pyodbc(&string), SQL_USER, "{string}");
    }
    assert!(machine.playground.entra.token_requests().is_empty());
    let token = machine.user_token(USER);
    assert_works(
        &machine,
        USER,
        &[&format!(
            "Server=<server>;Database=testdb;Authentication=NotSpecified;AccessToken={token}"
        )],
    );
    assert_eq!(machine.pyodbc(&format!("DSN=unsaid;AccessToken={token}")), USER);
}

/// As an `.env` file, a header, and `az account get-access-token` have it.
#[test]
fn an_access_token_in_the_forms_in_which_it_is_at_hand() {
    let machine = Machine::new();
    let token = machine.user_token(USER);
    let json = format!(
        "{{\n  \"accessToken\": \"{token}\",\n  \"expires_on\": 4102444800,\n  \"tokenType\": \"Bearer\"\n}}\n"
    );
    let file = machine.file("token.json", &json);
    let string = |rest: String| format!("Server=<server>;Database=testdb;{rest}");
    for rest in [
        format!("AccessToken=\"{token}\""),
        format!("AccessToken=Bearer {token}"),
        format!("AccessToken={json}"),
        format!("AccessToken={}", braced(&json)),
        format!("AccessTokenFile={file}"),
        format!("fedauth=ActiveDirectoryServicePrincipalAccessToken;PWD='{token}'"),
    ] {
        assert_works(&machine, USER, &[&string(rest)]);
    }
}

#[test]
fn mssql_pythons_strings() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    let strings = |rest: &str| format!("Server=<server>;Database=testdb;{rest}Encrypt=yes;");
    for (who, rest) in [
        (
            system_assigned(&machine),
            "Authentication=ActiveDirectoryDefault;",
        ),
        (system_assigned(&machine), "Authentication=ActiveDirectoryMSI;"),
        (
            user_assigned(&machine),
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
        let host = HostProcess::start(&machine, program, &[&filled(&machine, string)]);
        let code = host.read_line();
        assert!(machine.playground.entra.approve_device(&code, USER), "{code}");
        assert_eq!(host.read_line(), USER, "{string}");
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

/// As Microsoft's own samples have them, or as a hand slips: never passed over in silence.
#[test]
fn near_misses_of_keywords_sign_in_or_are_told() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "Server = <server>; Database = testdb; Authentication = ActiveDirectoryServicePrincipal; \
             UID = <application>; PWD = wrong;Tenant Id = <tenant>"
                .replace("PWD = wrong", "PWD=<secret>")
                .as_str(),
            "Server=<server>;Database=testdb;Authentication=Service Principal;User_ID=<application>;\
             Client_Secret=<secret>;Tenant-Id=<tenant>",
        ],
    );
    assert_works(
        &machine,
        &user_assigned(&machine),
        &["Server=<server>;Database=testdb;Authentication=ActiveDirectoryMsi;Client_Id=<identity>"],
    );
    for (string, right) in [
        (
            "Server=<server>;Authentication=ActiveDirectoryMsi;ClientIds=x",
            "ClientId=",
        ),
        (
            "Server=<server>;Authentification=ActiveDirectoryMsi",
            "Authentication=",
        ),
        (
            "Server=<server>;Authentication=Service Principal;UID=x;PWD = {s3cret;x}",
            "PWD=",
        ),
    ] {
        let error = machine.pyodbc_error(&filled(&machine, string));
        assert!(
            error.contains("HY000") && error.contains(right) && !error.contains("s3cret"),
            "{error}"
        );
    }
    // Words of nobody's go on to Driver 18, which passes them over.
    let string = "Server=<server>;Database=testdb;Authentication=ActiveDirectoryMsi;Persist Security Info=False;Foo = a";
    assert_works(&machine, &system_assigned(&machine), &[string]);
}

#[test]
fn a_data_source_is_spelled_as_a_string_is() {
    let machine = Machine::new();
    let port = machine.playground.sql_server.port();
    let secret = PAYROLL_SECRET;
    machine.write_ini(
        "odbc.ini",
        &format!(
            "[payroll]\nDriver = {DRIVER}\nData Source = \"localhost\"\nPort = {port}\nInitial Catalog = {{testdb}}\n\
             Encrypt = True\nConnect Timeout = 30\nAuthentication = \"Active Directory Service Principal\"\n\
             User_ID = {PAYROLL_CLIENT_ID}\nClient Secret = {}\nTenant_Id = {{{TENANT_ID}}}\n\
             [slip]\nDriver = {DRIVER}\nServer = localhost,{port}\nAuthentication = ActiveDirectoryMsi\nTennantId = x\n",
            braced(secret)
        ),
    );
    let who = machine.pyodbc("DSN=payroll");
    assert_eq!(who, application(PAYROLL_CLIENT_ID));
    let logins = machine.playground.sql_server.take_logins();
    assert_eq!(logins.last().unwrap().database, "testdb");
    let error = machine.pyodbc_error("DSN=slip");
    assert!(
        error.contains("TennantId= in the data source") && error.contains("TenantId=?"),
        "{error}"
    );
}

#[test]
fn a_token_that_is_too_long_for_odbc_ini_is_told() {
    let machine = Machine::new();
    let port = machine.playground.sql_server.port();
    let token = machine.user_token(USER);
    assert!(token.len() > 500, "{}", token.len());
    let section = |name: &str, token: &str| {
        format!(
            "[{name}]\nDriver={DRIVER}\nServer=localhost,{port}\nAccessToken = {token}\nDatabase=testdb\n"
        )
    };
    // Longer than a line that unixODBC reads; its own claims do not matter.
    let long = format!("{token}{}", "x".repeat(2000));
    machine.write_ini(
        "odbc.ini",
        &(section("long", &long) + &section("last", &long).replace("Database=testdb\n", "")),
    );
    for name in ["long", "last"] {
        let error = machine.pyodbc_error(&format!("DSN={name}"));
        assert!(
            error.contains("HY000")
                && error.contains("unixODBC reads 999")
                && error.contains("AccessTokenFile="),
            "{error}"
        );
        assert!(
            !error.contains(&token[..40]) && !error.contains("xxxx"),
            "{error}"
        );
    }
}
