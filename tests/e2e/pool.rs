//! unixODBC's pool: connections are reused, but never by someone else.

use crate::{
    library::{built_library, real_driver},
    machine::{DRIVER, Machine},
};

fn pooled() -> Machine {
    let machine = Machine::new();
    machine.write_ini(
        "odbcinst.ini",
        &format!(
            "[ODBC]\nPooling=Yes\n\n[{DRIVER}]\nDriver={}\nRealDriver={}\nCPTimeout=120\n",
            built_library().display(),
            real_driver().display(),
        ),
    );
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
