//! unixODBC's pool: connections are reused, but never by someone else.

use crate::{machine::Machine, talk::Talk, who::MSI};

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
    let connect = format!("connect:{}", machine.string(&Machine::payroll()));
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

#[test]
fn a_token_file_that_names_someone_else_meanwhile_opens_a_connection_of_their_own() {
    let machine = pooled();
    let file = machine.file("token", &machine.user_token("ada@contoso.com"));
    let connect = format!("connect:{}", machine.string(&format!("AccessTokenFile={file}")));
    let output = machine.script(&[
        "pooling",
        &connect,
        WHO,
        "disconnect",
        &connect,
        WHO,
        "disconnect",
    ]);
    assert_eq!(identities(&machine), ["ada@contoso.com"; 2], "{output}");
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
    let mut host = Talk::start(
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
    host.hear();
    machine.playground.sql_server.drop_connections();
    host.say("go on");
    host.hear()
}

/// Why: see `renewal`.
#[test]
fn what_lost_its_transaction_is_given_out_again_and_again_unless_the_drivers_recovery_is_off() {
    assert_eq!(after_a_lost_socket(""), "1 42000 42000");
    assert_eq!(after_a_lost_socket("ConnectRetryCount=0;"), "1 08S01 1");
}
