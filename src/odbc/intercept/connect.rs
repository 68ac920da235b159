//! Connect and disconnect: the ODBC side of `entra_odbc_core::connect`, which has the order of the steps.

use std::ptr::null_mut;

use entra_auth::Error;
use entra_odbc_core::{
    connect as core_connect,
    connect::{Answer, ConnectOutcome, DriverReply, login_refusal::LoginFailure, plan},
    connection_string,
    diagnostics::Diagnostic as _,
};
use odbc_sys::{HDbc, Pointer, SqlReturn, WChar};
use zeroize::Zeroizing;

use crate::odbc::{
    connections::{self, Connection, PoolReuse, TokenOwner},
    diagnostic_record::Record,
    target,
    target_connection::{Arguments, DriverConnection, HostCall, NOPROMPT, Output, token_stays},
    target_driver, utf16,
};
use crate::process_state::with_connect_context;

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
        if let Some(value) = unsafe { utf16::read(value, length) }.filter(|value| !value.is_empty()) {
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
        connect_with(hdbc, &input, host, || {
            target::SQLConnectW(
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
        let text = utf16::read(input, input_length).unwrap_or_default();
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
        connect_with(hdbc, &text, host, || {
            target::SQLDriverConnectW(
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
    let shared = connections::get_or_insert(hdbc);
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    if !connection.token.detach_drivers() {
        return connection.fail(&token_stays());
    }
    // SAFETY: the host's arguments, read as the ODBC reference describes them.
    let text = unsafe { utf16::read(input, input_length) }.unwrap_or_default();
    if let Err(error) = target_driver::check_same_driver(&text) {
        return connection.fail(&error);
    }
    target_driver::share_authorities();
    let has_token = connection.token.owner() == TokenOwner::Application;
    let respelled = match with_connect_context(|context| plan::browse(&text, has_token, context)) {
        Ok(respelled) => respelled,
        Err(error) => return connection.fail(&error),
    };
    // One that the driver still executes goes on with the string of the first call.
    let executing = connection.executing.take();
    let respelled = respelled.map(|text| Arguments::for_call(executing, &text, false));
    let (input, input_length) = match &respelled {
        Some(arguments) => arguments.input(),
        None => (input, input_length),
    };
    // SAFETY: the host's arguments, passed on; a string of ours is terminated, and lives through the call, or for as long as
    // the driver goes on executing it.
    let answer = unsafe {
        target::SQLBrowseConnectW(hdbc, input, input_length, output, output_capacity, output_length)
    };
    if answer == SqlReturn::STILL_EXECUTING {
        connection.executing = respelled;
    }
    answer
}

/// `SQLDisconnect`: a token of ours does not stay for the next connect on the handle.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn disconnect(hdbc: HDbc) -> SqlReturn {
    let Some(shared) = connections::get(hdbc) else {
        // SAFETY: the host's argument, passed on.
        return unsafe { target::SQLDisconnect(hdbc) };
    };
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    // SAFETY: the host's argument, passed on.
    let answer = unsafe { target::SQLDisconnect(hdbc) };
    if answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO {
        connection.reuse = PoolReuse::DriverDecides;
        connection.token.detach_later();
        // After SQL_SUCCESS_WITH_INFO the host still has the driver's records to read: then the next call
        // takes the token off.
        if answer == SqlReturn::SUCCESS {
            connection.token.detach_drivers();
        }
        connection.end_call();
    }
    answer
}

/// Connects by the steps of `entra_odbc_core::connect`, and answers the host.
///
/// # Safety
/// The handle and the output are those of a connect call; `forward` makes the host's own call.
unsafe fn connect_with(
    hdbc: HDbc,
    text: &[u16],
    host: HostCall,
    forward: impl FnOnce() -> SqlReturn,
) -> SqlReturn {
    let shared = connections::get_or_insert(hdbc);
    let mut connection = connections::lock(&shared);
    connection.begin_call();
    if let Err(error) = target_driver::check_same_driver(text) {
        return connection.fail(&error);
    }
    target_driver::share_authorities();
    let mut pending = connection.pending.take();
    let mut target = DriverConnection {
        hdbc,
        connection: &mut connection,
        host,
        destination: None,
    };
    let answer =
        with_connect_context(|context| core_connect::connect(text, &mut pending, &mut target, context));
    connection.pending = pending;
    connection.reuse = PoolReuse::DriverDecides;
    // A connection string says nothing of a token that the application set, so a pool must not hand the connection on.
    let reuse = |connection: &Connection| match connection.token.owner() {
        TokenOwner::Application => PoolReuse::Never,
        TokenOwner::None | TokenOwner::Driver => PoolReuse::DriverDecides,
    };
    let (reply, reuse) = match answer {
        Ok(Answer::StepAside) => {
            let reuse = reuse(&connection);
            let answer = forward();
            if answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO {
                connection.reuse = reuse;
            }
            return answer;
        }
        Ok(Answer::Replied(reply)) => (reply, reuse(&connection)),
        Ok(Answer::SignedIn {
            reply,
            opened,
            failure,
        }) => {
            connection.explain(failure.as_ref());
            let reuse = opened.map_or(PoolReuse::Never, PoolReuse::WhileSameIdentity);
            (reply, reuse)
        }
        Err(error) => {
            connection.token.detach_later();
            return connection.fail(&error);
        }
    };
    // SAFETY: the output is the host's.
    unsafe { connection.finish(&reply, reuse, host.output) }
}

impl Connection {
    /// Fails a call with a record of this driver's.
    pub(crate) fn fail(&mut self, error: &Error) -> SqlReturn {
        tracing::info!(target: "entra_odbc", event = "call_refused", sqlstate = error.sqlstate(), %error);
        self.records.ours = vec![Record::from(error)];
        self.records.then_drivers = false;
        self.end_call();
        SqlReturn::ERROR
    }

    /// Puts an explanation of ours before the driver's records of a failed connect.
    fn explain(&mut self, failure: Option<&LoginFailure>) {
        let drivers = failure.and_then(|failure| failure.drivers.as_deref());
        let others = drivers.unwrap_or_default().iter().map(Record::from);
        self.records.ours = failure.map(Record::from).into_iter().chain(others).collect();
        self.records.then_drivers = drivers.is_none();
    }

    /// Answers the host's connect call after the driver's answer.
    ///
    /// # Safety
    /// The output is that of the host's call.
    unsafe fn finish(&mut self, reply: &DriverReply, reuse: PoolReuse, output: Output) -> SqlReturn {
        let mut answer = match reply.outcome {
            ConnectOutcome::StillExecuting(code) => return SqlReturn(code),
            ConnectOutcome::Failed(code) => {
                self.token.detach_later();
                self.end_call();
                return SqlReturn(code);
            }
            ConnectOutcome::Connected(code) => SqlReturn(code),
        };
        self.reuse = reuse;
        if output.is_wanted() {
            // SAFETY: the output is the host's, with room as it says.
            let whole =
                unsafe { utf16::write(&reply.completed, output.target, output.capacity, output.length) };
            if !whole {
                let message =
                    "[entra-odbc] String data, right truncated: the completed connection string did not fit.";
                self.records.ours = vec![Record::new(*b"01004", message)];
                self.records.then_drivers = true;
                answer = SqlReturn::SUCCESS_WITH_INFO;
            }
        }
        self.end_call();
        answer
    }
}
