//! Link arguments of the library, and its C header.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let out_dir = env::var("OUT_DIR")?;
    link(Path::new(&out_dir))?;
    header(Path::new(&out_dir))
}

fn link(out_dir: &Path) -> Result<(), Box<dyn Error>> {
    let is_macos = env::var("CARGO_CFG_TARGET_OS")? == "macos";
    let arguments: &[&str] = if is_macos {
        // In Mach-O's two-level namespaces calls of our own bind to our own functions anyway. There is no mark by which a
        // library stays loaded: see `stay_loaded` in src/os/macos.rs.
        &["-Wl,-install_name,@rpath/libentra_odbc.0.dylib"]
    } else {
        &[
            // Calls of our own must not bind to the driver manager's functions of the same names.
            "-Wl,-Bsymbolic",
            // The manager may unload a driver while its threads still run.
            "-Wl,-z,nodelete",
            "-Wl,-soname,libentra_odbc.so.0",
        ]
    };
    for argument in arguments {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
    // odbc-sys, whose types we use, asks for -lodbc. None of its functions is called, so an empty archive
    // answers that, found before the system's: the library then builds without unixODBC, and cannot come to
    // need it.
    fs::write(out_dir.join("libodbc.a"), "!<arch>\n")?;
    if !is_macos {
        // Zig's linker, with which wheels are built, takes nothing but a shared library here, or a script.
        fs::write(out_dir.join("libodbc.so"), "INPUT(libodbc.a)\n")?;
    }
    println!("cargo::rustc-cdylib-link-arg=-L{}", out_dir.display());
    Ok(())
}

/// Writes the header to OUT_DIR; `tests/header.rs` compares it with the committed one, and `make header`
/// copies it there.
fn header(out_dir: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/capi.rs");
    println!("cargo::rerun-if-changed=src/capi");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&root);
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut sources = vec![root.join("src/capi.rs")];
    let parts = fs::read_dir(root.join("src/capi"))?;
    let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    sources.extend(parts.flatten().map(|entry| entry.path()).filter(is_source));
    sources.sort();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(source);
    }
    let file = out_dir.join("entra_odbc.h");
    builder.generate()?.write_to_file(&file);
    println!("cargo::rustc-env=ENTRA_ODBC_GENERATED_HEADER={}", file.display());
    Ok(())
}
