//! Child processes, without side effects on the host process.
//!
//! Uses `posix_spawn`. The child of std's `Command` inherits our thread's signal mask, and a tool with all signals
//! blocked cannot be interrupted. `Command` also cannot restore the default action of SIGCHLD if the host ignores
//! that signal, and `az` starts children of its own. Tokio's process support would install a SIGCHLD handler in
//! the host.

use crate::Environment;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn},
    sys::{
        signal::{SigSet, Signal, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use std::{
    ffi::{CString, OsStr},
    fs::File,
    io::{self, PipeReader, PipeWriter, Read, Write as _},
    os::{
        fd::{AsFd, AsRawFd, RawFd},
        unix::{ffi::OsStrExt, process::ExitStatusExt},
    },
    process::{ExitStatus, Output},
    thread,
};
use tokio::sync::oneshot;

/// The maximum output of a tool in bytes.
const MAX_OUTPUT_LENGTH: usize = 1024 * 1024;

/// The number of bytes that a pipe accepts without blocking (POSIX: 512, Linux: 4,096).
const PIPE_BUF: usize = 512;

/// The pause between two checks whether a tool that has closed its output has exited, in ms.
const POLL_INTERVAL_MS: u8 = 10;

/// Runs `program` (a path) until it exits. If the future is dropped earlier, the tool and its process group are
/// killed.
pub async fn run(program: &OsStr, arguments: &[&OsStr], environment: &Environment) -> io::Result<Output> {
    finish(Child::start(
        program,
        arguments,
        environment,
        &File::open("/dev/null")?,
    )?)
    .await
}

/// The same for a tool that reads a few bytes, such as a secret, from its standard input.
pub async fn run_with_input(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &Environment,
    input: &[u8],
) -> io::Result<Output> {
    let (read, mut write) = io::pipe()?;
    // Up to this length a write to the pipe does not block.
    if input.len() > PIPE_BUF {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    write.write_all(input)?;
    drop(write);
    finish(Child::start(program, arguments, environment, &read)?).await
}

async fn finish(child: Child) -> io::Result<Output> {
    let (stopped, stop) = io::pipe()?;
    let stop = Stop(stop);
    let (sender, receiver) = oneshot::channel();
    // Started by the background thread, it has all signals but those of faults blocked as well.
    thread::Builder::new()
        .name("entra-odbc-tool".into())
        .spawn(move || sender.send(child.finish(&stopped)))?;
    let output = receiver.await.map_err(io::Error::other)?;
    drop(stop);
    output
}

/// Starts `program` (a path) detached: a browser outlives the sign-in that opened it.
///
/// The receiver gets the exit status.
pub fn launch(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &Environment,
) -> io::Result<oneshot::Receiver<ExitStatus>> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    let streams = [nothing.as_raw_fd(); 3];
    let process = spawn(program, arguments, environment, streams)?;
    let (sender, ended) = oneshot::channel();
    // Reaped here, else it would remain a zombie until the host exits.
    thread::Builder::new()
        .name("entra-odbc-reap".into())
        .spawn(move || {
            let raw = loop {
                match waitpid(process, None) {
                    Ok(WaitStatus::Exited(_, code)) => break code << 8,
                    Ok(WaitStatus::Signaled(_, signal, _)) => break signal as i32,
                    Ok(_) | Err(Errno::EINTR) => {}
                    // The host has reaped it.
                    Err(_) => return,
                }
            };
            // The receiver may have been dropped.
            let _ = sender.send(ExitStatus::from_raw(raw));
        })?;
    Ok(ended)
}

/// Starts a program in its own process group, with a clean signal state and the given standard streams.
fn spawn(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &Environment,
    streams: [RawFd; 3],
) -> io::Result<Pid> {
    let text = |bytes: &[u8]| CString::new(bytes).map_err(io::Error::other);
    let mut command = vec![text(program.as_bytes())?];
    for argument in arguments {
        command.push(text(argument.as_bytes())?);
    }
    let variables = environment
        .variables()
        .into_iter()
        .map(|(name, value)| text(&[name.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect::<io::Result<Vec<_>>>()?;
    let mut files = PosixSpawnFileActions::init()?;
    for (stream, target) in streams.into_iter().zip(0..) {
        files.add_dup2(stream, target)?;
    }
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_sigdefault(&SigSet::all())?;
    Ok(posix_spawn(program, &files, &attributes, &command, &variables)?)
}

/// Ends the wait for a tool when dropped. Writes a byte, since closing has no effect if a forked child of the host
/// holds the pipe open.
struct Stop(PipeWriter);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = self.0.write(&[0]);
    }
}

/// A running tool. Its process group is killed on drop.
struct Child {
    process: Pid,
    running: bool,
    stdout: PipeReader,
    stderr: PipeReader,
}

impl Child {
    fn start(
        program: &OsStr,
        arguments: &[&OsStr],
        environment: &Environment,
        stdin: &impl AsRawFd,
    ) -> io::Result<Self> {
        let (stdout, child_stdout) = io::pipe()?;
        let (stderr, child_stderr) = io::pipe()?;
        let streams = [
            stdin.as_raw_fd(),
            child_stdout.as_raw_fd(),
            child_stderr.as_raw_fd(),
        ];
        let process = spawn(program, arguments, environment, streams)?;
        Ok(Self {
            process,
            running: true,
            stdout,
            stderr,
        })
    }

    /// Reads the output of the tool and waits until it exits.
    fn finish(mut self, stopped: &PipeReader) -> io::Result<Output> {
        let mut stdout = Vec::new();
        let mut stderr = Vec::new();
        let (mut out_open, mut err_open) = (true, true);
        while out_open || err_open {
            // A closed pipe is always ready for reading, so `stopped` takes its place.
            let out = if out_open {
                self.stdout.as_fd()
            } else {
                stopped.as_fd()
            };
            let err = if err_open {
                self.stderr.as_fd()
            } else {
                stopped.as_fd()
            };
            let mut ready = [out, err, stopped.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [out, err, stop] = ready.map(|fd| fd.any().unwrap_or(false));
            if stop {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if out_open && out {
                out_open = more(&mut self.stdout, &mut stdout)?;
            }
            if err_open && err {
                err_open = more(&mut self.stderr, &mut stderr)?;
            }
        }
        let status = self.wait(stopped)?.unwrap_or_else(|| {
            // The host ignores SIGCHLD or reaps all children, so the exit status is lost: the output decides.
            ExitStatus::from_raw(if stdout.is_empty() { 1 << 8 } else { 0 })
        });
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    fn wait(&mut self, stopped: &PipeReader) -> io::Result<Option<ExitStatus>> {
        loop {
            let raw = match waitpid(self.process, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, code)) => Some(code << 8),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(signal as i32),
                Ok(_) | Err(Errno::EINTR) => None,
                Err(Errno::ECHILD) => {
                    self.running = false;
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(raw) = raw {
                self.running = false;
                return Ok(Some(ExitStatus::from_raw(raw)));
            }
            let mut stop = [PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
            if poll(&mut stop, PollTimeout::from(POLL_INTERVAL_MS)).is_ok_and(|ready| ready > 0) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.running {
            let _ = killpg(self.process, Signal::SIGKILL);
            let _ = waitpid(self.process, None);
        }
    }
}

/// Reads the available output; returns whether more may follow.
fn more(pipe: &mut PipeReader, into: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    match pipe.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(read) if into.len() + read > MAX_OUTPUT_LENGTH => {
            Err(io::Error::other("it printed more than a megabyte"))
        }
        Ok(read) => {
            into.extend_from_slice(buffer.get(..read).unwrap_or_default());
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
pub(crate) mod tests;
