//! What the library exports and needs, against what Microsoft's driver exports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
#![allow(missing_docs, reason = "a test's name says it")]

use std::process::Command;

use test_support::{
    drivers::{built_library, exports, real_driver},
    process::output,
};

/// The names of the table.
fn table() -> Vec<String> {
    macro_rules! functions {
        (
            forward { $( $forward:ident $kind:tt $( else $place:ident :: $body:ident )? ; )* }
            intercept { $(
                $intercept:ident $arguments:tt => $module:ident :: $interceptor:ident,
                    placeholder $answer:ident $handles:tt $(, else $lack:ident :: $lacking:ident )? ;
            )* }
        ) => { vec![ $( stringify!($forward).to_owned(), )* $( stringify!($intercept).to_owned(), )* ] };
    }
    let mut names = include!("../src/odbc/functions.rs");
    names.sort();
    names
}

/// The C API, from its header: what is called by name outside of comments.
fn c_api() -> Vec<String> {
    let header = include_str!("../include/entra_odbc.h");
    let (_, code) = header.split_once("*/").unwrap();
    let mut names: Vec<String> = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("entra_"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

#[test]
fn the_library_exports_the_table_and_the_c_api_and_nothing_else() {
    let mut expected = table();
    expected.extend(c_api());
    expected.sort();
    assert_eq!(exports(&built_library()), expected);
}

#[test]
fn the_table_is_what_microsofts_driver_exports() {
    let theirs: Vec<String> = exports(&real_driver())
        .into_iter()
        .filter(|name| {
            ["SQL", "bcp_", "Config"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .collect();
    assert_eq!(table(), theirs);
}

#[test]
fn the_header_declares_what_programs_are_written_for() {
    let api = c_api();
    for name in [
        "entra_odbc_version",
        "entra_error_free",
        "entra_credential_from_string",
        "entra_credential_get_token",
        "entra_credential_request_token",
        "entra_token_access_token",
        "entra_set_access_token",
        "entra_stock_connection_string",
        "entra_on_prompt",
        "entra_on_prompt_end",
        "entra_register_provider",
        "entra_answer_token",
        "entra_on_log",
    ] {
        assert!(api.iter().any(|known| known == name), "{name} is not in {api:?}");
    }
}

/// What the system's program says of the library's dependencies and names.
fn dependencies() -> String {
    let (program, option) = if cfg!(target_os = "macos") {
        ("otool", "-lhv")
    } else {
        ("readelf", "-dW")
    };
    output(Command::new(program).arg(option).arg(built_library()))
}

#[test]
fn the_library_needs_neither_a_driver_manager_nor_openssl() {
    let text = dependencies();
    let (mark, name) = if cfg!(target_os = "macos") {
        ("LC_LOAD_DYLIB", 2)
    } else {
        ("(NEEDED)", 0)
    };
    let lines: Vec<&str> = text.lines().collect();
    let needed: Vec<&str> = (0..lines.len())
        .filter(|at| lines[*at].contains(mark))
        .map(|at| lines[at + name])
        .collect();
    assert!(!needed.is_empty(), "{text}");
    for line in &needed {
        for unwanted in ["odbc", "ssl", "crypto", "stdc++"] {
            assert!(!line.contains(unwanted), "{line}");
        }
    }
}

#[test]
fn the_library_binds_to_itself_stays_loaded_and_has_its_name() {
    let text = dependencies();
    // Mach-O has no mark by which a library stays loaded; src/os/macos.rs sees to it.
    let expected: &[&str] = if cfg!(target_os = "macos") {
        &["name @rpath/libentra_odbc.0.dylib", "TWOLEVEL"]
    } else {
        &["Library soname: [libentra_odbc.so.0]", "SYMBOLIC", "NODELETE"]
    };
    for expected in expected {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn a_forwarded_function_is_one_jump() {
    let code = output(
        Command::new("objdump")
            .args(["-d", "--no-show-raw-insn", "--disassemble=SQLFetch"])
            .arg(built_library()),
    );
    let body: Vec<&str> = code
        .lines()
        .skip_while(|line| !line.ends_with("<SQLFetch>:"))
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| !line.contains("int3") && !line.contains("ud2") && !line.contains("nop"))
        .collect();
    // The library may be built for another processor than this test.
    let (expected, jump) = if code.contains("elf64-x86-64") {
        (1, "jmp")
    } else {
        (3, "br")
    };
    assert_eq!(body.len(), expected, "{code}");
    assert!(body.last().unwrap().contains(jump), "{code}");
}

#[test]
fn loading_the_library_starts_no_thread() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    // Other tests run in threads of this process, so the question is asked in a process of its own.
    if std::env::var_os("ENTRA_ODBC_TEST_LOAD").is_none() {
        let test = std::env::current_exe().unwrap();
        let answer = Command::new(test)
            .args([
                "--exact",
                "loading_the_library_starts_no_thread",
                "--test-threads=1",
            ])
            .env("ENTRA_ODBC_TEST_LOAD", "1")
            .output()
            .unwrap();
        assert!(
            answer.status.success(),
            "{}",
            String::from_utf8_lossy(&answer.stdout)
        );
        return;
    }
    let before = threads();
    let path = std::ffi::CString::new(built_library().into_os_string().into_encoded_bytes()).unwrap();
    // SAFETY: the path is a C string; the library's initialisers do nothing.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!handle.is_null());
    assert_eq!(threads(), before);
}
