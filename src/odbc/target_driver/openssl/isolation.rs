//! Programs that carry an OpenSSL within them, as Node.js does, and Driver 18, which loads the system's.
//!
//! The system's libssl then finds the program's functions in place of libcrypto's, and code of one version works on
//! structures of the other: Node 20 dies in its first handshake with Driver 18.6 (IBM/node-odbc#359). A libssl that was loaded
//! before and prefers its own libcrypto is the one that the driver gets as well.

use std::path::Path;

use super::LIBRARIES;
use crate::os::library::{self, ISOLATION, Library};

/// Keeps the driver's OpenSSL apart from one within the program; does nothing where there is none, or the loader does
/// it.
pub(in crate::odbc::target_driver) fn isolate() {
    let flag = match ISOLATION {
        Ok(Some(flag)) => flag,
        Ok(None) => return,
        Err(reason) => {
            if program_has_openssl() {
                tracing::warn!(target: "entra_odbc", event = "openssl_not_isolated", reason);
            }
            return;
        }
    };
    // AddressSanitizer ends a process that loads a library with RTLD_DEEPBIND.
    if !program_has_openssl() || library::global_symbol(c"__asan_init").is_some() {
        return;
    }
    let loaded = LIBRARIES
        .iter()
        .find(|name| Library::open_isolated(Path::new(name), flag).is_ok());
    tracing::info!(
        target: "entra_odbc",
        event = "openssl_isolated",
        library = loaded
    );
}

/// Whether the program, or a library that it was started with, has OpenSSL's functions, and is not OpenSSL.
///
/// A program that is linked with OpenSSL as a library needs nothing: the driver uses the same one, or the symbols have
/// different versions.
fn program_has_openssl() -> bool {
    let is_openssl = |file: &Path| {
        let name = file.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b"libssl")
    };
    library::global_symbol(c"SSL_CTX_new")
        // The loader knows the program itself by the name that it was called by, mostly no path.
        .is_some_and(|symbol| {
            !library::file_containing(symbol.as_ptr())
                .as_deref()
                .is_some_and(is_openssl)
        })
}
