//! The driver's look-ups of OpenSSL functions, by its slot of `dlsym`.

use std::arch::naked_asm;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use once_cell::race::OnceBox;

use super::functions::{OpenSsl, SslCtx};
use super::shared_store::{self, Driver};
use crate::os::library::Library;
use crate::os::{jump::jump_through, system::relocation};
use crate::panic_guard::catch_panic;

/// What the driver's slot held: `dlsym`, or what another library put in its place.
static ORIGINAL: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// The OpenSSL in which the driver found the function that is replaced.
static OPENSSL: OnceBox<OpenSsl> = OnceBox::new();

/// Whether the driver asked for functions that the tested versions do not use.
static IS_UNKNOWN: AtomicBool = AtomicBool::new(false);

const REPLACED: &[u8] = b"SSL_CTX_set_default_verify_paths";

/// By these a driver could change the store of an `SSL_CTX`, or put another in its place.
const GIVE_THE_STORE: [&str; 12] = [
    "SSL_CTX_get_cert_store",
    "SSL_CTX_load_verify_dir",
    "SSL_CTX_load_verify_file",
    "SSL_CTX_load_verify_locations",
    "SSL_CTX_load_verify_store",
    "SSL_CTX_set1_cert_store",
    "SSL_CTX_set_cert_store",
    "SSL_CTX_set_default_verify_dir",
    "SSL_CTX_set_default_verify_file",
    "SSL_CTX_set_default_verify_store",
    "X509_STORE_CTX_get0_store",
    "X509_STORE_CTX_get1_certs",
];

/// Names that begin so are of functions that deal with connections, stores and validation.
const FAMILIES: [&str; 6] = [
    "SSL_",
    "TLS_",
    "X509_LOOKUP_",
    "X509_STORE_",
    "X509_VERIFY_PARAM_",
    "X509_verify_",
];

/// Those of them that Driver 18.6 looks up, in all its builds for Linux.
///
/// `X509_STORE_…` is for stores of its own (attestation of enclaves).
const KNOWN: [&str; 40] = [
    "SSL_CTX_check_private_key",
    "SSL_CTX_ctrl",
    "SSL_CTX_free",
    "SSL_CTX_new",
    "SSL_CTX_set_default_verify_paths",
    "SSL_CTX_set_options",
    "SSL_CTX_set_verify",
    "SSL_CTX_use_PrivateKey",
    "SSL_CTX_use_certificate",
    "SSL_CTX_use_certificate_file",
    "SSL_ctrl",
    "SSL_do_handshake",
    "SSL_free",
    "SSL_get1_peer_certificate",
    "SSL_get_error",
    "SSL_get_ex_data",
    "SSL_get_ex_data_X509_STORE_CTX_idx",
    "SSL_get_peer_certificate",
    "SSL_library_init",
    "SSL_load_error_strings",
    "SSL_new",
    "SSL_read",
    "SSL_set_alpn_protos",
    "SSL_set_bio",
    "SSL_set_connect_state",
    "SSL_set_ex_data",
    "SSL_write",
    "TLS_client_method",
    "X509_STORE_CTX_free",
    "X509_STORE_CTX_get_current_cert",
    "X509_STORE_CTX_get_error",
    "X509_STORE_CTX_get_error_depth",
    "X509_STORE_CTX_get_ex_data",
    "X509_STORE_CTX_init",
    "X509_STORE_CTX_new",
    "X509_STORE_add_cert",
    "X509_STORE_free",
    "X509_STORE_new",
    "X509_verify_cert",
    "X509_verify_cert_error_string",
];

/// Has the driver's connections from now on share their CA certificates; only the first call does anything.
///
/// `driver` must never be unloaded.
pub(in crate::odbc::target_driver) fn share_authorities(
    driver: Library,
    is_allowed: impl FnOnce() -> Result<(), String>,
) {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.load(Ordering::Acquire) {
        return;
    }
    let replaced = is_allowed().and_then(|()| {
        let inside = driver
            .symbol(c"SQLDriverConnectW")
            .ok_or("the driver has no SQLDriverConnectW")?;
        relocation::replace(inside, c"dlsym", driver_dlsym as *mut c_void, &ORIGINAL)
    });
    DONE.store(true, Ordering::Release);
    if let Err(reason) = replaced {
        shared_store::turn_off(&reason);
    }
}

/// Stands in for `dlsym` in the driver.
///
/// What is not replaced is answered by a jump, so that the original sees the driver as its caller, by which it answers
/// `RTLD_NEXT` and `RTLD_DEFAULT`.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn driver_dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    naked_asm!(
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {replacement}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "test rax, rax",
        "jne 2f",
        jump_through!("original"),
        "2:",
        "ret",
        replacement = sym replacement,
        original = sym ORIGINAL,
    )
}

/// As above.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn driver_dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    naked_asm!(
        "stp x29, x30, [sp, #-32]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "bl {replacement}",
        "mov x16, x0",
        "ldp x0, x1, [sp, #16]",
        "ldp x29, x30, [sp], #32",
        "cbz x16, 2f",
        "mov x0, x16",
        "ret",
        "2:",
        jump_through!("original"),
        replacement = sym replacement,
        original = sym ORIGINAL,
    )
}

/// What the driver gets for a name instead of the function itself; null where it gets that.
unsafe extern "C" fn replacement(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    let answer = || {
        // SAFETY: the driver's argument of dlsym, a C string.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        if name == REPLACED {
            return verify_paths_of(handle);
        }
        classify(name);
        null_mut()
    };
    catch_panic(answer, null_mut)
}

/// Notes what the driver may do by a function that it looks up.
fn classify(name: &[u8]) {
    let is_in = |names: &[&str]| names.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok();
    if is_in(&GIVE_THE_STORE) {
        let name = String::from_utf8_lossy(name);
        shared_store::turn_off(&format!("the driver uses {name}"));
    } else if FAMILIES.iter().any(|family| name.starts_with(family.as_bytes())) && !is_in(&KNOWN) {
        IS_UNKNOWN.store(true, Ordering::Relaxed);
    }
}

/// Our function, if that is sound with the OpenSSL behind this handle.
fn verify_paths_of(handle: *mut c_void) -> *mut c_void {
    let look_up = |name: &CStr| {
        // SAFETY: the slot held a function of dlsym's type.
        let dlsym = unsafe {
            mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void>(
                ORIGINAL.load(Ordering::Acquire),
            )
        };
        // SAFETY: the driver's own handle, with which it calls dlsym now.
        NonNull::new(unsafe { dlsym(handle, name.as_ptr()) })
    };
    match OpenSsl::of_version_3(look_up) {
        Ok(found) if OPENSSL.get_or_init(|| Box::new(found)).is(&found) => {
            set_default_verify_paths as *mut c_void
        }
        Ok(_) => {
            shared_store::turn_off("the driver uses two copies of OpenSSL");
            null_mut()
        }
        Err(reason) => {
            shared_store::turn_off(&reason);
            null_mut()
        }
    }
}

/// `SSL_CTX_set_default_verify_paths` for the driver.
unsafe extern "C" fn set_default_verify_paths(context: *mut SslCtx) -> c_int {
    let Some(openssl) = OPENSSL.get() else {
        // Nobody gets this function before the cell is filled.
        return 0;
    };
    let driver = if IS_UNKNOWN.load(Ordering::Relaxed) {
        Driver::Unknown
    } else {
        Driver::Known
    };
    catch_panic(
        // SAFETY: the driver's argument, an SSL_CTX of this OpenSSL.
        || unsafe { shared_store::set_default_verify_paths(openssl, context, driver) },
        // SAFETY: as above; at worst it reads the files a second time.
        || unsafe { (openssl.set_default_verify_paths)(context) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_each_known_function_is_of_a_family() {
        assert!(KNOWN.is_sorted() && GIVE_THE_STORE.is_sorted());
        assert!(
            KNOWN
                .iter()
                .all(|name| FAMILIES.iter().any(|family| name.starts_with(family)))
        );
        assert!(KNOWN.iter().all(|name| !GIVE_THE_STORE.contains(name)));
    }
}
