//! Signals that end the process, blocked while something must be completed or undone.

use super::os::{SignalWatch, ignored_signals, wait_for_input};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use std::{io, os::fd::AsFd};

/// The signals that end a process from outside.
pub const TERMINATING: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// Blocks these signals until it is dropped; one that has come meanwhile is delivered then.
#[derive(Debug)]
pub struct BlockedSignals {
    previous_mask: Option<SigSet>,
    pending: Option<SignalWatch>,
}

impl BlockedSignals {
    /// Blocks them in this thread, and in those that it starts from now on.
    pub fn block() -> Self {
        let ignored = ignored_signals();
        let blocked: SigSet = TERMINATING
            .into_iter()
            .filter(|signal| !ignored(*signal))
            .collect();
        Self {
            pending: SignalWatch::on(blocked).ok(),
            previous_mask: blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok(),
        }
    }

    /// Waits until `file` is readable; an error of the kind `Interrupted` once a signal has come.
    pub fn wait_readable(&self, file: impl AsFd) -> io::Result<()> {
        if wait_for_input(file, self.pending.as_ref())? {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        if let Some(mask) = &self.previous_mask {
            let _ = mask.thread_set_mask();
        }
    }
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
}
