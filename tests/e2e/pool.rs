//! unixODBC's pool: connections are reused, but never by someone else.

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID, USER};
use test_support::{
    connection_string::{MSI, payroll},
    host_process::HostProcess,
    login_name::{application, system_assigned},
    machine::Machine,
    process::finished,
};

use crate::script_host::ScriptHost as _;

fn pooled() -> Machine {
    let machine = Machine::new();
    machine.pool();
    machine
}

const WHO: &str = "query:SELECT SUSER_SNAME()";

fn identities(machine: &Machine) -> Vec<String> {
    let logins = machine.playground.sql_server.logins();
    logins
        .iter()
        .filter_map(|login| login.identity().map(str::to_owned))
        .collect()
}

#[test]
fn the_same_identity_gets_its_connection_back() {
    let machine = pooled();
    let connect = format!("connect:{}", machine.string(&payroll()));
    machine.script(&[
        "pooling",
        &connect,
        WHO,
        "disconnect",
        &connect,
        WHO,
        "disconnect",
    ]);
    assert_eq!(identities(&machine).len(), 1, "one login for two connects");
}

/// Whether unixODBC pools for a program that asks for it where odbcinst.ini says nothing: from 2.3.12 on.
fn heeds_programs(machine: &Machine) -> bool {
    let output = machine.command("odbcinst").arg("--version").output().unwrap();
    let said = finished(&output, "odbcinst");
    let numbers: Vec<u32> = said
        .rsplit(' ')
        .next()
        .unwrap()
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect();
    numbers >= vec![2, 3, 12]
}

#[test]
fn where_odbcinst_ini_says_nothing_pyodbc_has_the_pool_from_unixodbc_2_3_12_on_unless_it_is_told_not_to() {
    for (setting, is_pooled) in [("True", heeds_programs(&Machine::new())), ("False", false)] {
        let machine = Machine::new();
        let program = format!("pyodbc.pooling = {setting}\n{IN_TURN}");
        let mut host = HostProcess::start(&machine, &program, &[&machine.string(&payroll())]);
        host.read_line();
        again(&mut host, "");
        assert_eq!(
            identities(&machine).len(),
            if is_pooled { 1 } else { 2 },
            "{setting}"
        );
    }
}

/// What a program is told in turn: it connects, says who it is, and closes, each time it hears a line. A line
/// `name=value` sets a variable of its environment first.
const IN_TURN: &str = "
while True:
    connection = pyodbc.connect(sys.argv[1])
    say(connection.execute('SELECT SUSER_SNAME()').fetchval())
    connection.close()
    name, _, value = hear().partition('=')
    if name:
        os.environ[name] = value
";

fn in_turn(machine: &Machine, string: &str) -> HostProcess {
    HostProcess::start(machine, IN_TURN, &[string])
}

/// Has the program connect again, after that variable was set if one is named.
fn again(host: &mut HostProcess, variable: &str) -> String {
    host.write_line(variable);
    host.read_line()
}

#[test]
fn a_token_file_opens_another_connection_only_when_it_names_someone_else() {
    let machine = pooled();
    let file = machine.file("token", &machine.user_token("ada@contoso.com"));
    let mut host = in_turn(&machine, &machine.string(&format!("AccessTokenFile={file}")));
    assert_eq!(host.read_line(), "ada@contoso.com");
    assert_eq!(again(&mut host, ""), "ada@contoso.com");
    assert_eq!(identities(&machine), ["ada@contoso.com"], "handed out again");
    machine.file("token", &machine.user_token("grace@contoso.com"));
    assert_eq!(again(&mut host, ""), "grace@contoso.com");
    assert_eq!(again(&mut host, ""), "grace@contoso.com");
    assert_eq!(identities(&machine), ["ada@contoso.com", "grace@contoso.com"]);
}

#[test]
fn a_managed_identitys_endpoint_variables_decide_whose_connection_it_is() {
    let machine = pooled();
    let mut host = in_turn(&machine, &machine.string(MSI));
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_eq!(again(&mut host, ""), system_assigned(&machine));
    let platform = &machine.playground.managed_identity;
    let shell = format!("MSI_ENDPOINT={}", platform.cloud_shell_endpoint());
    assert_eq!(again(&mut host, &shell), USER);
    assert_eq!(again(&mut host, ""), USER);
    assert_eq!(identities(&machine), [&system_assigned(&machine), USER]);
}

#[test]
fn the_environments_variables_decide_whose_connection_it_is() {
    let machine = pooled()
        .with("AZURE_TENANT_ID", TENANT_ID)
        .with("AZURE_CLIENT_ID", PAYROLL_CLIENT_ID)
        .with("AZURE_CLIENT_SECRET", PAYROLL_SECRET);
    let mut host = in_turn(
        &machine,
        &machine.string("Authentication=ActiveDirectoryEnvironment"),
    );
    let payroll = application(PAYROLL_CLIENT_ID);
    assert_eq!(host.read_line(), payroll);
    assert_eq!(again(&mut host, ""), payroll);
    assert_eq!(identities(&machine).len(), 1);
    host.write_line("AZURE_CLIENT_SECRET=wrong");
    // The string signs in nobody now, so nobody gets what is left of the one before.
    let (status, _) = host.wait(std::time::Duration::from_mins(1));
    assert!(!status.success());
    assert_eq!(identities(&machine).len(), 1);
}

#[test]
fn the_default_chain_keeps_a_connection_while_the_same_member_signs_in() {
    let machine = pooled();
    let mut host = in_turn(&machine, &machine.string("Authentication=ActiveDirectoryDefault"));
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_eq!(again(&mut host, ""), system_assigned(&machine));
    let platform = &machine.playground.managed_identity;
    let shell = format!("MSI_ENDPOINT={}", platform.cloud_shell_endpoint());
    assert_eq!(again(&mut host, &shell), USER);
    assert_eq!(identities(&machine), [&system_assigned(&machine), USER]);
}

#[test]
fn equal_strings_with_tokens_of_the_hosts_own_never_share_a_connection() {
    let machine = pooled();
    let ada = machine.file("ada", &machine.user_token("ada@contoso.com"));
    let grace = machine.file("grace", &machine.user_token("grace@contoso.com"));
    let connect = format!("connect:{}", machine.string(""));
    let output = machine.script(&[
        "pooling",
        &format!("token-kept:{ada}"),
        &connect,
        WHO,
        "disconnect",
        "free",
        "alloc",
        &format!("token-kept:{grace}"),
        &connect,
        WHO,
    ]);
    let rows: Vec<&str> = output
        .lines()
        .filter(|line| line.contains("@contoso.com"))
        .collect();
    assert_eq!(rows, ["ada@contoso.com", "grace@contoso.com"], "{output}");
}

/// What a program outside autocommit gets from the pool, once before and twice after its socket was lost.
fn after_a_lost_socket(rest: &str) -> String {
    let machine = pooled();
    let mut host = HostProcess::start(
        &machine,
        "
def ask():
    connection = pyodbc.connect(sys.argv[1])
    try:
        return connection.execute('SELECT 1').fetchval()
    except pyodbc.Error as error:
        return error.args[0]
    finally:
        try:
            connection.close()
        except pyodbc.Error:
            pass
before = ask()
# Driver 18 restores a connection only if that was idle for 5 ms.
time.sleep(0.1)
say('asked')
hear()
say(before, ask(), ask())
",
        &[&machine.string(&format!("{MSI}{rest}"))],
    );
    host.read_line();
    machine.playground.sql_server.drop_connections();
    host.write_line("go on");
    host.read_line()
}

/// Why: see `renewal`.
#[test]
fn what_lost_its_transaction_is_given_out_again_and_again_unless_the_drivers_recovery_is_off() {
    assert_eq!(after_a_lost_socket(""), "1 42000 42000");
    assert_eq!(after_a_lost_socket("ConnectRetryCount=0;"), "1 08S01 1");
}
