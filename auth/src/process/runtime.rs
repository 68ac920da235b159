//! The only background thread and its runtime, which executes token requests.
//!
//! Host threads submit tasks and wait on a condition variable. They never run inside the runtime, since the host
//! may have a runtime of its own on the same thread.

use crate::{
    Error, ErrorKind,
    process::fork::{Lock, Process},
};
use std::{
    future::Future,
    mem,
    sync::mpsc::{self, TryRecvError},
    task::Poll,
    thread,
    time::Instant,
};
use tokio::{runtime::Handle, sync::oneshot};

pub use crate::os::signals::with_signals_blocked;

/// Starts the background thread at the first task, and again in each forked child.
#[derive(Debug, Default)]
pub struct Runtime(Lock<Option<Generation>>);

/// The thread of one process.
#[derive(Debug)]
struct Generation {
    process: Process,
    handle: Handle,
    /// The thread ends when this is dropped; it is never joined.
    _life: oneshot::Sender<()>,
}

impl Runtime {
    /// Hands a task to the background thread, which is started if this process has none yet.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let mut generation = self.0.lock();
        let process = Process::current();
        if let Some(old) = generation.take_if(|old| old.process != process) {
            // The thread exists only in the parent. Its runtime was copied in an unknown state and must not be dropped.
            mem::forget(old);
        }
        let generation = match generation.as_mut() {
            Some(generation) => generation,
            None => generation.insert(Generation::start(process)?),
        };
        drop(generation.handle.spawn(task));
        Ok(())
    }
}

/// What a task of the background thread will answer.
#[derive(Debug)]
pub struct Pending<T> {
    deadline: Instant,
    receiver: mpsc::Receiver<T>,
}

impl<T> Pending<T> {
    /// Waits for the answer; `None` where the deadline comes first, or the task fails.
    #[must_use]
    pub fn wait(self) -> Option<T> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.receiver.recv_timeout(left).ok()
    }

    /// The same for a caller that asks again and again.
    pub fn poll(&self) -> Poll<Option<T>> {
        match self.receiver.try_recv() {
            Ok(answer) => Poll::Ready(Some(answer)),
            Err(TryRecvError::Empty) if Instant::now() < self.deadline => Poll::Pending,
            Err(_) => Poll::Ready(None),
        }
    }
}

impl Runtime {
    /// Has the background thread carry out a task until `deadline`.
    pub fn begin<T: Send + 'static>(
        &self,
        deadline: Instant,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<Pending<T>, Error> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.spawn(async move {
            if let Ok(done) = tokio::time::timeout_at(deadline.into(), task).await {
                // Nobody waits any more where this fails.
                let _ = sender.send(done);
            }
        })?;
        Ok(Pending { deadline, receiver })
    }
}

impl Generation {
    fn start(process: Process) -> Result<Self, Error> {
        let failed = |error: std::io::Error| {
            Error::new(
                ErrorKind::Unreachable,
                format!("the background thread for token requests cannot be started: {error}"),
            )
            .remedy("Check the limits on threads and open files (ulimit -u, ulimit -n).")
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (life, ended) = oneshot::channel::<()>();
        let body = move || {
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        };
        with_signals_blocked(|| thread::Builder::new().name("entra-odbc".into()).spawn(body))
            .map_err(failed)?;
        Ok(Self {
            process,
            handle,
            _life: life,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_has_a_name_and_all_signals_but_faults_blocked() {
        let runtime = Runtime::default();
        let (sender, receiver) = mpsc::channel();
        runtime
            .spawn(async move {
                let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
                sender.send(status).unwrap();
            })
            .unwrap();
        let status = receiver.recv().unwrap();
        assert!(status.starts_with("Name:\tentra-odbc\n"), "{status}");
        // All but SIGKILL, SIGSTOP, those of faults and the two that glibc keeps for itself.
        assert!(
            status.contains("SigBlk:\tfffffffe3ffbfa27") || status.contains("SigBlk:\tfffffffe7ffbfa27"),
            "{status}"
        );
        let own = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        assert!(own.contains("SigBlk:\t0000000000000000"), "{own}");
    }

    #[test]
    fn who_waits_for_a_task_has_its_answer_or_gives_up_in_time() {
        let runtime = Runtime::default();
        let in_a_moment = || Instant::now() + std::time::Duration::from_millis(50);
        assert_eq!(runtime.begin(in_a_moment(), async { 5 }).unwrap().wait(), Some(5));
        let forever = || {
            runtime
                .begin(in_a_moment(), std::future::pending::<()>())
                .unwrap()
        };
        assert_eq!(forever().wait(), None);
        let asked_again_and_again = forever();
        assert_eq!(asked_again_and_again.poll(), Poll::Pending);
        while asked_again_and_again.poll().is_pending() {
            thread::yield_now();
        }
        let panics = runtime.begin(in_a_moment(), async { panic!("as scripted") });
        assert_eq!(panics.unwrap().wait(), None::<()>);
    }

    #[test]
    fn a_task_that_panics_leaves_the_thread_to_the_next() {
        let runtime = Runtime::default();
        let (sender, receiver) = mpsc::channel();
        runtime.spawn(async { panic!("as scripted") }).unwrap();
        runtime.spawn(async move { sender.send(()).unwrap() }).unwrap();
        receiver.recv().unwrap();
    }
}
