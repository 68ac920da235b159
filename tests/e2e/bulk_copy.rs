//! Bulk loads with the driver's bcp functions, which a host takes from the library itself.

use test_support::{
    connection_string::{MSI, sql_login},
    drivers::{built_library, real_driver},
    hosts::python,
    machine::Machine,
    process::finished,
    workspace::host_source,
};

const LOADED: &str = "\
2 1
1|Zoë|-123.45|2026-01-02 03:04:05.123456|9000
2|None|None|None|None
3||-123.45|2026-01-02 03:04:05.123456|9000
-1 23000 2627 ";
const IN_TRANSACTIONS: &str = "
3
1 3 3
1 3 4";

fn assert_rows_are_loaded(through_the_library: bool) {
    let machine = Machine::new();
    let (library, string) = if through_the_library {
        (built_library(), machine.string(MSI))
    } else {
        (
            real_driver(),
            machine.bare_string(&format!("{}TrustServerCertificate=yes;", sql_login())),
        )
    };
    let output = machine
        .command(python())
        .arg(host_source("bulk_copy.py"))
        .arg(library)
        .arg(string)
        .output()
        .unwrap();
    let printed = finished(&output, "bulk_copy.py");
    assert!(printed.starts_with(LOADED), "{printed}");
    assert!(printed.ends_with(IN_TRANSACTIONS), "{printed}");
}

#[test]
fn rows_are_loaded_on_a_connection_of_the_library() {
    assert_rows_are_loaded(true);
}

#[test]
fn rows_are_loaded_as_with_the_bare_driver() {
    assert_rows_are_loaded(false);
}
