//! One store of CA certificates, and what can be told of it.

use std::ffi::{c_int, c_ulong};
use std::ptr::NonNull;

use super::authorities::Authorities;
use super::functions::{OpenSsl, SslCtx, X509Store};

/// A store, all of whose certificates come from the bundle.
pub(super) struct SharedStore {
    pub(super) openssl: OpenSsl,
    store: NonNull<X509Store>,
    pub(super) authorities: Authorities,
    /// As it was when it was loaded.
    pub(super) loaded: Fingerprint,
}

// SAFETY: OpenSSL counts references and guards the certificates by a lock of the store's own, so that one SSL_CTX may serve
// many threads (openssl-threads(7)).
unsafe impl Send for SharedStore {}
// SAFETY: as above.
unsafe impl Sync for SharedStore {}

impl Drop for SharedStore {
    fn drop(&mut self) {
        // SAFETY: gives back the reference that `of` took.
        unsafe { (self.openssl.store_free)(self.store.as_ptr()) };
    }
}

#[derive(PartialEq, Eq)]
pub(super) enum Condition {
    AsLoaded,
    /// Certificates were looked up in a directory, and added.
    Grown,
    Altered,
}

impl SharedStore {
    /// The store of a context that was just loaded from these; none where there is nothing in it.
    ///
    /// # Safety
    /// `context` is an `SSL_CTX` of this OpenSSL, used by no other thread.
    pub(super) unsafe fn of(
        openssl: &OpenSsl,
        context: *mut SslCtx,
        authorities: Authorities,
    ) -> Option<Self> {
        // SAFETY: by the caller; the context holds its store until a reference of our own is taken.
        unsafe {
            let loaded = Fingerprint::of_context(openssl, context)?;
            let store = NonNull::new((openssl.get_cert_store)(context))?;
            if loaded.objects <= 0 || (openssl.store_up_ref)(store.as_ptr()) != 1 {
                return None;
            }
            Some(Self {
                openssl: *openssl,
                store,
                authorities,
                loaded,
            })
        }
    }

    /// Gives a context this store in place of its own.
    ///
    /// # Safety
    /// As for [`of`](Self::of).
    pub(super) unsafe fn attach(&self, context: *mut SslCtx) {
        // SAFETY: by the caller; the context takes a reference of its own. The function that reads the files leaves no errors
        // in the thread's queue either.
        unsafe {
            (self.openssl.set1_cert_store)(context, self.store.as_ptr());
            (self.openssl.clear_error)();
        }
    }

    pub(super) fn condition(&self) -> Condition {
        // SAFETY: a store of this OpenSSL, of which a reference is held.
        let now = unsafe { Fingerprint::of(&self.openssl, self.store.as_ptr()) };
        if now == self.loaded {
            Condition::AsLoaded
        } else if (Fingerprint {
            objects: now.objects,
            ..self.loaded
        }) == now
        {
            Condition::Grown
        } else {
            Condition::Altered
        }
    }
}

/// What can be told of a store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) objects: c_int,
    flags: c_ulong,
    depth: c_int,
    functions: [usize; 2],
}

impl Fingerprint {
    /// # Safety
    /// `store` is one of this OpenSSL, and stays.
    unsafe fn of(openssl: &OpenSsl, store: *mut X509Store) -> Self {
        // SAFETY: by the caller; the certificates are counted under the store's lock.
        unsafe {
            (openssl.store_lock)(store);
            let objects = (openssl.count)((openssl.store_objects)(store));
            (openssl.store_unlock)(store);
            let param = (openssl.store_param)(store);
            Self {
                objects,
                flags: (openssl.param_flags)(param),
                depth: (openssl.param_depth)(param),
                functions: [
                    (openssl.store_verify)(store).addr(),
                    (openssl.store_verify_cb)(store).addr(),
                ],
            }
        }
    }

    /// # Safety
    /// `context` is an `SSL_CTX` of this OpenSSL.
    pub(super) unsafe fn of_context(openssl: &OpenSsl, context: *mut SslCtx) -> Option<Self> {
        // SAFETY: by the caller; the context holds its store.
        unsafe {
            let store = (openssl.get_cert_store)(context);
            (!store.is_null()).then(|| Self::of(openssl, store))
        }
    }
}
