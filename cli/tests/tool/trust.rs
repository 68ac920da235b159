//! `trust`: what the administrator's list has, and that all else in the file stays.

use crate::machine::{Machine, OURS};

#[test]
fn hosts_are_added_listed_and_taken_back_and_the_rest_of_the_file_stays() {
    let machine = Machine::with_stock();
    machine.install(&[]).done();
    let before = machine.read("odbcinst.ini");
    let out = machine.run(&["trust", "add", "DB.corp.example."]).done();
    assert!(out.contains("may go to db.corp.example"), "{out}");
    machine.run(&["trust", "add", "*.sql.corp.example"]).done();
    let ini = machine.read("odbcinst.ini");
    assert!(ini.starts_with(&machine.stock()), "{ini}");
    assert!(ini.contains("db.corp.example, *.sql.corp.example"), "{ini}");
    assert!(
        machine
            .run(&["trust", "add", "db.corp.example"])
            .done()
            .contains("already")
    );
    let all = machine.run(&["trust", "list", "--json"]).json();
    assert_eq!(all[0]["host"], "db.corp.example");
    assert_eq!(all[1]["host"], "*.sql.corp.example");
    assert!(
        all[0]["from"].as_str().unwrap().ends_with("odbcinst.ini"),
        "{all}"
    );
    machine.run(&["trust", "remove", "db.corp.example"]).done();
    assert!(
        machine
            .run(&["trust", "remove", "db.corp.example"])
            .done()
            .contains("not listed")
    );
    machine.run(&["trust", "remove", "*.sql.corp.example"]).done();
    assert_eq!(machine.read("odbcinst.ini"), before);
    assert!(machine.run(&["trust", "list"]).done().contains("alone"));
    // A section of ours is removed with the entries that were added to it since.
    machine.run(&["trust", "add", "db.corp.example"]).done();
    machine.run(&["uninstall"]).done();
    assert!(!machine.read("odbcinst.ini").contains(OURS));
}

#[test]
fn without_a_registered_driver_and_for_what_is_no_host_nothing_is_written() {
    let machine = Machine::with_stock();
    let error = machine.run(&["trust", "add", "db.corp.example"]).refused(2);
    assert!(
        error.contains(OURS) && error.contains("entra-odbc install"),
        "{error}"
    );
    for bad in [
        "*",
        "https://db.corp.example",
        "x.database.windows.net",
        "localhost",
    ] {
        machine.run(&["trust", "add", bad]).refused(2);
    }
    assert_eq!(machine.read("odbcinst.ini"), machine.stock());
}

#[test]
fn what_the_environment_says_is_listed_as_well() {
    let machine = Machine::with_stock();
    let mut command = machine.command(&["trust", "list"]);
    command.env("ENTRA_ODBC_TRUSTED_SERVERS", "db.corp.example;nonsense!");
    let out = crate::tool::Run::of(&mut command).done();
    assert_eq!(out, "db.corp.example  ENTRA_ODBC_TRUSTED_SERVERS\n");
}
