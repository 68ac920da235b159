//! PHP: `odbc_connect`, `odbc_pconnect` and PDO, within one process as a web server's worker keeps it.

use std::process::Command;

use test_support::{
    connection_string::MSI, host_process::HostProcess, login_name::system_assigned, machine::Machine,
    process::finished,
};

use crate::token_lifetime::{assert_restored, wait_for_expiry, wait_for_renewal_and_expiry};

/// What every program begins with: `connect` by each of PHP's ways, `who`, and a conversation.
const PRELUDE: &str = "
function say($words) { fwrite(STDOUT, \"$words\\n\"); }
function hear() { return trim(fgets(STDIN)); }
const WHO = 'SELECT SUSER_SNAME()';
function who($connection) { return odbc_result(odbc_exec($connection, WHO), 1); }
$string = $argv[1];
";

fn php(machine: &Machine, program: &str, arguments: &[&str]) -> HostProcess {
    HostProcess::spawn(command(machine, program, arguments))
}

/// PHP's default, a static cursor, lives on the server, and the stand-in has none.
fn command(machine: &Machine, program: &str, arguments: &[&str]) -> Command {
    let mut command = machine.command("php");
    command
        .args(["-d", "odbc.default_cursortype=0", "-r"])
        .args([&format!("{PRELUDE}{program}"), "--"])
        .args(arguments);
    command
}

/// Says who it is, lets the connection go, and connects again at a word.
const PERSISTENT: &str = "
while (true) {
    $connection = odbc_pconnect($string, '', '');
    say(who($connection));
    unset($connection);
    hear();
}
";

#[test]
fn odbc_connect_and_pdo_connect_by_a_string_alone() {
    let machine = Machine::new();
    let program = "
say(who(odbc_connect($string, '', '')));
say(who(odbc_pconnect($string, '', '')));
say((new PDO(\"odbc:$string\"))->query(WHO)->fetchColumn());
";
    let output = command(&machine, program, &[&machine.string(MSI)])
        .output()
        .unwrap();
    let who = system_assigned(&machine);
    assert_eq!(finished(&output, "php"), format!("{who}\n{who}\n{who}"));
    assert_eq!(machine.managed_identity_requests(), 1);
}

#[test]
fn pconnect_opens_a_new_connection_once_the_token_has_ended() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = php(&machine, PERSISTENT, &[&machine.string(MSI)]);
    assert_eq!(host.read_line(), system_assigned(&machine));
    host.write_line("again");
    host.read_line();
    assert_eq!(machine.accepted_logins().len(), 1, "persistent");
    wait_for_expiry(&machine);
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    let logins = machine.accepted_logins();
    assert_eq!(logins.len(), 2);
    assert!(!logins[1].reconnect);
}

#[test]
fn pconnect_goes_on_with_its_connection_where_the_string_says_so() {
    let machine = Machine::with_short_lived_tokens();
    let string = machine.string(&format!("{MSI}TokenExpiryIsDead=no;"));
    let mut host = php(&machine, PERSISTENT, &[&string]);
    assert_eq!(host.read_line(), system_assigned(&machine));
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_restored(&machine, 1, 1);
}

/// The string is the key of PHP's connections, as of unixODBC's; the driver's answer keeps people apart.
#[test]
fn pconnect_takes_the_person_whom_the_token_file_names_now() {
    for connect in ["odbc_pconnect", "odbc_connect"] {
        let machine = Machine::new();
        let file = machine.file("token", &machine.user_token("ada@contoso.com"));
        let string = machine.string(&format!("AccessTokenFile={file}"));
        let program = PERSISTENT.replace("odbc_pconnect", connect);
        let mut host = php(&machine, &program, &[&string]);
        assert_eq!(host.read_line(), "ada@contoso.com");
        machine.file("token", &machine.user_token("grace@contoso.com"));
        host.write_line("again");
        assert_eq!(host.read_line(), "grace@contoso.com", "{connect}");
    }
}

/// PHP asks in mid-work, and closes under the first user what it is told to be dead.
#[test]
fn a_second_pconnect_takes_the_results_of_the_first_unless_the_string_keeps_the_connection_alive() {
    let program = "
// PHP also asks SQL_DATA_SOURCE_READ_ONLY, for which Driver 18 asks the server the first time.
odbc_pconnect($string, '', '');
$first = odbc_pconnect($string, '', '');
$result = odbc_exec($first, WHO);
say('asked');
hear();
$second = odbc_pconnect($string, '', '');
try { say(odbc_result($result, 1)); } catch (TypeError $error) { say('taken'); }
";
    for (rest, lives) in [("", false), ("TokenExpiryIsDead=no;", true)] {
        let machine = Machine::with_short_lived_tokens();
        let mut host = php(&machine, program, &[&machine.string(&format!("{MSI}{rest}"))]);
        host.read_line();
        wait_for_expiry(&machine);
        host.write_line("again");
        let heard = host.read_line();
        assert_eq!(heard == system_assigned(&machine), lives, "{rest}: {heard}");
    }
}

/// PHP also asks for `SQL_DATA_SOURCE_READ_ONLY`: see the test of that in `who_asks`.
#[test]
fn unread_results_fail_phps_own_check_the_first_time() {
    let machine = Machine::new();
    let program = "
$result = odbc_exec(odbc_pconnect($string, '', ''), WHO);
odbc_pconnect($string, '', '');
try { say(odbc_result($result, 1)); } catch (TypeError $error) { say('taken'); }
";
    let output = command(&machine, program, &[&machine.string(MSI)])
        .output()
        .unwrap();
    assert_eq!(finished(&output, "php"), "taken");
}

const PDO: &str = "
while (true) {
    $connection = new PDO(\"odbc:$string\", null, null, [PDO::ATTR_PERSISTENT => $argv[2] == 'persistent']);
    say($connection->query(WHO)->fetchColumn());
    unset($connection);
    hear();
}
";

#[test]
fn persistent_pdo_opens_a_new_connection_once_the_token_has_ended() {
    for (rest, expected) in [("", 2), ("TokenExpiryIsDead=no;", 1)] {
        let machine = Machine::with_short_lived_tokens();
        let string = machine.string(&format!("{MSI}{rest}"));
        let mut host = php(&machine, PDO, &[&string, "persistent"]);
        assert_eq!(host.read_line(), system_assigned(&machine));
        wait_for_expiry(&machine);
        host.write_line("again");
        assert_eq!(host.read_line(), system_assigned(&machine));
        assert_eq!(machine.accepted_logins().len(), expected, "{rest}");
    }
}

#[test]
fn a_second_persistent_pdo_leaves_the_first_its_connection() {
    let machine = Machine::new();
    let file = machine.file("token", &machine.user_token("ada@contoso.com"));
    let next = machine.file("next", &machine.user_token("grace@contoso.com"));
    let program = "
function connect() {
    global $string;
    return new PDO(\"odbc:$string\", null, null, [PDO::ATTR_PERSISTENT => true]);
}
$first = connect();
$first->beginTransaction();
rename($argv[2], $argv[3]);
$second = connect();
say($second->query(WHO)->fetchColumn());
say($first->query(WHO)->fetchColumn());
$first->commit();
";
    let string = machine.string(&format!("AccessTokenFile={file}"));
    let output = command(&machine, program, &[&string, &next, &file])
        .output()
        .unwrap();
    assert_eq!(finished(&output, "php"), "grace@contoso.com\nada@contoso.com");
    assert_eq!(machine.accepted_logins().len(), 2);
}

#[test]
fn pdo_through_unixodbcs_pool_is_given_a_new_session_once_the_token_has_ended() {
    let machine = Machine::with_short_lived_tokens();
    machine.pool();
    let mut host = php(&machine, PDO, &[&machine.string(MSI), "pooled"]);
    host.read_line();
    host.write_line("again");
    host.read_line();
    assert_eq!(machine.accepted_logins().len(), 1, "pooled");
    wait_for_expiry(&machine);
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_eq!(machine.accepted_logins().len(), 2);
}
