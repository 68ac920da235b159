//! Leads the driver to another address than that of the server's name, by its slot of `getaddrinfo`.
//!
//! Driver 18 looks a server's name up in the thread that connects, and passes the port as the service. The server keeps its
//! name for everything else: TLS (SNI and the certificate), and the login, by which Azure's gateways find the server. So this
//! is like an entry of `/etc/hosts` for one connect. It decides nothing: where it does not come to bear (a driver that resolves
//! names in another thread), the connection goes to the server's own address, and the certificate is validated all the same.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::mem;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use entra_odbc_core::connect::Destination;

use crate::os::library::Library;
use crate::os::system::relocation;
use crate::panic_guard::catch_panic;

type GetAddrInfo = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const libc::addrinfo,
    *mut *mut libc::addrinfo,
) -> c_int;

/// What the driver's slot held.
static ORIGINAL: AtomicPtr<libc::c_void> = AtomicPtr::new(null_mut());

thread_local! {
    /// Where the connect that this thread makes goes.
    static ROUTE: RefCell<Option<Route>> = const { RefCell::new(None) };
}

/// A [`Destination`] as the function takes it.
struct Route {
    server: CString,
    server_service: CString,
    host: CString,
    service: CString,
}

/// While it exists, connects of this thread to that server go to that destination.
pub(crate) struct Led(());

impl Drop for Led {
    fn drop(&mut self) {
        let _ = ROUTE.try_with(RefCell::take);
    }
}

/// Leads the connects of this thread; `None` where a name has a NUL in it.
pub(crate) fn lead(destination: &Destination) -> Option<Led> {
    let route = Route {
        server: CString::new(destination.server.as_str()).ok()?,
        server_service: CString::new(destination.server_port.to_string()).ok()?,
        host: CString::new(destination.host.as_str()).ok()?,
        service: CString::new(destination.port.to_string()).ok()?,
    };
    ROUTE.try_with(|current| current.replace(Some(route))).ok()?;
    Some(Led(()))
}

/// Puts our function into the driver's slots; whether that was possible.
pub(in crate::odbc::target_driver) fn can_be_led(driver: Library) -> bool {
    let replaced = driver.symbol(c"SQLDriverConnectW").map(|inside| {
        let ours = driver_getaddrinfo as *mut libc::c_void;
        relocation::replace(inside, c"getaddrinfo", ours, &ORIGINAL)
    });
    matches!(replaced, Some(Ok(())))
}

/// `getaddrinfo` for the driver.
unsafe extern "C" fn driver_getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    result: *mut *mut libc::addrinfo,
) -> c_int {
    let led = || {
        if node.is_null() || service.is_null() {
            return None;
        }
        // SAFETY: the driver's arguments of getaddrinfo, C strings.
        let (name, port) = unsafe { (CStr::from_ptr(node), CStr::from_ptr(service)) };
        let copy = |route: &RefCell<Option<Route>>| {
            let route = route.borrow();
            let route = route.as_ref()?;
            let is_server = route.server.to_bytes().eq_ignore_ascii_case(name.to_bytes())
                && route.server_service.as_c_str() == port;
            is_server.then(|| (route.host.clone(), route.service.clone()))
        };
        ROUTE.try_with(copy).ok().flatten()
    };
    let led = catch_panic(led, || None);
    let (node, service) = match &led {
        Some((host, service)) => (host.as_ptr(), service.as_ptr()),
        None => (node, service),
    };
    // SAFETY: the slot held a function of this type, since the driver calls it with these arguments.
    let original =
        unsafe { mem::transmute::<*mut libc::c_void, GetAddrInfo>(ORIGINAL.load(Ordering::Acquire)) };
    // SAFETY: the driver's arguments, or C strings of ours that live through the call.
    unsafe { original(node, service, hints, result) }
}
