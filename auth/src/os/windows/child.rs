//! Child processes, by the standard library.
//!
//! What a killed program has started itself goes on: that takes a job object, which the standard library cannot make.

use crate::Environment;
use std::{
    ffi::OsStr,
    io::{self, Read, Write as _},
    os::windows::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// The maximum output of a tool in bytes.
const MAX_OUTPUT_LENGTH: u64 = 1024 * 1024;

/// The number of bytes that a pipe accepts without blocking, at least.
const PIPE_BUF: usize = 512;

/// The pause between two checks whether a program that has closed its output has exited.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Shows no console window for the program.
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Runs `program` (a path) until it exits. If the future is dropped earlier, the program is killed.
pub async fn run(program: &OsStr, arguments: &[&OsStr], environment: &Environment) -> io::Result<Output> {
    let child = command(program, arguments, environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    Running(child).finish().await
}

/// The same for a tool that reads a few bytes, such as a secret, from its standard input.
pub async fn run_with_input(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &Environment,
    input: &[u8],
) -> io::Result<Output> {
    // Up to this length a write to the pipe does not block.
    if input.len() > PIPE_BUF {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let child = command(program, arguments, environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut running = Running(child);
    if let Some(mut stdin) = running.0.stdin.take() {
        stdin.write_all(input)?;
    }
    running.finish().await
}

/// Starts `program` (a path) detached: a browser outlives the sign-in that opened it.
///
/// The receiver gets the exit status.
pub fn launch(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &Environment,
) -> io::Result<oneshot::Receiver<ExitStatus>> {
    let mut child = command(program, arguments, environment)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (sender, ended) = oneshot::channel();
    thread::Builder::new()
        .name("entra-odbc-reap".into())
        .spawn(move || {
            if let Ok(status) = child.wait() {
                // The receiver may have been dropped.
                let _ = sender.send(status);
            }
        })?;
    Ok(ended)
}

fn command(program: &OsStr, arguments: &[&OsStr], environment: &Environment) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(environment.variables())
        .creation_flags(CREATE_NO_WINDOW);
    command
}

/// A running program, killed on drop.
struct Running(Child);

impl Running {
    async fn finish(mut self) -> io::Result<Output> {
        let stdout = self.0.stdout.take().map(read).transpose()?;
        let stderr = self.0.stderr.take().map(read).transpose()?;
        let stdout = whole(stdout).await?;
        let stderr = whole(stderr).await?;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Output {
                    status,
                    stdout,
                    stderr,
                });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error where it has ended.
        let _ = self.0.kill();
    }
}

type Reading = oneshot::Receiver<io::Result<Vec<u8>>>;

/// Reads a stream on a thread of its own. The thread ends when all that have the stream have closed it.
fn read(stream: impl Read + Send + 'static) -> io::Result<Reading> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new()
        .name("entra-odbc-tool".into())
        .spawn(move || {
            let mut bytes = Vec::new();
            let read = stream.take(MAX_OUTPUT_LENGTH + 1).read_to_end(&mut bytes);
            let read = match read {
                Ok(length) if length as u64 > MAX_OUTPUT_LENGTH => {
                    Err(io::Error::other("it printed more than a megabyte"))
                }
                read => read.map(|_| bytes),
            };
            // Nobody waits any more where the time was up.
            let _ = sender.send(read);
        })?;
    Ok(receiver)
}

async fn whole(reading: Option<Reading>) -> io::Result<Vec<u8>> {
    match reading {
        Some(reading) => reading.await.map_err(io::Error::other)?,
        None => Ok(Vec::new()),
    }
}
