//! The functions of the driver's OpenSSL that the shared store needs.

use std::ffi::{CStr, OsString, c_char, c_int, c_ulong, c_void};
use std::mem;
use std::os::unix::ffi::OsStringExt as _;
use std::ptr::{NonNull, null};

/// `SSL_CTX`: the settings of one connection of the driver's, which makes one for each.
#[repr(C)]
pub(super) struct SslCtx([u8; 0]);

/// `X509_STORE`: CA certificates, and where to look for more.
#[repr(C)]
pub(super) struct X509Store([u8; 0]);

macro_rules! functions {
    ($( $(#[$attribute:meta])* $name:ident: $symbol:literal ($($argument:ty),*) $(-> $answer:ty)?; )*) => {
        /// Functions of one loaded OpenSSL, with their types of the manual.
        #[derive(Clone, Copy)]
        pub(super) struct OpenSsl {
            $( $(#[$attribute])* pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $answer)?, )*
        }

        impl OpenSsl {
            /// Looks them up by `dlsym` of a handle; the name of the first that is missing otherwise.
            fn look_up(dlsym: impl Fn(&CStr) -> Option<NonNull<c_void>>) -> Result<Self, &'static str> {
                Ok(Self {
                    $( $name: {
                        let symbol = dlsym($symbol).ok_or($symbol.to_str().unwrap_or_default())?;
                        // SAFETY: a function of OpenSSL 3, whose manual gives it this type; `of_version_3` is asked
                        // before any of them is called.
                        unsafe {
                            mem::transmute::<NonNull<c_void>, unsafe extern "C" fn($($argument),*) $(-> $answer)?>(symbol)
                        }
                    }, )*
                })
            }
        }
    };
}

functions! {
    version: c"OpenSSL_version_num" () -> c_ulong;
    init_ssl: c"OPENSSL_init_ssl" (u64, *const c_void) -> c_int;
    thread_stop: c"OPENSSL_thread_stop" ();
    client_method: c"TLS_client_method" () -> *const c_void;
    ctx_new: c"SSL_CTX_new" (*const c_void) -> *mut SslCtx;
    ctx_free: c"SSL_CTX_free" (*mut SslCtx);
    set_default_verify_paths: c"SSL_CTX_set_default_verify_paths" (*mut SslCtx) -> c_int;
    get_cert_store: c"SSL_CTX_get_cert_store" (*const SslCtx) -> *mut X509Store;
    set1_cert_store: c"SSL_CTX_set1_cert_store" (*mut SslCtx, *mut X509Store);
    store_up_ref: c"X509_STORE_up_ref" (*mut X509Store) -> c_int;
    store_free: c"X509_STORE_free" (*mut X509Store);
    store_lock: c"X509_STORE_lock" (*mut X509Store) -> c_int;
    store_unlock: c"X509_STORE_unlock" (*mut X509Store) -> c_int;
    store_objects: c"X509_STORE_get0_objects" (*const X509Store) -> *mut c_void;
    store_param: c"X509_STORE_get0_param" (*const X509Store) -> *mut c_void;
    store_verify: c"X509_STORE_get_verify" (*const X509Store) -> *const c_void;
    store_verify_cb: c"X509_STORE_get_verify_cb" (*const X509Store) -> *const c_void;
    param_flags: c"X509_VERIFY_PARAM_get_flags" (*const c_void) -> c_ulong;
    param_depth: c"X509_VERIFY_PARAM_get_depth" (*const c_void) -> c_int;
    count: c"OPENSSL_sk_num" (*const c_void) -> c_int;
    clear_error: c"ERR_clear_error" ();
    file: c"X509_get_default_cert_file" () -> *const c_char;
    file_variable: c"X509_get_default_cert_file_env" () -> *const c_char;
    directory: c"X509_get_default_cert_dir" () -> *const c_char;
    directory_variable: c"X509_get_default_cert_dir_env" () -> *const c_char;
}

/// `OPENSSL_INIT_LOAD_SSL_STRINGS` and `OPENSSL_INIT_LOAD_CRYPTO_STRINGS`, as Driver 18.6 asks for.
const LOAD_STRINGS: u64 = 0x0020_0002;

impl OpenSsl {
    /// The functions behind a handle, if it is one of OpenSSL 3.
    pub(super) fn of_version_3(dlsym: impl Fn(&CStr) -> Option<NonNull<c_void>>) -> Result<Self, String> {
        let found = Self::look_up(dlsym).map_err(|name| format!("OpenSSL has no {name}"))?;
        // SAFETY: OpenSSL has had this function since 1.1.0, without preconditions.
        let version = unsafe { (found.version)() };
        if version >> 28 == 3 {
            Ok(found)
        } else {
            Err(format!("OpenSSL's version is {version:#x}, not 3"))
        }
    }

    /// Initialises OpenSSL as the driver does, which changes nothing where it did so before.
    pub(super) fn initialise(&self) {
        // SAFETY: may be called at any time and by any thread (OPENSSL_init_ssl(3)).
        unsafe { (self.init_ssl)(LOAD_STRINGS, null()) };
    }

    /// Whether both are the same library.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.set_default_verify_paths as usize == other.set_default_verify_paths as usize
            && self.store_free as usize == other.store_free as usize
    }

    /// `SSL_CERT_FILE`, and the file that is read where it is not set.
    pub(super) fn bundle(&self) -> (OsString, OsString) {
        // SAFETY: without preconditions; they return strings of the library.
        unsafe { (text((self.file_variable)()), text((self.file)())) }
    }

    /// `SSL_CERT_DIR`, and the directories that are looked into where it is not set.
    pub(super) fn directories(&self) -> (OsString, OsString) {
        // SAFETY: without preconditions; they return strings of the library.
        unsafe { (text((self.directory_variable)()), text((self.directory)())) }
    }
}

/// # Safety
/// Null or a C string.
unsafe fn text(string: *const c_char) -> OsString {
    if string.is_null() {
        return OsString::new();
    }
    // SAFETY: by the caller, a C string.
    OsString::from_vec(unsafe { CStr::from_ptr(string) }.to_bytes().to_vec())
}
