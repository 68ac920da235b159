//! The OpenSSL that the target driver loads for its TLS connections.
//!
//! Driver 18 looks all its OpenSSL functions up by `dlsym`, at its first TLS connection. Two things are done about it:
//!
//! - [`isolation`]: a program's own OpenSSL is kept apart from the driver's.
//! - [`shared_store`]: the driver makes an `SSL_CTX` for each connection and calls `SSL_CTX_set_default_verify_paths` on it,
//!   which reads and parses the whole bundle of CA certificates: with OpenSSL 3.0 and Debian's bundle 30 ms of processor time,
//!   where all else of a connect takes 2 ms. One `X509_STORE` serves all connections instead, as long as the files are the same.
//!
//! How the second is done, and why it is sound:
//!
//! 1. [`lookup`] points the driver's own relocation slot of `dlsym` to a function that answers as `dlsym` does, except for
//!    that one name. No other library is affected. A library that imports no `dlsym`, or an OpenSSL other than 3, is left alone.
//! 2. [`authorities`] says whether the files are the same: for each connection, the variables, paths, device, inode, size
//!    and times of the bundle and the directories. A bundle that cannot be read, or was changed a moment ago, is left to
//!    the driver.
//! 3. [`shared_store`] lets the first connection call the real function, and attaches that connection's store to the next
//!    ones by reference count. Certificates that OpenSSL looks up in directories are added to the store while it validates;
//!    a store to which any were added is not used again, since they may be gone from the directory.
//! 4. What belongs to one connection stays there: flags, purpose, host name, callback and depth are in the `SSL_CTX` and `SSL`,
//!    and a validation copies those of the store (`X509_STORE_CTX_init(3)`). Only who has the store can change it, and the driver
//!    looks up no function that gives or replaces the store of an `SSL_CTX`. If a version does, nothing is shared. If it looks
//!    up others of these functions than the versions that were tested, its second connection is its own as well, and the two are compared first.
//!
//! `ENTRA_ODBC_CA_CACHE=no`, or `CaCache=no` in odbcinst.ini, turns it off.

mod ahead;
mod authorities;
mod functions;
mod isolation;
mod lookup;
mod shared_store;
mod store;

pub(super) use ahead::{load_ahead, wait_for_thread};
pub(super) use isolation::isolate;
pub(super) use lookup::share_authorities;

use crate::os::system::OPENSSL as LIBRARIES;
