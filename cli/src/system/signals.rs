//! Signals that end the process, blocked while something must be completed or undone.

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, SigmaskHow, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
};
use std::{fs, io, os::fd::AsFd};

/// The signals that end a process from outside.
pub const TERMINATING: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// Blocks these signals until it is dropped; one that has come meanwhile is delivered then.
#[derive(Debug)]
pub struct BlockedSignals {
    previous_mask: Option<SigSet>,
    pending: Option<SignalFd>,
}

impl BlockedSignals {
    /// Blocks them in this thread, and in those that it starts from now on.
    pub fn block() -> Self {
        let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
        let blocked: SigSet = TERMINATING
            .into_iter()
            .filter(|signal| !ignored(*signal))
            .collect();
        Self {
            pending: SignalFd::with_flags(&blocked, SfdFlags::SFD_CLOEXEC).ok(),
            previous_mask: blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok(),
        }
    }

    /// Waits until `file` is readable; an error of the kind `Interrupted` once a signal has come.
    pub fn wait_readable(&self, file: impl AsFd) -> io::Result<()> {
        let mut watched = vec![PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        watched.extend(
            self.pending
                .as_ref()
                .map(|pending| PollFd::new(pending.as_fd(), PollFlags::POLLIN)),
        );
        while let Err(error) = poll(&mut watched, PollTimeout::NONE) {
            if error != Errno::EINTR {
                return Err(error.into());
            }
        }
        match watched.get(1).and_then(PollFd::any) {
            Some(true) => Err(io::ErrorKind::Interrupted.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        if let Some(mask) = &self.previous_mask {
            let _ = mask.thread_set_mask();
        }
    }
}

/// The signals that this process was started to ignore, as by `nohup`: blocked ones would stay pending.
fn ignored(status: &str) -> impl Fn(Signal) -> bool + use<> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    move |signal| mask >> (signal as i32 - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::raise;

    #[test]
    fn readable_input_and_a_pending_signal_are_told_apart() {
        let blocked = BlockedSignals::block();
        let (out, into) = nix::unistd::pipe().unwrap();
        nix::unistd::write(&into, b"x").unwrap();
        blocked.wait_readable(&out).unwrap();
        // To this thread, where it waits; of the four, nohup and shells that start jobs do not have it ignored.
        raise(Signal::SIGTERM).unwrap();
        let error = blocked.wait_readable(&out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        // Consumed, so that it does not end the test once it is unblocked.
        SigSet::from(Signal::SIGTERM).wait().unwrap();
        blocked.wait_readable(&out).unwrap();
        drop(blocked);
        assert!(!SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM));
    }

    #[test]
    fn signals_that_are_ignored_are_known() {
        let ignored = ignored("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n");
        assert!(ignored(Signal::SIGHUP) && ignored(Signal::SIGPIPE) && !ignored(Signal::SIGINT));
    }
}
