//! Drivers that deal with their TLS contexts in other ways than Driver 18.6.

use test_support::{connection_string::MSI, machine::Machine};

use super::{LOADED, OFF, SHARED, count, settle};
use crate::{
    recorder::{RECORDER, WITHOUT_BULK_COPY, recording_by},
    script_host::ScriptHost as _,
};

/// Connects five times by a driver that looks up these functions beside the usual ones.
fn connect_five_times(driver: &std::path::Path, functions: &str) -> Machine {
    connect(recording_by(driver, ""), functions)
}

fn connect(machine: Machine, functions: &str) -> Machine {
    settle(&machine.path("ca.pem"));
    let log = machine.path("ours");
    let machine = machine
        .with("RECORDER_OPENSSL", functions)
        .with("ENTRA_ODBC_LOG", "debug")
        .with("ENTRA_ODBC_LOG_FILE", log.to_str().unwrap());
    // A login of the driver's own: nothing is loaded ahead.
    let string = format!("connect:{}", machine.string("UID=a;PWD=b;"));
    let steps = [string.as_str(), "disconnect"].repeat(5);
    machine.script(&steps);
    std::fs::rename(log, machine.path("log")).unwrap();
    machine
}

fn counts(machine: &Machine) -> (usize, usize, usize) {
    (
        count(machine, LOADED),
        count(machine, SHARED),
        count(machine, OFF),
    )
}

#[test]
fn a_driver_that_uses_the_known_functions_shares_from_the_second_connection_on() {
    assert_eq!(
        counts(&connect_five_times(
            &RECORDER,
            "SSL_new,X509_free,no_such_function"
        )),
        (1, 4, 0)
    );
}

#[test]
fn a_driver_that_uses_unknown_ones_shares_once_two_stores_of_its_own_were_equal() {
    assert_eq!(
        counts(&connect_five_times(&RECORDER, "SSL_CTX_set_purpose")),
        (1, 3, 0)
    );
}

#[test]
fn a_driver_that_reaches_the_store_is_left_alone() {
    let machine = connect_five_times(&RECORDER, "SSL_CTX_get_cert_store");
    assert_eq!(counts(&machine), (0, 0, 1));
    assert!(
        machine.read("log").contains("SSL_CTX_get_cert_store"),
        "{}",
        machine.read("log")
    );
}

#[test]
fn a_driver_that_changes_the_store_unseen_is_found_out_before_the_next_connection() {
    for functions in ["SSL_new", "SSL_CTX_set_purpose"] {
        let machine = connect(
            recording_by(&RECORDER, "").with("RECORDER_ALTERS", "1"),
            functions,
        );
        assert_eq!(
            counts(&machine),
            (1, 0, 1),
            "{functions}: {}",
            machine.read("log")
        );
    }
}

#[test]
fn another_vendors_driver_is_left_alone() {
    assert_eq!(
        counts(&connect_five_times(&WITHOUT_BULK_COPY, "SSL_new")),
        (0, 0, 0)
    );
}

#[test]
fn a_driver_without_tls_of_openssl_connects_as_ever() {
    let machine = recording_by(&RECORDER, "");
    machine.script(&[&format!("connect:{}", machine.string(MSI))]);
}
