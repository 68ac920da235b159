//! The real driver's connection as the connect story sees it.

use std::{ptr::null_mut, sync::Arc, time::Duration};

use entra_odbc_core::{
    Error, ErrorKind, MESSAGE_LIMIT,
    access_token::AccessToken,
    connect::{Outcome, Prompt, RealConnection, Reply},
    token::Carrier,
};
use odbc_sys::{HDbc, Pointer, SqlReturn, WChar};
use zeroize::Zeroizing;

use super::{
    connections::{Connection, Whose},
    real, text,
};

/// `SQL_DRIVER_NOPROMPT` (sqlext.h).
pub(crate) const NOPROMPT: u16 = 0;
/// Room for the driver's completed string: all that the ODBC length type can say.
const COMPLETED_CAPACITY: i16 = i16::MAX;

/// What the host passed beside the connection string.
#[derive(Clone, Copy)]
pub(crate) struct HostCall {
    pub(crate) window: Pointer,
    pub(crate) completion: u16,
    pub(crate) output: Output,
}

/// Where the host wants the completed connection string, if anywhere.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) target: *mut WChar,
    pub(crate) capacity: i16,
    pub(crate) length: *mut i16,
}

impl Output {
    pub(crate) fn is_wanted(self) -> bool {
        !self.target.is_null() || !self.length.is_null()
    }
}

/// The real driver's connection during one connect call of the host's.
pub(crate) struct Real<'a> {
    pub(crate) hdbc: HDbc,
    pub(crate) connection: &'a mut Connection,
    pub(crate) host: HostCall,
}

impl RealConnection for Real<'_> {
    fn login_timeout(&mut self) -> Option<Duration> {
        let seconds = self.connection.login_timeout()?;
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    fn limit_login(&mut self, remaining: Duration) {
        // Rounded up, since 0 would mean no limit.
        let seconds = u32::try_from(remaining.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.connection.limit_login(seconds.max(1));
    }

    fn has_host_token(&self) -> bool {
        self.connection.whose() == Whose::Hosts
    }

    fn place(&mut self, token: &AccessToken<'_>) -> Result<(), Error> {
        self.connection.put_ours(token).map_err(|_| {
            Error::new(
                ErrorKind::Unsupported,
                "the real driver does not take an access token",
            )
            .remedy("Wrap Microsoft's ODBC Driver 17.2 or later for SQL Server.")
        })
    }

    fn take_token_off(&mut self) -> Result<(), Error> {
        if self.connection.take_token_off() {
            Ok(())
        } else {
            Err(token_stays())
        }
    }

    fn connect(&mut self, connection_string: &[u16], prompt: Prompt) -> Reply {
        let mut input = Zeroizing::new(Vec::with_capacity(connection_string.len() + 1));
        input.extend_from_slice(connection_string);
        input.push(0);
        let (text, length) = text::argument(&input);
        let completion = match prompt {
            Prompt::AsAsked => self.host.completion,
            Prompt::Never => NOPROMPT,
        };
        let mut completed = Zeroizing::new(Vec::new());
        let mut completed_length = 0i16;
        // Driver 18.6 answers otherwise where there is no output, and that answer is the host's to have.
        let (target, capacity, length_target) = if self.host.output.is_wanted() {
            completed.resize(usize::from(COMPLETED_CAPACITY.unsigned_abs()), 0);
            (
                completed.as_mut_ptr(),
                COMPLETED_CAPACITY,
                &raw mut completed_length,
            )
        } else {
            (null_mut(), 0, null_mut())
        };
        // SAFETY: the handle and window are the host's; the input is terminated, the output as large as
        // stated, and both live through the call. A driver that goes on executing is called again with the
        // same text from another buffer, as the ODBC reference lets a host do.
        let answer = unsafe {
            real::SQLDriverConnectW(
                self.hdbc,
                self.host.window,
                text,
                length,
                target,
                capacity,
                length_target,
                completion,
            )
        };
        completed.truncate(usize::try_from(completed_length).unwrap_or(0));
        Reply {
            outcome: outcome(answer),
            completed,
        }
    }

    fn message_of(&self, native: i32) -> Option<String> {
        (1..=i16::MAX)
            .map_while(|number| self.driver_record(number))
            .find(|(found, _)| *found == native)
            .map(|(_, message)| message)
    }

    fn carrier(&mut self) -> Option<Arc<dyn Carrier>> {
        self.connection.carrier()
    }
}

impl Real<'_> {
    /// The native error and message of the driver's record of this number.
    fn driver_record(&self, number: i16) -> Option<(i32, String)> {
        let mut native = 0;
        let (mut state, mut message, mut length) = ([0u16; 6], [0u16; MESSAGE_LIMIT + 1], 0);
        // SAFETY: a connection's record; the state has room for its five characters and terminator, the
        // message for as many characters as stated.
        let answer = unsafe {
            real::SQLGetDiagRecW(
                odbc_sys::HandleType::Dbc as i16,
                self.hdbc.as_handle(),
                number,
                state.as_mut_ptr(),
                &raw mut native,
                message.as_mut_ptr(),
                i16::try_from(message.len()).unwrap_or(0),
                &raw mut length,
            )
        };
        let filled = usize::try_from(length).unwrap_or(0).min(MESSAGE_LIMIT);
        let message = String::from_utf16_lossy(message.get(..filled).unwrap_or_default());
        (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO).then_some((native, message))
    }
}

/// Without this, the next connect on the handle could log in as the last user.
pub(crate) fn token_stays() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the real driver does not give up the token of the last sign-in",
    )
    .remedy("Free this connection handle and allocate another one.")
}

fn outcome(answer: SqlReturn) -> Outcome {
    match answer {
        SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO => Outcome::Connected(answer.0),
        SqlReturn::STILL_EXECUTING => Outcome::StillExecuting(answer.0),
        _ => Outcome::Failed(answer.0),
    }
}
