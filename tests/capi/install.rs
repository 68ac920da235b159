//! `make install` and `make uninstall`.

use std::path::{Path, PathBuf};

use test_support::scratch_directory::ScratchDirectory;

use crate::installed::make;

/// All files below a directory, by their paths in it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut places = vec![directory.to_owned()];
    while let Some(place) = places.pop() {
        for entry in std::fs::read_dir(place).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                places.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(directory).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn everything_lies_below_destdir_and_goes_again() {
    let staging = ScratchDirectory::new("staging");
    let variables = [("DESTDIR", staging.path()), ("PREFIX", Path::new("/usr"))];
    make("install", &variables);
    let installed = files(staging.path());
    for file in [
        "usr/include/entra_odbc.h",
        "usr/lib/libentra_odbc.so",
        "usr/lib/libentra_odbc.so.0",
        "usr/lib/libentra_odbc_api.so",
        "usr/lib/libentra_odbc_api.so.0",
        "usr/lib/pkgconfig/entra-odbc.pc",
        "usr/share/doc/entra-odbc/README.md",
    ] {
        assert!(installed.contains(&file.into()), "{file} is not in {installed:?}");
    }
    let description = std::fs::read_to_string(staging.join("usr/lib/pkgconfig/entra-odbc.pc")).unwrap();
    assert!(description.contains("prefix=/usr\n"), "{description}");
    assert!(
        description.contains(concat!("Version: ", env!("CARGO_PKG_VERSION"), "\n")),
        "{description}"
    );
    // The loader looks there by itself.
    assert!(!description.contains("rpath"), "{description}");
    make("uninstall", &variables);
    assert_eq!(files(staging.path()), Vec::<PathBuf>::new());
}

#[test]
fn programs_find_the_library_where_the_loader_does_not_look_by_itself() {
    let staging = ScratchDirectory::new("staging");
    // As without PREFIX: the loader knows /usr/local/lib by its cache alone, and nobody has brought that up to date.
    let variables = [("DESTDIR", staging.path()), ("PREFIX", Path::new(""))];
    make("install", &variables);
    let description = std::fs::read_to_string(staging.join("usr/local/lib/pkgconfig/entra-odbc.pc")).unwrap();
    assert!(description.contains("-Wl,-rpath,${libdir} "), "{description}");
}
