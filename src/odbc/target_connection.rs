//! The target driver's connection as `entra_odbc_core::connect` sees it.

use std::{fmt, ptr::null_mut, sync::Arc, time::Duration};

use entra_auth::{Error, ErrorKind, token::TokenSubscriber};
use entra_odbc_core::{
    connect::{
        CancelLogin, ConnectOutcome, Destination, DriverCompletion, DriverReply, TargetConnection,
        cannot_lead,
    },
    diagnostics::{DriverRecord, MESSAGE_LIMIT},
    driver::access_token_struct::AccessTokenStruct,
};
use odbc_sys::{HDbc, Pointer, SqlReturn, WChar};
use zeroize::Zeroizing;

use super::{
    connections::{AttachError, Connection, TokenOwner},
    table::Function,
    target,
    target_driver::{self, name_resolution},
    utf16,
};

/// `SQL_DRIVER_NOPROMPT` (sqlext.h).
pub(crate) const NOPROMPT: u16 = 0;
/// The most records of one call that are read; Driver 18.6 has three for a login that found no server.
const MAX_RECORDS: i16 = 32;
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

/// What the driver reads and writes in a connect call.
///
/// A driver that answers `SQL_STILL_EXECUTING` works on with the pointers of the first call; it ignores those of
/// the calls by which the host then asks for its answer (ODBC reference, "Asynchronous execution"). So all of it
/// stays where it is until the driver has answered for good.
pub(crate) struct Arguments {
    /// The connection string, and a terminator.
    input: Zeroizing<Vec<u16>>,
    /// Room for the completed one, where the host wants that.
    completed: Zeroizing<Vec<u16>>,
    /// One number, on the heap as well: it must not move with this struct.
    length: Vec<i16>,
}

impl Arguments {
    fn new(connection_string: &[u16], is_output_wanted: bool) -> Self {
        // Driver 18.6 answers otherwise where there is no output, and that answer is the host's to have.
        let room = if is_output_wanted {
            usize::from(COMPLETED_CAPACITY.unsigned_abs())
        } else {
            0
        };
        Self {
            input: utf16::terminated(connection_string),
            completed: Zeroizing::new(vec![0; room]),
            length: vec![0],
        }
    }

    /// Those of a call that the driver still executes with this string, else new ones.
    pub(crate) fn for_call(
        executing: Option<Self>,
        connection_string: &[u16],
        is_output_wanted: bool,
    ) -> Self {
        executing
            .filter(|arguments| arguments.is_for(connection_string))
            .unwrap_or_else(|| Self::new(connection_string, is_output_wanted))
    }

    /// The string, as a function takes it.
    pub(crate) fn input(&self) -> (*const WChar, i16) {
        utf16::argument(&self.input)
    }

    fn is_for(&self, connection_string: &[u16]) -> bool {
        self.input.split_last().map(|(_, text)| text) == Some(connection_string)
    }

    /// Pointer, capacity and place of the length of the completed string.
    fn output(&mut self) -> (*mut WChar, i16, *mut i16) {
        if self.completed.is_empty() {
            (null_mut(), 0, null_mut())
        } else {
            (
                self.completed.as_mut_ptr(),
                COMPLETED_CAPACITY,
                self.length.as_mut_ptr(),
            )
        }
    }

    fn into_completed(mut self) -> Zeroizing<Vec<u16>> {
        let length = self.length.first().copied().unwrap_or(0);
        self.completed.truncate(usize::try_from(length).unwrap_or(0));
        self.completed
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").finish_non_exhaustive()
    }
}

/// The target driver's connection during one connect call of the host's.
pub(crate) struct DriverConnection<'a> {
    pub(crate) hdbc: HDbc,
    pub(crate) connection: &'a mut Connection,
    pub(crate) host: HostCall,
    /// Where the connect goes, if not to the server's own address.
    pub(crate) destination: Option<Destination>,
}

impl TargetConnection for DriverConnection<'_> {
    fn login_timeout(&mut self) -> Option<Duration> {
        let seconds = self.connection.login_timeout.get()?;
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    fn has_application_timeout(&self) -> bool {
        self.connection.login_timeout.is_applications()
    }

    fn limit_login(&mut self, remaining: Duration) {
        // Rounded up, since 0 would mean no limit.
        let seconds = u32::try_from(remaining.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.connection.login_timeout.limit(seconds.max(1));
    }

    fn prepare_login(&self) {
        target_driver::load_authorities();
    }

    fn has_application_token(&self) -> bool {
        self.connection.token.owner() == TokenOwner::Application
    }

    fn place(&mut self, token: &AccessTokenStruct<'_>) -> Result<(), Error> {
        self.connection
            .token
            .attach_drivers(token)
            .map_err(|error| match error {
                AttachError::NoMemory(error) => error,
                AttachError::Refused(_) => Error::new(
                    ErrorKind::Unsupported,
                    "the target driver does not take an access token",
                )
                .remedy("Use Microsoft's ODBC Driver 17.2 or later for SQL Server as the target driver."),
            })
    }

    fn remove_token(&mut self) -> Result<(), Error> {
        if self.connection.token.detach_drivers() {
            Ok(())
        } else {
            Err(token_stays())
        }
    }

    fn lead_to(&mut self, destination: Destination) -> Result<(), Error> {
        if !target_driver::can_be_led() {
            return Err(cannot_lead());
        }
        self.destination = Some(destination);
        Ok(())
    }

    fn connect(&mut self, connection_string: &[u16], completion: DriverCompletion) -> DriverReply {
        let executing = self.connection.executing.take();
        let mut arguments = Arguments::for_call(executing, connection_string, self.host.output.is_wanted());
        let (text, length) = arguments.input();
        let completion = match completion {
            DriverCompletion::AsRequested => self.host.completion,
            DriverCompletion::NoPrompt => NOPROMPT,
        };
        let (target, capacity, length_target) = arguments.output();
        let _led = self.destination.as_ref().and_then(name_resolution::lead);
        // SAFETY: the handle and window are the host's; the input is terminated, the output as large as
        // stated, and both live through the call, or for as long as the driver goes on executing it.
        let answer = unsafe {
            target::SQLDriverConnectW(
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
        let outcome = outcome(answer);
        let completed = if matches!(outcome, ConnectOutcome::StillExecuting(_)) {
            self.connection.executing = Some(arguments);
            Zeroizing::default()
        } else {
            arguments.into_completed()
        };
        DriverReply { outcome, completed }
    }

    fn canceller(&self) -> Option<Box<dyn CancelLogin>> {
        let can_be_canceled = Function::SQLCancelHandle.is_present();
        can_be_canceled.then(|| Box::new(Canceller(self.hdbc)) as Box<dyn CancelLogin>)
    }

    fn records(&self) -> Vec<DriverRecord> {
        (1..=MAX_RECORDS)
            .map_while(|number| self.driver_record(number))
            .collect()
    }

    fn subscriber(&mut self) -> Option<Arc<dyn TokenSubscriber>> {
        self.connection.token.subscriber()
    }
}

/// Ends the connect call that another thread makes on this handle.
struct Canceller(HDbc);

// SAFETY: the handle is only passed to SQLCancelHandle, which the ODBC reference lets any thread call.
unsafe impl Send for Canceller {}

impl CancelLogin for Canceller {
    fn cancel(&self) -> bool {
        // SAFETY: `Login::end` calls this while it keeps `Watched::end` waiting, which the host's connect call has yet to come
        // to, so that the host still keeps the handle (ODBC reference, SQLCancelHandle: "canceling functions executing on
        // another thread"). Where the driver's call has just returned, nothing is executed on it, and Driver 18.6 does nothing.
        let answer = unsafe { target::SQLCancelHandle(odbc_sys::HandleType::Dbc as i16, self.0.as_handle()) };
        answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO
    }
}

impl DriverConnection<'_> {
    /// The driver's record of this number.
    fn driver_record(&self, number: i16) -> Option<DriverRecord> {
        let mut native = 0;
        let (mut state, mut message, mut length) = ([0u16; 6], [0u16; MESSAGE_LIMIT + 1], 0);
        // SAFETY: a connection's record; the state has room for its five characters and terminator, the
        // message for as many characters as stated.
        let answer = unsafe {
            target::SQLGetDiagRecW(
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
        (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO).then(|| DriverRecord {
            sqlstate: String::from_utf16_lossy(state.get(..5).unwrap_or_default()),
            native,
            message: String::from_utf16_lossy(message.get(..filled).unwrap_or_default()),
        })
    }
}

/// Without this, the next connect on the handle could log in as the last user.
pub(crate) fn token_stays() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the target driver does not give up the token of the last sign-in",
    )
    .remedy("Free this connection handle and allocate another one.")
}

fn outcome(answer: SqlReturn) -> ConnectOutcome {
    match answer {
        SqlReturn::SUCCESS | SqlReturn::SUCCESS_WITH_INFO => ConnectOutcome::Connected(answer.0),
        SqlReturn::STILL_EXECUTING => ConnectOutcome::StillExecuting(answer.0),
        _ => ConnectOutcome::Failed(answer.0),
    }
}
