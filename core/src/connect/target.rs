//! The target driver's connection, as far as a connect needs it, and what it answers.

use crate::{diagnostics::DriverRecord, driver::access_token_struct::AccessTokenStruct};
use entra_auth::{Error, ErrorKind, token::TokenSubscriber};
use std::{fmt, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// The login timeout where the host set none, or 0: Driver 18's own default.
pub const DEFAULT_LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Where a connection is made to in place of a server's own address, while the driver knows it by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The server's name, as the driver is told it.
    pub server: String,
    /// The port of that name; the same name with another port, as in a redirect, is left where it is.
    pub server_port: u16,
    /// The host or address to which the connection is made.
    pub host: String,
    /// The port there.
    pub port: u16,
}

/// The target driver's connection, as far as a connect needs it.
pub trait TargetConnection {
    /// `SQL_ATTR_LOGIN_TIMEOUT`, the driver's default where the host set none; `None` for 0, no limit.
    fn login_timeout(&mut self) -> Option<Duration>;
    /// Whether the application itself set that timeout.
    fn has_application_timeout(&self) -> bool;
    /// Gives the driver `remaining` as its login timeout, for this connect only.
    fn limit_login(&mut self, remaining: Duration);
    /// Whether the application itself set `SQL_COPT_SS_ACCESS_TOKEN`.
    fn has_application_token(&self) -> bool;
    /// Begins what the driver's login will need, while a token is requested; the server's certificate will be validated.
    fn prepare_login(&self) {}
    /// Puts a token into the connection's own buffer, and sets that on the target connection.
    fn place(&mut self, token: &AccessTokenStruct<'_>) -> Result<(), Error>;
    /// Takes a token of ours, not one of the application's, off the target connection.
    ///
    /// An error where it stays: then nobody else may connect on this handle.
    fn remove_token(&mut self) -> Result<(), Error>;
    /// Has [`connect`](Self::connect) go to this destination.
    ///
    /// An error where this driver cannot be led there.
    fn lead_to(&mut self, _: Destination) -> Result<(), Error> {
        Err(cannot_lead())
    }
    /// `SQLDriverConnectW`; without a prompt where there is a token, since Driver 18 refuses both.
    fn connect(&mut self, text: &[u16], prompt: DriverCompletion) -> DriverReply;
    /// What ends [`connect`](Self::connect) from another thread; `None` where nothing does.
    fn canceller(&self) -> Option<Box<dyn CancelLogin>> {
        None
    }
    /// The driver's diagnostic records of the last call, in its order.
    fn records(&self) -> Vec<DriverRecord>;
    /// Waits before another login.
    fn pause(&mut self, pause: Duration) {
        std::thread::sleep(pause);
    }
    /// The connection as a subscriber of its token, which gets renewed ones.
    ///
    /// `None` where it has no token of ours.
    fn subscriber(&mut self) -> Option<Arc<dyn TokenSubscriber>> {
        None
    }
}

/// Ends a login that the driver tries in another thread, as `SQLCancelHandle` does.
pub trait CancelLogin: Send {
    /// Has the login fail soon; whether the driver takes that. Does nothing where it has ended already.
    fn cancel(&self) -> bool;
}

/// Says that a driver goes to no other address than the server's own.
#[must_use]
pub fn cannot_lead() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "this target driver cannot be led to another address than the server's own, as ConnectTo= asks, or a Server= that \
         differs from HostnameInCertificate=",
    )
    .remedy(
        "Write the server's address into /etc/hosts and its Azure name into Server=, use Microsoft's ODBC Driver 18, or, if \
         that server is yours, run `entra-odbc trust add` with the name in Server=.",
    )
}

/// Whether the driver may prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverCompletion {
    /// As the host asked.
    AsRequested,
    /// `SQL_DRIVER_NOPROMPT`.
    NoPrompt,
}

/// What the target driver answered.
pub struct DriverReply {
    /// Its answer.
    pub outcome: ConnectOutcome,
    /// Its completed connection string; empty where there is none.
    pub completed: Zeroizing<Vec<u16>>,
}

impl fmt::Debug for DriverReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the string, which may hold a password.
        f.debug_struct("DriverReply")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// The driver's `SQLRETURN`, sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectOutcome {
    /// `SQL_SUCCESS` or `SQL_SUCCESS_WITH_INFO`, as the code says.
    Connected(i16),
    /// `SQL_STILL_EXECUTING`: the host will call again.
    StillExecuting(i16),
    /// Anything else.
    Failed(i16),
}
