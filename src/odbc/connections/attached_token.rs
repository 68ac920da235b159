//! The access token on a connection handle of the target driver: who owns it, and when it is taken off.

use std::{ffi::c_void, ptr::null_mut, sync::Arc};

use entra_auth::{Error, Token, token::TokenSubscriber};
use entra_odbc_core::driver::access_token_struct::AccessTokenStruct;
use odbc_sys::{HDbc, SqlReturn};

use crate::odbc::{target, token_buffer::TokenBuffer};

/// `SQL_COPT_SS_ACCESS_TOKEN` (msodbcsql.h).
pub(crate) const ACCESS_TOKEN: i32 = 1256;
/// `SQL_IS_POINTER` (sqlext.h).
pub(crate) const IS_POINTER: i32 = -4;

/// Who set the token that the target driver's connection points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenOwner {
    /// There is none.
    None,
    /// The application; it stays until the application takes it off, as with the target driver alone.
    Application,
    /// This driver, for a connect.
    Driver,
}

/// Why a token is not on the driver's connection.
#[derive(Debug)]
pub(crate) enum AttachError {
    /// The driver's answer.
    Refused(SqlReturn),
    /// There is no memory for it.
    NoMemory(Error),
}

impl From<Error> for AttachError {
    fn from(error: Error) -> Self {
        Self::NoMemory(error)
    }
}

/// The token on one connection handle.
#[derive(Debug)]
pub(crate) struct AttachedToken {
    hdbc: HDbc,
    buffer: Option<Arc<TokenBuffer>>,
    /// The connection as the token service knows it: while this lives, renewed tokens come into the buffer.
    subscriber: Option<Arc<dyn TokenSubscriber>>,
    owner: TokenOwner,
    /// This driver's token has served its connect: it is to come off before the target driver could use it again.
    detach_pending: bool,
}

impl AttachedToken {
    pub(super) fn none(hdbc: HDbc) -> Self {
        Self {
            hdbc,
            buffer: None,
            subscriber: None,
            owner: TokenOwner::None,
            detach_pending: false,
        }
    }

    /// Who set the token that is on the handle.
    pub(crate) fn owner(&self) -> TokenOwner {
        self.owner
    }

    /// Puts a token of this driver's on the handle, in a buffer of the connection's own.
    ///
    /// Where the target driver refuses, the former token stays.
    pub(crate) fn attach_drivers(&mut self, token: &AccessTokenStruct<'_>) -> Result<(), AttachError> {
        // In the buffer of the last one where there is one: the target driver has the pointer already.
        let in_place = self.buffer.as_ref().filter(|_| self.owner == TokenOwner::Driver);
        if in_place.is_some_and(|buffer| buffer.renew(token)) {
            self.detach_pending = false;
            return Ok(());
        }
        self.attach(TokenOwner::Driver, TokenBuffer::for_token(token)?)
            .map(drop)
    }

    /// Puts a copy of an `ACCESSTOKEN` struct of the application's on the handle.
    ///
    /// Always by the target driver, whose answer (HY011 once connected) is the application's to have.
    pub(crate) fn attach_applications(&mut self, bytes: &[u8]) -> Result<SqlReturn, AttachError> {
        self.attach(TokenOwner::Application, TokenBuffer::copy_of(bytes)?)
    }

    fn attach(&mut self, owner: TokenOwner, buffer: TokenBuffer) -> Result<SqlReturn, AttachError> {
        let answer = self.set_attribute(buffer.as_ptr());
        if answer != SqlReturn::SUCCESS && answer != SqlReturn::SUCCESS_WITH_INFO {
            if answer == SqlReturn::ERROR || answer == SqlReturn::INVALID_HANDLE {
                // SAFETY: after these answers an attribute has the value that it had (ODBC reference). After another
                // one, such as SQL_STILL_EXECUTING, the driver may come to have the pointer.
                unsafe { buffer.release() };
            }
            return Err(AttachError::Refused(answer));
        }
        self.subscriber = None;
        // SAFETY: the driver has taken the new pointer in place of the old one (Driver 18.6 reads the last one only).
        unsafe { self.release() };
        self.buffer = Some(Arc::new(buffer));
        self.owner = owner;
        self.detach_pending = false;
        Ok(answer)
    }

    /// The open connection as one that carries a token of this driver's.
    pub(crate) fn subscriber(&mut self) -> Option<Arc<dyn TokenSubscriber>> {
        let buffer = self
            .buffer
            .as_ref()
            .filter(|_| self.owner == TokenOwner::Driver)?;
        let subscriber: Arc<dyn TokenSubscriber> = Arc::new(BufferSubscriber(Arc::clone(buffer)));
        self.subscriber = Some(Arc::clone(&subscriber));
        Some(subscriber)
    }

    /// This driver's token has served its connect: it is renewed no more, and comes off when the next call begins.
    pub(crate) fn detach_later(&mut self) {
        self.subscriber = None;
        self.detach_pending = self.owner == TokenOwner::Driver;
    }

    /// Whether a token is to come off when the next call begins.
    pub(super) fn is_detach_pending(&self) -> bool {
        self.detach_pending
    }

    /// Takes the token off that [`detach_later`](Self::detach_later) left.
    pub(super) fn detach_if_pending(&mut self) {
        if self.detach_pending {
            self.detach_drivers();
        }
    }

    /// Takes a token of this driver's off the handle; one of the application's stays.
    ///
    /// Returns whether none of this driver's is there any more.
    pub(crate) fn detach_drivers(&mut self) -> bool {
        if self.owner == TokenOwner::Driver {
            let _ = self.detach();
        }
        self.owner != TokenOwner::Driver
    }

    /// Takes any token off the handle.
    pub(crate) fn detach(&mut self) -> SqlReturn {
        self.detach_pending = false;
        let answer = self.set_attribute(null_mut());
        if answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO {
            self.owner = TokenOwner::None;
            self.subscriber = None;
            // SAFETY: the driver has taken NULL in place of the pointer.
            unsafe { self.release() };
        }
        answer
    }

    /// Gives up the token's memory, which is unmapped once no renewal writes it any more.
    ///
    /// # Safety
    /// The target driver, which had the pointer from this connection alone, has given it up: by a successful answer to
    /// another value of the attribute, or by freeing the handle.
    pub(crate) unsafe fn release(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            // SAFETY: as the caller promises.
            unsafe { buffer.release() };
        }
    }

    fn set_attribute(&self, token: *mut c_void) -> SqlReturn {
        // SAFETY: the handle is the host's own connection, which lives during its call; the buffer lives in
        // `self` until it is replaced here or the handle is freed.
        unsafe { target::SQLSetConnectAttr(self.hdbc, ACCESS_TOKEN, token, IS_POINTER) }
    }
}

/// A connection's buffer while renewed tokens may come into it: from the login to the disconnect.
///
/// Apart from the buffer, which stays until the target driver has given up the pointer.
#[derive(Debug)]
struct BufferSubscriber(Arc<TokenBuffer>);

impl TokenSubscriber for BufferSubscriber {
    fn renew(&self, token: &Token) -> bool {
        AccessTokenStruct::new(&token.text).is_ok_and(|token| self.0.renew(&token))
    }
}
