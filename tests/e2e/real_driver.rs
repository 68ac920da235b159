//! The real driver missing, or not what it should be: the host is told in the connect call.

use std::fs;

use crate::{
    library::{built_library, real_driver},
    machine::{DRIVER, Machine},
};

/// Connects through a library that cannot find its real driver; the record must be IM003 with these parts.
fn missing(machine: &Machine, parts: &[&str]) {
    let string = format!("DRIVER={{{DRIVER}}};SERVER=localhost,1;Authentication=ActiveDirectoryMsi");
    let error = machine.pyodbc_error(&string);
    assert!(error.contains("IM003"), "{error}");
    for part in parts {
        assert!(error.contains(part), "{part} in {error}");
    }
    let output = machine.isql_failure(&string);
    assert!(output.contains("IM003"), "{output}");
}

#[test]
fn a_path_that_is_no_driver_is_named_with_the_reason() {
    let machine = Machine::new();
    let text = machine.file("text.so", "not a library");
    let directory = machine.directory.to_str().unwrap().to_owned();
    for path in ["/nowhere/libmsodbcsql.so", &text, &directory] {
        let machine = Machine::new().with("ENTRA_ODBC_DRIVER", path);
        machine.only_us();
        missing(&machine, &[path, "ENTRA_ODBC_DRIVER"]);
    }
}

#[test]
fn we_are_not_our_own_real_driver_nor_is_a_copy_of_us() {
    let machine = Machine::new();
    let copy = machine.directory.join("copy.so");
    fs::copy(built_library(), &copy).unwrap();
    let link = machine.directory.join("link.so");
    std::os::unix::fs::symlink(built_library(), &link).unwrap();
    for path in [built_library(), copy, link] {
        let machine = Machine::new().with("ENTRA_ODBC_DRIVER", path.to_str().unwrap());
        machine.only_us();
        missing(&machine, &[]);
    }
}

#[test]
fn the_driver_is_found_by_its_name_by_our_section_and_under_the_stock_name() {
    let who = |machine: &Machine| machine.pyodbc(&machine.string("Authentication=ActiveDirectoryMsi"));
    let ours = built_library();
    let real = real_driver();

    let machine = Machine::new().with("ENTRA_ODBC_DRIVER", "Elsewhere");
    machine.write_ini(
        "odbcinst.ini",
        &format!(
            "[{DRIVER}]\nDriver={}\n[Elsewhere]\nDriver={}\n",
            ours.display(),
            real.display()
        ),
    );
    who(&machine);

    let machine = Machine::new();
    machine.write_ini(
        "odbcinst.ini",
        &format!(
            "[{DRIVER}]\nDriver={}\n[ODBC Driver 18 for SQL Server]\nDriver={}\n",
            ours.display(),
            real.display()
        ),
    );
    who(&machine);

    // The stock name taken over: programs need no change at all.
    let machine = Machine::new();
    machine.write_ini(
        "odbcinst.ini",
        &format!(
            "[ODBC Driver 18 for SQL Server]\nDriver={}\nRealDriver={}\n",
            ours.display(),
            real.display()
        ),
    );
    machine.pyodbc(&machine.bare_string("Authentication=ActiveDirectoryMsi"));
}

#[test]
fn a_link_to_the_driver_is_followed_to_where_its_resources_are() {
    let machine = Machine::new();
    let link = machine.directory.join("libmsodbcsql.so");
    std::os::unix::fs::symlink(real_driver(), &link).unwrap();
    let machine = machine.with("ENTRA_ODBC_DRIVER", link.to_str().unwrap());
    machine.pyodbc(&machine.string("Authentication=ActiveDirectoryMsi"));
}
