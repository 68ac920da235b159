//! The real driver missing, or not what it should be: the host is told in the connect call.

use std::fs;

use test_support::{
    drivers::{built_library, real_driver},
    machine::Machine,
    registration::{DRIVER, STOCK_DRIVER, section},
};

const UNNAMED: &str = "the target driver could not be loaded. Tried: ";
const NAMED: &str = "the target driver that ENTRA_ODBC_DRIVER names could not be loaded: ";

/// Connects through a library that cannot find its real driver; the record must be IM003 and give this reason.
fn missing(machine: &Machine, start: &str, reason: &str) {
    let string = format!("DRIVER={{{DRIVER}}};SERVER=localhost,1;Authentication=ActiveDirectoryMsi");
    for said in [machine.pyodbc_error(&string), machine.isql_failure(&string)] {
        assert!(
            said.contains("IM003") && said.contains(&format!("[entra-odbc] {start}")),
            "{said}"
        );
        assert!(said.contains(reason), "{reason} in {said}");
    }
}

/// Registers nothing but the library, so that no real driver is found by name.
fn only_us(machine: &Machine) {
    machine.register(&section(DRIVER, &built_library()));
}

#[test]
fn what_cannot_be_wrapped_is_named_with_the_reason() {
    let machine = Machine::new();
    only_us(&machine);
    let text = machine.file("text.so", "not a library");
    let copy = machine.path("copy.so");
    fs::copy(built_library(), &copy).unwrap();
    let link = machine.path("link.so");
    std::os::unix::fs::symlink(built_library(), &link).unwrap();
    let mut machine = machine;
    for (driver, reason) in [
        (
            "/nowhere/libmsodbcsql.so",
            "/nowhere/libmsodbcsql.so (ENTRA_ODBC_DRIVER): not found".to_owned(),
        ),
        (
            &text,
            format!("{text} (ENTRA_ODBC_DRIVER): is not a shared library"),
        ),
        ("/etc", "is a directory".to_owned()),
        (
            copy.to_str().unwrap(),
            "is a copy of entra-odbc itself".to_owned(),
        ),
        (link.to_str().unwrap(), "is entra-odbc itself".to_owned()),
        (DRIVER, "is entra-odbc itself".to_owned()),
        (
            "No Such Driver",
            "neither a path nor a driver in odbcinst.ini".to_owned(),
        ),
    ] {
        machine = machine.with("ENTRA_ODBC_DRIVER", driver);
        missing(&machine, NAMED, &reason);
        // Installing another driver would change nothing.
        missing(&machine, NAMED, "Correct ENTRA_ODBC_DRIVER:");
    }
}

#[test]
fn a_bad_file_that_our_section_names_is_to_be_corrected_there() {
    let machine = Machine::new();
    machine.register(&format!(
        "{}RealDriver=/nowhere/libmsodbcsql.so\n",
        section(DRIVER, &built_library())
    ));
    let start = format!(
        "the target driver that RealDriver in [{DRIVER}] of odbcinst.ini names could not be loaded: "
    );
    missing(&machine, &start, "/nowhere/libmsodbcsql.so");
    missing(&machine, &start, &format!("Correct RealDriver in [{DRIVER}]"));
}

#[test]
fn without_any_driver_the_places_that_were_tried_are_named() {
    let machine = Machine::new();
    only_us(&machine);
    missing(
        &machine,
        UNNAMED,
        "[ODBC Driver 18 for SQL Server] of odbcinst.ini: not registered",
    );
    missing(&machine, UNNAMED, "or name its library in ENTRA_ODBC_DRIVER.");
}

#[test]
fn the_driver_is_found_by_its_name_by_our_section_and_under_the_stock_name() {
    let who = |machine: &Machine| machine.pyodbc(&machine.string("Authentication=ActiveDirectoryMsi"));
    let ours = built_library();
    let real = real_driver();

    let machine = Machine::new().with("ENTRA_ODBC_DRIVER", "Elsewhere");
    machine.register(&[section(DRIVER, &ours), section("Elsewhere", &real)].concat());
    who(&machine);

    let machine = Machine::new();
    machine.register(&[section(DRIVER, &ours), section(STOCK_DRIVER, &real)].concat());
    who(&machine);

    // The stock name taken over: programs need no change at all.
    let machine = Machine::new();
    machine.take_the_stock_name();
    machine.pyodbc(&machine.bare_string("Authentication=ActiveDirectoryMsi"));
}

#[test]
fn a_link_to_the_driver_is_followed_to_where_its_resources_are() {
    let machine = Machine::new();
    let link = machine.path("libmsodbcsql.so");
    std::os::unix::fs::symlink(real_driver(), &link).unwrap();
    let machine = machine.with("ENTRA_ODBC_DRIVER", link.to_str().unwrap());
    machine.pyodbc(&machine.string("Authentication=ActiveDirectoryMsi"));
}
