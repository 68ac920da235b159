//! The connect calls, and their end: the story is `entra_odbc_core::connect`, this is its ODBC side.

use std::{ptr::null_mut, time::Duration};

use entra_odbc_core::{
    Error, ErrorKind,
    access_token::AccessToken,
    connect::{self as story, Answer, Outcome, Prompt, RealConnection, Reply},
    connection_string,
    plan::{self, Plan},
};
use odbc_sys::{HDbc, Pointer, SqlReturn, WChar};
use zeroize::Zeroizing;

use crate::odbc::{
    connections::{self, Connection, Whose},
    real,
    record::Record,
    service::with_surroundings,
    text,
};

/// `SQL_DRIVER_NOPROMPT` (sqlext.h).
const NOPROMPT: u16 = 0;
/// Room for the driver's completed string: all that the ODBC length type can say.
const COMPLETED_CAPACITY: i16 = i16::MAX;

/// `SQLConnectW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn connect(
    hdbc: HDbc,
    dsn: *const WChar,
    dsn_length: i16,
    user: *const WChar,
    user_length: i16,
    password: *const WChar,
    password_length: i16,
) -> SqlReturn {
    let mut input = Zeroizing::new(Vec::with_capacity(512));
    for (keyword, value, length) in [
        ("DSN", dsn, dsn_length),
        ("UID", user, user_length),
        ("PWD", password, password_length),
    ] {
        // SAFETY: the host's arguments, read as the ODBC reference describes them.
        if let Some(value) = unsafe { text::read(value, length) }.filter(|value| !value.is_empty()) {
            connection_string::append_units(&mut input, keyword, &value);
        }
    }
    let output = Output {
        target: null_mut(),
        capacity: 0,
        length: null_mut(),
    };
    let host = HostCall {
        window: null_mut(),
        completion: NOPROMPT,
        output,
    };
    // SAFETY: the host's arguments; where we have no part in the connect they go on as they came.
    unsafe {
        run(hdbc, &input, host, || {
            real::SQLConnectW(
                hdbc,
                dsn,
                dsn_length,
                user,
                user_length,
                password,
                password_length,
            )
        })
    }
}

/// `SQLDriverConnectW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
#[allow(clippy::too_many_arguments)]
pub(crate) unsafe fn driver_connect(
    hdbc: HDbc,
    window: Pointer,
    input: *const WChar,
    input_length: i16,
    output: *mut WChar,
    output_capacity: i16,
    output_length: *mut i16,
    completion: u16,
) -> SqlReturn {
    // SAFETY: the host's arguments, read as the ODBC reference describes them; where we have no part in the
    // connect they go on as they came.
    unsafe {
        let text = text::read(input, input_length).unwrap_or_default();
        let output = Output {
            target: output,
            capacity: output_capacity,
            length: output_length,
        };
        let host = HostCall {
            window,
            completion,
            output,
        };
        run(hdbc, &text, host, || {
            real::SQLDriverConnectW(
                hdbc,
                window,
                input,
                input_length,
                output.target,
                output_capacity,
                output_length,
                completion,
            )
        })
    }
}

/// `SQLBrowseConnectW`: forwarded; it has no place for a token, so our modes are refused.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn browse_connect(
    hdbc: HDbc,
    input: *const WChar,
    input_length: i16,
    output: *mut WChar,
    output_capacity: i16,
    output_length: *mut i16,
) -> SqlReturn {
    let shared = connections::of(hdbc);
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    if !connection.take_token_off() {
        return connection.fail(&token_stays());
    }
    // SAFETY: the host's arguments, read as the ODBC reference describes them.
    let text = unsafe { text::read(input, input_length) }.unwrap_or_default();
    let plan = with_surroundings(|around| plan::read(&text, connection.whose() == Whose::Hosts, around));
    if let Ok(Plan::SignIn(plan)) = plan {
        let error = Error::new(
            ErrorKind::Unsupported,
            "SQLBrowseConnect cannot sign in with a token",
        )
        .remedy("Connect with SQLDriverConnect or SQLConnect.")
        .in_mode(plan.mode());
        return connection.fail(&error);
    }
    // SAFETY: the host's arguments, passed on.
    unsafe { real::SQLBrowseConnectW(hdbc, input, input_length, output, output_capacity, output_length) }
}

/// `SQLDisconnect`: a token of ours does not stay for the next connect on the handle.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn disconnect(hdbc: HDbc) -> SqlReturn {
    let Some(shared) = connections::find(hdbc) else {
        // SAFETY: the host's argument, passed on.
        return unsafe { real::SQLDisconnect(hdbc) };
    };
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    // SAFETY: the host's argument, passed on.
    let answer = unsafe { real::SQLDisconnect(hdbc) };
    if answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO {
        connection.personal = false;
        connection.token_is_stale();
        // After SQL_SUCCESS_WITH_INFO the host still has the driver's records to read: then the next call
        // takes the token off.
        if answer == SqlReturn::SUCCESS {
            connection.take_token_off();
        }
        connection.settle();
    }
    answer
}

/// What the host passed beside the connection string.
#[derive(Clone, Copy)]
struct HostCall {
    window: Pointer,
    completion: u16,
    output: Output,
}

/// Where the host wants the completed connection string, if anywhere.
#[derive(Clone, Copy)]
struct Output {
    target: *mut WChar,
    capacity: i16,
    length: *mut i16,
}

impl Output {
    fn is_wanted(self) -> bool {
        !self.target.is_null() || !self.length.is_null()
    }
}

/// Runs the story on a connection, and tells the host how it ended.
///
/// # Safety
/// The handle and the output are those of a connect call; `forward` makes the host's own call.
unsafe fn run(hdbc: HDbc, text: &[u16], host: HostCall, forward: impl FnOnce() -> SqlReturn) -> SqlReturn {
    let shared = connections::of(hdbc);
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    let mut pending = connection.pending.take();
    let mut real = Real {
        hdbc,
        connection: &mut connection,
        host,
    };
    let answer = with_surroundings(|around| story::connect(text, &mut pending, &mut real, around));
    connection.pending = pending;
    let (reply, personal) = match answer {
        Ok(Answer::StepAside) => {
            // A connection that a token of the host's own opened is nobody else's either (DESIGN rule 5).
            let personal = connection.whose() == Whose::Hosts;
            let answer = forward();
            connection.personal =
                personal && (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO);
            return answer;
        }
        Ok(Answer::Replied(reply)) => (reply, connection.whose() == Whose::Hosts),
        Ok(Answer::SignedIn { reply, in_string }) => (reply, !in_string),
        Err(error) => {
            connection.token_is_stale();
            return connection.fail(&error);
        }
    };
    // SAFETY: the output is the host's.
    unsafe { connection.finish(&reply, personal, host.output) }
}

impl Connection {
    /// A call fails for a reason of ours.
    pub(crate) fn fail(&mut self, error: &Error) -> SqlReturn {
        tracing::info!(target: "entra_odbc", sqlstate = error.sqlstate(), "refused: {error}");
        self.records.ours = vec![Record::from(error)];
        self.records.then_drivers = false;
        self.settle();
        SqlReturn::ERROR
    }

    /// The driver has answered a connect call.
    ///
    /// # Safety
    /// The output is that of the host's call.
    unsafe fn finish(&mut self, reply: &Reply, personal: bool, output: Output) -> SqlReturn {
        let mut answer = match reply.outcome {
            Outcome::StillExecuting(code) => return SqlReturn(code),
            Outcome::Failed(code) => {
                self.token_is_stale();
                self.settle();
                return SqlReturn(code);
            }
            Outcome::Connected(code) => SqlReturn(code),
        };
        self.personal = personal;
        if output.is_wanted() {
            // SAFETY: the output is the host's, with room as it says.
            let whole =
                unsafe { text::write(&reply.completed, output.target, output.capacity, output.length) };
            if !whole {
                let message =
                    "[entra-odbc] String data, right truncated: the completed connection string did not fit.";
                self.records.ours = vec![Record::new(*b"01004", message)];
                self.records.then_drivers = true;
                answer = SqlReturn::SUCCESS_WITH_INFO;
            }
        }
        self.settle();
        answer
    }
}

/// The real driver's connection during one connect call of the host's.
struct Real<'a> {
    hdbc: HDbc,
    connection: &'a mut Connection,
    host: HostCall,
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
        let placed = self
            .connection
            .put_token(Whose::Ours, token.size(), token.words());
        placed.map(drop).map_err(|_| {
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

    fn has_native_error(&self, native: i32) -> bool {
        let records = 1..=i16::MAX;
        records
            .map_while(|number| self.native_error(number))
            .any(|found| found == native)
    }
}

impl Real<'_> {
    /// The native error of the driver's record of this number.
    fn native_error(&self, number: i16) -> Option<i32> {
        let mut native = 0;
        let (mut state, mut length) = ([0u16; 6], 0);
        // SAFETY: a connection's record; the state has room for its five characters and terminator, and no
        // room for the message is offered.
        let answer = unsafe {
            real::SQLGetDiagRecW(
                odbc_sys::HandleType::Dbc as i16,
                self.hdbc.as_handle(),
                number,
                state.as_mut_ptr(),
                &raw mut native,
                null_mut(),
                0,
                &raw mut length,
            )
        };
        (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO).then_some(native)
    }
}

/// Without this, the next connect on the handle could log in as the last user.
fn token_stays() -> Error {
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
