//! Perl with DBD::ODBC.

use crate::{
    expiry::{assert_restored, outlive_renewed, short_lived},
    machine::{Machine, finished},
    talk::Talk,
    who::{MSI, identity, logins, requests},
};

#[test]
fn dbi_connects_by_a_string_alone() {
    let machine = Machine::new();
    let output = machine
        .command("perl")
        .args([
            "-MDBI",
            "-e",
            "print DBI->connect(\"dbi:ODBC:$ARGV[0]\", undef, undef, {RaiseError => 1})
                ->selectrow_array('SELECT SUSER_SNAME()')",
            &machine.string(MSI),
        ])
        .output()
        .unwrap();
    assert_eq!(finished(&output, "perl"), identity(&machine));
    assert_eq!(requests(&machine), 1);
}

/// `connect_cached` pings what it has kept before it gives it out, as Apache::DBI does.
#[test]
fn a_cached_connection_outlives_its_token_and_its_socket() {
    let machine = short_lived();
    let mut command = machine.command("perl");
    command.args([
        "-MDBI",
        "-e",
        "
$| = 1;
while (1) {
    my $connection = DBI->connect_cached(\"dbi:ODBC:$ARGV[0]\", undef, undef, {RaiseError => 1});
    print $connection->selectrow_array('SELECT SUSER_SNAME()'), \"\\n\";
    <STDIN>;
}
",
        &machine.string(MSI),
    ]);
    let mut host = Talk::with(command);
    assert_eq!(host.hear(), identity(&machine));
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
    assert_eq!(logins(&machine).len(), 1, "cached");
    outlive_renewed(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
    assert_restored(&machine, 1, 1);
}
