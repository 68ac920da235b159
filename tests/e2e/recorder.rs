//! A driver that writes down what reaches it, behind ours and alone.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use test_support::{
    drivers::built_library,
    machine::Machine,
    registration::{DRIVER, section},
};

use crate::script_host::{compile, compile_as};

/// The driver's file.
pub static RECORDER: LazyLock<PathBuf> =
    LazyLock::new(|| compile("recorder.c", &["-shared", "-fPIC", "-ldl"]));

/// The same without bulk copy functions, as a driver that is not one of Microsoft's C++ ones.
pub static WITHOUT_BULK_COPY: LazyLock<PathBuf> = LazyLock::new(|| {
    compile_as(
        "recorder-without-bulk-copy",
        "recorder.c",
        &["-shared", "-fPIC", "-DWITHOUT_BULK_COPY"],
    )
});

/// The name under which it is reached without us; as long as ours, so that lengths are the same in both logs.
pub const ALONE: &str = "ODBC Driver 18 Alone for SQL Server";

/// A machine whose target driver is the recorder, which answers connects as this script says.
pub fn recording(script: &str) -> Machine {
    recording_by(&RECORDER, script)
}

/// The same by one of the recorder's variants.
pub fn recording_by(recorder: &Path, script: &str) -> Machine {
    assert_eq!(ALONE.len(), DRIVER.len());
    let machine = Machine::new();
    let log = machine.path("log").to_str().unwrap().to_owned();
    let machine = machine
        .with("RECORDER_LOG", log)
        .with("RECORDER_SCRIPT", script)
        .with("ENTRA_ODBC_DRIVER", recorder.to_str().unwrap());
    machine.register(&[section(DRIVER, &built_library()), section(ALONE, recorder)].concat());
    machine
}

/// What arrived at the recorder since the last look, a line for each call.
pub fn arrived(machine: &Machine) -> Vec<String> {
    let log = machine.path("log");
    let text = fs::read_to_string(&log).unwrap();
    fs::remove_file(log).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// UTF-16LE in hexadecimal digits, as the recorder writes it.
pub fn hex(text: &str) -> String {
    let bytes = text.encode_utf16().flat_map(u16::to_le_bytes);
    bytes.fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
