//! Ctrl-C and its like, held back while something would else be left half done.

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, SigmaskHow, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
};
use std::{fs, io, os::fd::AsFd};

/// What ends a program from outside.
pub const ENDS: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// While it lives, these signals wait; once it is dropped, one that has come takes its effect.
#[derive(Debug)]
pub struct Held {
    before: Option<SigSet>,
    come: Option<SignalFd>,
}

impl Held {
    /// Holds them back in this thread, and in those that it starts from now on.
    pub fn back() -> Self {
        let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
        let held: SigSet = ENDS.into_iter().filter(|signal| !ignored(*signal)).collect();
        Self {
            come: SignalFd::with_flags(&held, SfdFlags::SFD_CLOEXEC).ok(),
            before: held.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok(),
        }
    }

    /// Waits until something can be read there; an error of the kind `Interrupted` once a signal has come.
    pub fn until_readable(&self, file: impl AsFd) -> io::Result<()> {
        let mut watched = vec![PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        watched.extend(
            self.come
                .as_ref()
                .map(|come| PollFd::new(come.as_fd(), PollFlags::POLLIN)),
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

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = before.thread_set_mask();
        }
    }
}

/// The signals that this process was started to ignore, as by `nohup`: held back, they would seem to have come.
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
    fn what_can_be_read_is_told_apart_from_a_signal_that_has_come() {
        let held = Held::back();
        let (out, into) = nix::unistd::pipe().unwrap();
        nix::unistd::write(&into, b"x").unwrap();
        held.until_readable(&out).unwrap();
        // To this thread, where it waits; of the four, nohup and shells that start jobs do not have it ignored.
        raise(Signal::SIGTERM).unwrap();
        let error = held.until_readable(&out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        // Taken, so that the test goes on once it is let through.
        SigSet::from(Signal::SIGTERM).wait().unwrap();
        held.until_readable(&out).unwrap();
        drop(held);
        assert!(!SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM));
    }

    #[test]
    fn signals_that_are_ignored_are_known() {
        let ignored = ignored("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n");
        assert!(ignored(Signal::SIGHUP) && ignored(Signal::SIGPIPE) && !ignored(Signal::SIGINT));
    }
}
