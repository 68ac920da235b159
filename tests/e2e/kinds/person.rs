//! Kinds that sign a person in.

use standins::playground::{OTHER_USER, PORTAL_CLIENT_ID, PORTAL_SECRET, TENANT_ID, USER, USER_PASSWORD};
use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use test_support::{
    browser::with_browser, connection_string::braced, host_process::HostProcess, machine::Machine,
};

use super::Visit;

/// The Azure CLI's application, for which people sign in unless told another one.
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Says the code that the driver shows on the terminal of its standard error, then who signed in, by two connections,
/// or what is wrong.
const AT_A_TERMINAL: &str = "
import pty, re
pyodbc.pooling = False
terminal, shown = pty.openpty()
os.dup2(shown, 2)
def watch():
    text = ''
    while True:
        text += os.read(terminal, 4096).decode()
        code = re.search(r'code ([A-Z0-9]{9}) to', text)
        if code:
            say(code[1])
            text = ''
threading.Thread(target=watch, daemon=True).start()
for _ in range(2):
    try:
        say(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
    except pyodbc.Error as error:
        say(error)
";

pub fn device_code(machine: Machine) -> Visit {
    let string = machine.string("Authentication=ActiveDirectoryDeviceCode");
    let host = HostProcess::start(&machine, AT_A_TERMINAL, &[&string]);
    let code = host.read_line();
    assert!(machine.playground.entra.approve_device(&code, USER), "{code}");
    let said = host.read_line();
    assert_eq!(host.read_line(), said, "the second connect asks nobody");
    Visit {
        machine,
        said,
        expected: USER.to_owned(),
    }
}

pub fn interactive(machine: Machine) -> Visit {
    let machine = with_browser(machine, USER, USER_PASSWORD);
    Visit::by_string(machine, "Authentication=ActiveDirectoryInteractive", USER)
}

pub fn password(machine: Machine) -> Visit {
    let rest = with_password(USER_PASSWORD);
    Visit::by_string(machine, &rest, USER)
}

fn with_password(password: &str) -> String {
    let password = braced(password);
    format!("Authentication=ActiveDirectoryPassword;UID={USER};PWD={password};TenantId={TENANT_ID}")
}

pub fn refresh_token(machine: Machine) -> Visit {
    let token = machine.playground.entra.refresh_token(OTHER_USER, AZURE_CLI);
    let file = machine.file("refresh-token", &token);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let rest =
        format!("Authentication=ActiveDirectoryRefreshToken;RefreshTokenFile={file};TenantId={TENANT_ID}");
    let visit = Visit::by_string(machine, &rest, OTHER_USER);
    let kept = fs::read_to_string(file).unwrap();
    assert_ne!(kept, token, "the rotated token is written back");
    visit
}

pub fn on_behalf_of(machine: Machine) -> Visit {
    let arrived = machine.playground.portal_token(USER, Duration::from_hours(1));
    let rest = format!(
        "Authentication=ActiveDirectoryOnBehalfOf;UID={PORTAL_CLIENT_ID};PWD={{{PORTAL_SECRET}}};TenantId={TENANT_ID};\
         UserAssertion={arrived}"
    );
    Visit::by_string(machine, &rest, USER)
}

#[test]
fn a_person_who_declines_and_a_code_that_ends_are_told_apart() {
    let machine = Machine::new();
    let string = machine.string("Authentication=ActiveDirectoryDeviceCode");
    let entra = &machine.playground.entra;

    let host = HostProcess::start(&machine, AT_A_TERMINAL, &[&string]);
    assert!(entra.decline_device(&host.read_line()));
    let declined = host.read_line();
    assert!(
        declined.contains("28000") && declined.contains("[DeviceCode] the person declined"),
        "{declined}"
    );

    entra.set_device_code_lifetime(Duration::from_secs(1));
    let host = HostProcess::start(&machine, AT_A_TERMINAL, &[&string]);
    let _code = host.read_line();
    let expired = host.read_line();
    assert!(
        expired.contains("[DeviceCode]") && expired.contains("expired"),
        "{expired}"
    );
}

#[test]
fn without_a_terminal_a_device_code_is_an_error_that_says_what_to_do() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&machine.string("Authentication=ActiveDirectoryDeviceCode"));
    assert!(
        error.contains("HYC00") && error.contains("entra-odbc login"),
        "{error}"
    );
}

#[test]
fn a_browser_that_is_closed_and_one_that_is_not_there_are_told_apart() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&machine.string("Authentication=ActiveDirectoryInteractive"));
    assert!(
        error.contains("HYC00") && error.contains("entra-odbc login"),
        "{error}"
    );
    let machine = machine.with("BROWSER", "true");
    let error = machine
        .pyodbc_error(&machine.string("Authentication=ActiveDirectoryInteractive;InteractiveTimeout=1"));
    assert!(
        error.contains("HYT00") && error.contains("InteractiveTimeout"),
        "{error}"
    );
}

#[test]
fn what_entra_says_of_a_person_arrives_with_its_number_and_what_to_do() {
    let machine = Machine::new();
    let error = machine.pyodbc_error(&machine.string(&with_password("wrong")));
    assert!(
        error.contains("28000") && error.contains("(50126)") && error.contains("password"),
        "{error}"
    );
    machine.playground.entra.change(|directory| {
        for user in directory.tenants.iter_mut().flat_map(|tenant| &mut tenant.users) {
            user.needs_mfa = true;
        }
    });
    let error = machine.pyodbc_error(&machine.string(&with_password(USER_PASSWORD)));
    assert!(
        error.contains("28000") && error.contains("(50076)") && error.contains("browser or device code"),
        "{error}"
    );
}

#[test]
fn a_service_that_nobody_consented_to_is_told_so() {
    let machine = Machine::new();
    machine.playground.entra.change(|directory| {
        for app in directory.tenants.iter_mut().flat_map(|tenant| &mut tenant.apps) {
            app.lacks_consent = app.client_id == PORTAL_CLIENT_ID;
        }
    });
    let arrived = machine.playground.portal_token(USER, Duration::from_hours(1));
    let error = machine.pyodbc_error(&machine.string(&format!(
        "Authentication=ActiveDirectoryOnBehalfOf;UID={PORTAL_CLIENT_ID};PWD={{{PORTAL_SECRET}}};TenantId={TENANT_ID};\
         UserAssertion={arrived}"
    )));
    assert!(
        error.contains("[28000] [entra-odbc][OnBehalfOf] Entra refused the sign-in: ")
            && error.contains("consent")
            && error.contains("(65001)")
            && !error.contains(&arrived),
        "{error}"
    );
}
