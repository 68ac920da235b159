//! Running a command-line tool such as `az` as a guest in someone else's process.
//!
//! By `posix_spawn`, since std's `Command` hands our thread's signal mask on to the child, and a
//! tool with all signals blocked cannot be interrupted; and since it cannot give the child SIGCHLD's
//! default action back where the host ignores that signal (`az` starts children of its own).
//! Tokio's process support would install a handler for SIGCHLD in the host.

use crate::Environment;
use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn},
    sys::{
        signal::{SigSet, Signal, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, pipe2},
};
use std::{
    ffi::{CString, OsStr},
    fs::{self, File},
    io::{self, Read, Write as _},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::{ffi::OsStrExt, fs::PermissionsExt as _, process::ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{ExitStatus, Output},
    thread,
};
use tokio::sync::oneshot;

/// The most that a tool may print, in bytes.
const OUTPUT_LIMIT: usize = 1024 * 1024;

/// How much a pipe takes at once, at the least, in bytes (POSIX says 512, Linux 4,096).
const PIPE_BUF: usize = 512;

/// How long to wait between looks at a tool that has closed its output and goes on running, in ms.
const LOOK: u8 = 10;

/// The file of a program: as it stands where it is a path, else found on `PATH`.
pub fn find(program: &str, environment: &Environment) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| is_executable(path));
    }
    // Relative directories are left out: the host may stand anywhere.
    let path = environment.get("PATH")?;
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Runs `program` (a path) to its end; if the future is dropped before, the tool and all that it
/// has started are killed.
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
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    // Within what a pipe holds, writing waits for no reader.
    if input.len() > PIPE_BUF {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::from(write).write_all(input)?;
    finish(Child::start(program, arguments, environment, &File::from(read))?).await
}

async fn finish(child: Child) -> io::Result<Output> {
    let (stop, stopped) = pipe2(OFlag::O_CLOEXEC).map(|(read, write)| (Stop(write), read))?;
    let (sender, receiver) = oneshot::channel();
    // Started by the background thread, it has all signals blocked as well.
    thread::Builder::new()
        .name("entra-odbc-tool".into())
        .spawn(move || sender.send(child.finish(&stopped)))?;
    let output = receiver.await.map_err(io::Error::other)?;
    drop(stop);
    output
}

/// Starts `program` (a path) with nothing of ours but its arguments, and lets it live on as it likes: a
/// browser outlasts the sign-in that opened it.
///
/// What is received is how it ended, should anyone wait for that.
pub fn launch(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &Environment,
) -> io::Result<oneshot::Receiver<ExitStatus>> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    let streams = [nothing.as_raw_fd(); 3];
    let process = spawn(program, arguments, environment, streams)?;
    let (sender, ended) = oneshot::channel();
    // Reaped, or it would stay behind as a zombie for as long as the host lives.
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
            // Nobody may be waiting any more.
            let _ = sender.send(ExitStatus::from_raw(raw));
        })?;
    Ok(ended)
}

/// Starts a program in a process group of its own, with a clean signal state and these as its standard streams.
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

/// The end of all waiting for a tool, once dropped: by a byte, since a forked child of the host may hold
/// the pipe open.
struct Stop(OwnedFd);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = nix::unistd::write(&self.0, &[0]);
    }
}

/// A running tool; dropped, it and its group are killed.
struct Child {
    process: Pid,
    running: bool,
    stdout: File,
    stderr: File,
}

impl Child {
    fn start(
        program: &OsStr,
        arguments: &[&OsStr],
        environment: &Environment,
        stdin: &File,
    ) -> io::Result<Self> {
        let (stdout, child_stdout) = pipe2(OFlag::O_CLOEXEC)?;
        let (stderr, child_stderr) = pipe2(OFlag::O_CLOEXEC)?;
        let streams = [
            stdin.as_raw_fd(),
            child_stdout.as_raw_fd(),
            child_stderr.as_raw_fd(),
        ];
        let process = spawn(program, arguments, environment, streams)?;
        Ok(Self {
            process,
            running: true,
            stdout: File::from(stdout),
            stderr: File::from(stderr),
        })
    }

    /// Reads all that the tool prints and waits for its end.
    fn finish(mut self, stopped: &OwnedFd) -> io::Result<Output> {
        let mut stdout = Vec::new();
        let mut stderr = Vec::new();
        let (mut out_open, mut err_open) = (true, true);
        while out_open || err_open {
            // A closed pipe is always ready, so it is left out by looking for nothing but errors of
            // the one that ends all waiting.
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
            // The host ignores SIGCHLD or reaps all children itself, so how it ended is lost: it is
            // judged by what it said.
            ExitStatus::from_raw(if stdout.is_empty() { 1 << 8 } else { 0 })
        });
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    fn wait(&mut self, stopped: &OwnedFd) -> io::Result<Option<ExitStatus>> {
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
            if poll(&mut stop, PollTimeout::from(LOOK)).is_ok_and(|ready| ready > 0) {
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

/// Reads what is there; whether there may be more.
fn more(pipe: &mut File, into: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    match pipe.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(read) if into.len() + read > OUTPUT_LIMIT => {
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
pub(crate) mod tests {
    use super::*;
    use std::{
        process::{Command, Stdio},
        time::Duration,
    };

    /// Makes a file that is a shell script and may be run.
    ///
    /// Another process writes it: what this one opens for writing, a tool that another test starts just then has for a
    /// moment as well, and the script could not be run meanwhile (`ETXTBSY`).
    pub(crate) fn write_script(path: &Path, script: &str) {
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let text = format!("#!/bin/sh\n{script}\n");
        writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
    }

    fn shell(script: &str, environment: &Environment) -> io::Result<Output> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(
            "/bin/sh".as_ref(),
            &["-c".as_ref(), script.as_ref()],
            environment,
        ))
    }

    #[test]
    fn a_tool_gets_exactly_the_variables_no_input_and_a_clean_signal_state() {
        let environment = Environment::fixed([("PATH", "/usr/bin:/bin"), ("ANSWER", "42")]);
        let script =
            "echo $ANSWER $HOME; cat; grep -E '^Sig(Blk|Ign)' /proc/self/status; echo oh >&2; exit 3";
        let output = crate::runtime::with_signals_blocked(|| shell(script, &environment)).unwrap();
        assert_eq!(output.status.code(), Some(3));
        let stdout = String::from_utf8(output.stdout).unwrap();
        let (said, signals) = stdout.split_once("SigBlk:\t").unwrap();
        assert_eq!(said, "42\n");
        let (blocked, ignored) = signals.split_once("\nSigIgn:\t").unwrap();
        assert_eq!(blocked, "0000000000000000");
        // Without 32 and 33, which are glibc's own and cannot be set from outside it.
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        assert_eq!(ignored & !0x1_8000_0000, 0);
        assert_eq!(output.stderr, b"oh\n");
    }

    #[test]
    fn a_program_that_is_let_go_lives_on_and_is_reaped() {
        let (mut read, write) = io::pipe().unwrap();
        nix::fcntl::fcntl(&write, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
        let script = format!("echo here >/proc/self/fd/{}; exit 7", write.as_raw_fd());
        let arguments: [&OsStr; 2] = ["-c".as_ref(), script.as_ref()];
        let ended = launch("/bin/sh".as_ref(), &arguments, &Environment::empty()).unwrap();
        drop(write);
        let mut said = String::new();
        read.read_to_string(&mut said).unwrap();
        assert_eq!(said, "here\n");
        assert_eq!(ended.blocking_recv().unwrap().code(), Some(7));
    }

    #[test]
    fn a_tool_that_prints_without_end_is_stopped() {
        let error = shell(
            "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
            &Environment::empty(),
        )
        .unwrap_err();
        assert!(error.to_string().contains("megabyte"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_said_to_be_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = runtime
            .block_on(run("/nowhere/az".as_ref(), &[], &Environment::empty()))
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_tool_that_nobody_waits_for_any_more_is_killed_with_all_it_started() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // Both shells hold the pipe open; it closes when both are gone.
        let (mut read, write) = io::pipe().unwrap();
        let held = write.try_clone().unwrap();
        nix::fcntl::fcntl(&held, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
        let environment = Environment::fixed([("PATH", "/usr/bin:/bin")]);
        let arguments: [&OsStr; 2] = ["-c".as_ref(), "sleep 1000 & sleep 1000".as_ref()];
        let ended = runtime.block_on(async {
            let tool = run("/bin/sh".as_ref(), &arguments, &environment);
            tokio::time::timeout(Duration::from_millis(200), tool).await
        });
        assert!(ended.is_err());
        drop((write, held));
        assert_eq!(read.read(&mut [0]).unwrap(), 0);
    }
}
