//! `install --package` and `uninstall --package`, which the packages' scripts call.

use crate::machine::{self, ToolMachine as _, registered, text};
use std::fs;
use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
    registration::{DRIVER, our_section},
};

const NEIGHBOURS: &str = "; by hand\r\n[Other]\nDriver=/other.so\n\n[Gr\u{f6}\u{df}e]\nDriver = /x.so";

fn install(machine: &Machine<()>) -> String {
    machine.install(&["--package"]).done()
}

fn uninstall(machine: &Machine<()>) -> String {
    machine.run(&["uninstall", "--package"]).done()
}

#[test]
fn the_driver_is_registered_before_microsofts_which_is_found_once_it_is_there() {
    let machine = machine::empty();
    machine.register(NEIGHBOURS);
    let out = install(&machine);
    assert!(
        out.contains("real driver  none yet") && out.contains("Driver 18") && out.contains("warning:"),
        "{out}"
    );
    let json = machine.install(&["--package", "--json"]).json();
    assert!(json["real_driver"].is_null(), "{json}");
    assert_eq!(json["changed"], false);
    assert!(registered(&machine, DRIVER, false).contains(text(&built_library())));
    // As Microsoft's package does it: unixODBC writes the whole file anew.
    let section = machine.file(
        "microsoft.ini",
        &format!(
            "[ODBC Driver 18 for SQL Server]\nDriver={}\n",
            real_driver().display()
        ),
    );
    let odbcinst = |arguments: &[&str]| {
        test_support::process::output(machine.program("odbcinst", arguments).env("HOME", "/nowhere"))
    };
    odbcinst(&["-i", "-d", "-f", &section]);
    let status = machine.run(&["status"]);
    assert_eq!(status.code, Some(0), "{}{}", status.out, status.err);
    uninstall(&machine);
    let left = machine.read("odbcinst.ini");
    assert!(!left.contains(DRIVER) && left.contains("[Other]"), "{left}");
    assert!(left.contains("[ODBC Driver 18 for SQL Server]"), "{left}");
    assert_eq!(uninstall(&machine), "Nothing is registered.\n");
}

#[test]
fn other_entries_keep_every_byte() {
    let machine = machine::empty();
    machine.register(NEIGHBOURS);
    install(&machine);
    assert!(machine.read("odbcinst.ini").starts_with(NEIGHBOURS));
    uninstall(&machine);
    assert_eq!(machine.read("odbcinst.ini"), NEIGHBOURS);
    assert_eq!(machine.files(), ["odbcinst.ini"]);
}

#[test]
fn an_entry_that_somebody_has_edited_is_kept_by_both() {
    let machine = machine::empty();
    install(&machine);
    let added = machine.read("odbcinst.ini") + "TrustedServers = db.contoso.net\n";
    let changed = machine
        .read("odbcinst.ini")
        .replace("Description = ", "Description = Our ");
    for edited in [added, changed] {
        machine.register(&edited);
        let out = install(&machine);
        assert!(out.contains("is left as it is"), "{out}");
        assert_eq!(machine.read("odbcinst.ini"), edited);
        let out = uninstall(&machine);
        assert!(out.contains("stays") && out.contains("odbcinst -u -d"), "{out}");
        assert_eq!(machine.read("odbcinst.ini"), edited);
        assert_eq!(machine.files(), ["odbcinst.ini"]);
        // Installed once more, it is found as it was left.
        install(&machine);
        assert_eq!(machine.read("odbcinst.ini"), edited);
    }
}

#[test]
fn an_entry_of_another_installation_is_kept() {
    let machine = machine::empty();
    let by_hand = our_section(DRIVER);
    machine.register(&by_hand);
    install(&machine);
    uninstall(&machine);
    assert_eq!(machine.read("odbcinst.ini"), by_hand);
}

#[test]
fn the_stock_name_is_given_back_and_data_sources_stay() {
    let machine = machine::with_stock_driver();
    install(&machine);
    machine
        .install(&[
            "--replace",
            "--dsn",
            "payroll",
            "Server=contoso.database.windows.net",
        ])
        .done();
    let sources = machine.read("odbc.ini");
    uninstall(&machine);
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
    assert_eq!(machine.read("odbc.ini"), sources);
    machine.run(&["uninstall"]).done();
    assert!(!machine.path("odbc.ini").exists());
}

#[test]
fn an_unedited_entry_follows_a_library_that_moves() {
    let machine = machine::empty();
    install(&machine);
    let moved = machine.path("moved.so");
    fs::copy(built_library(), &moved).unwrap();
    machine
        .run(&["install", "--package", "--library", text(&moved)])
        .done();
    assert!(registered(&machine, DRIVER, false).contains(text(&moved)));
    uninstall(&machine);
    assert!(machine.files().iter().all(|name| name == "moved.so"));
}

#[test]
fn a_package_decides_neither_for_the_stock_name_nor_for_data_sources() {
    let machine = machine::with_stock_driver();
    for more in [&["--replace"][..], &["--dsn", "x"], &["--real-driver", "/x.so"]] {
        machine.install(&[&["--package"], more].concat()).refused(2);
    }
    assert_eq!(machine.read("odbcinst.ini"), machine.stock_registration());
}
