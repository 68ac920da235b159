//! The host's callback for log lines, called on a separate thread.
//!
//! Log lines are written while locks are held, so the callback must not delay the writer. Lines go into a queue,
//! and a thread that runs while the queue is not empty calls the callback.

use super::install;
use crate::process::{fork::Process, runtime::with_signals_blocked};
use std::{
    collections::VecDeque,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tracing::level_filters::LevelFilter;

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Failures.
    Error = 1,
    /// Possible problems.
    Warn,
    /// One line for each decision.
    Info,
    /// The reasons for decisions.
    Debug,
    /// Everything else.
    Trace,
}

impl Level {
    /// All levels, the most severe first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }
}

/// The host's callback: receives the level and the line without time and line end. It must not panic.
pub type Callback = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// The maximum number of queued lines. Lines beyond it are dropped and counted, and the count is reported.
const MAX_QUEUED_LINES: usize = 1000;

/// The number of attempts to acquire the lock. It is held for a few instructions, except in a forked child whose
/// parent held it in another thread; there the lines are lost.
const MAX_LOCK_ATTEMPTS: usize = 1000;

pub(super) static LISTENER: Listener = Listener::new();

/// Registers `callback` for lines of `level` and above; replaces the registered one.
///
/// Called on a separate thread in which all signals but those of faults are blocked, one line after the other.
/// Queued lines go to the new callback; a running call of the old one continues.
pub fn listen(level: Level, callback: Callback) {
    LISTENER.set(Some((level, callback)));
    install();
}

/// Removes the callback.
pub fn listen_no_more() {
    LISTENER.set(None);
    install();
}

pub(super) struct Listener {
    /// A [`Level`] as a number, 0 for off.
    level: AtomicUsize,
    lost: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    callback: Option<Callback>,
    lines: VecDeque<(Level, String)>,
    /// The process whose thread delivers the lines.
    delivering_process: Option<Process>,
}

impl Listener {
    const fn new() -> Self {
        Self {
            level: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            state: Mutex::new(State {
                callback: None,
                lines: VecDeque::new(),
                delivering_process: None,
            }),
        }
    }

    pub(super) fn level(&self) -> LevelFilter {
        let number = self.level.load(Ordering::Relaxed);
        let level = number.checked_sub(1).and_then(|index| Level::ALL.get(index));
        level.map_or(LevelFilter::OFF, |level| level.filter())
    }

    fn set(&self, listener: Option<(Level, Callback)>) {
        let level = listener.as_ref().map_or(0, |(level, _)| *level as usize);
        self.level.store(level, Ordering::Relaxed);
        let callback = listener.map(|(_, callback)| callback);
        let Some(mut state) = self.state() else {
            return;
        };
        if callback.is_none() {
            state.lines.clear();
        }
        let old = mem::replace(&mut state.callback, callback);
        drop(state);
        // After the lock is released: the destructor is the host's code.
        drop(old);
    }

    fn state(&self) -> Option<MutexGuard<'_, State>> {
        for _ in 0..MAX_LOCK_ATTEMPTS {
            match self.state.try_lock() {
                Ok(state) => return Some(state),
                Err(TryLockError::Poisoned(state)) => return Some(state.into_inner()),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
        None
    }

    /// Adds a line to the queue; does not block.
    pub(super) fn enqueue(&'static self, level: Level, text: &str) {
        if level.filter() > self.level() {
            return;
        }
        let Some(mut state) = self.state() else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let process = Process::current();
        if state.callback.is_none() {
            return;
        }
        if state
            .delivering_process
            .is_some_and(|delivering_process| delivering_process != process)
        {
            // The parent delivers the lines that were queued before the fork.
            state.lines.clear();
            state.delivering_process = None;
        }
        if state.lines.len() >= MAX_QUEUED_LINES {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.lines.push_back((level, text.to_owned()));
        if state.delivering_process.replace(process) == Some(process) {
            return;
        }
        drop(state);
        let deliver = move || while self.deliver_next() {};
        let spawned = with_signals_blocked(|| {
            thread::Builder::new()
                .name("entra-odbc-log".into())
                .spawn(deliver)
        });
        if spawned.is_err()
            && let Some(mut state) = self.state()
        {
            // The next line tries to start the thread again.
            state.delivering_process = None;
        }
    }

    /// Delivers one line; returns false when the queue is empty.
    fn deliver_next(&self) -> bool {
        let Some(mut state) = self.state() else {
            return true;
        };
        let (callback, line) = (state.callback.clone(), state.lines.pop_front());
        let (Some(callback), Some((level, text))) = (callback, line) else {
            state.delivering_process = None;
            return false;
        };
        drop(state);
        match self.lost.swap(0, Ordering::Relaxed) {
            0 => {}
            lost => callback(
                Level::Warn,
                &format!("{lost} lines are missing here: the listener is too slow"),
            ),
        }
        callback(level, &text);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, time::Duration};

    const TIMEOUT: Duration = Duration::from_secs(10);

    /// A listener of the test's own, so that lines of other tests do not matter.
    fn listener(level: Level, callback: Callback) -> &'static Listener {
        let listener = Box::leak(Box::new(Listener::new()));
        listener.set(Some((level, callback)));
        listener
    }

    #[test]
    fn lines_arrive_in_their_order_from_the_level_on() {
        let (sender, lines) = mpsc::channel();
        let sender = Mutex::new(sender);
        let listener = listener(
            Level::Info,
            Arc::new(move |level, line| sender.lock().unwrap().send((level, line.to_owned())).unwrap()),
        );
        listener.enqueue(Level::Debug, "zero");
        for line in ["one", "two", "three"] {
            listener.enqueue(Level::Info, line);
        }
        for line in ["one", "two", "three"] {
            assert_eq!(
                lines.recv_timeout(TIMEOUT).unwrap(),
                (Level::Info, line.to_owned())
            );
        }
        listener.set(None);
        listener.enqueue(Level::Error, "four");
        assert!(lines.recv_timeout(Duration::from_millis(1)).is_err());
    }

    #[test]
    fn a_listener_that_blocks_keeps_nobody_waiting_and_hears_how_much_it_missed() {
        let (sender, lines) = mpsc::channel();
        let (release, blocked) = mpsc::channel::<()>();
        let inside = Mutex::new((sender, blocked));
        let listener = listener(
            Level::Trace,
            Arc::new(move |_, line| {
                let inside = inside.lock().unwrap();
                inside.0.send(line.to_owned()).unwrap();
                let _ = inside.1.recv();
            }),
        );
        listener.enqueue(Level::Info, "first");
        assert_eq!(lines.recv_timeout(TIMEOUT).unwrap(), "first");
        for _ in 0..MAX_QUEUED_LINES + 7 {
            listener.enqueue(Level::Info, "more");
        }
        drop(release);
        let missed = lines.recv_timeout(TIMEOUT).unwrap();
        assert!(missed.starts_with("7 lines are missing"), "{missed}");
    }
}
