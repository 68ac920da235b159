//! A callback of the host's that hears the log, on a thread of its own.
//!
//! Lines are told of under all kinds of locks, so what hears them must not keep anyone waiting: they go into a
//! queue, and a thread that lives while there are some calls the callback.

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

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What went wrong.
    Error = 1,
    /// What may go wrong.
    Warn,
    /// One line for each decision.
    Info,
    /// How a decision came about.
    Debug,
    /// All else.
    Trace,
}

impl Level {
    /// All of them, what matters most first.
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

/// What a host listens by: the level and the line, without time and line end. It must not panic.
pub type Callback = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// How many lines may wait; those that come while it is full are counted, and the count is told.
const MAX_QUEUED_LINES: usize = 1000;

/// How often a lock that is held is tried for: it is held for a few instructions, unless by a thread that a
/// forked child does not have. Then its lines are lost, and nothing else.
const MAX_LOCK_ATTEMPTS: usize = 1000;

pub(super) static LISTENER: Listener = Listener::new();

/// Has lines of `level` and worse told to `callback` from now on, instead of to the last one.
///
/// Called on a thread of our own that has all signals but those of faults blocked, one line after the
/// other. Lines that wait while it is exchanged go to the new one; a call under way goes on.
pub fn listen(level: Level, callback: Callback) {
    LISTENER.set(Some((level, callback)));
    install();
}

/// Takes the callback away.
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
    /// The process whose thread tells the lines.
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
        // Without the lock: it is the host's code.
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

    /// A line; returns at once.
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
            // The parent tells what it left waiting here.
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
            // The next line tries again.
            state.delivering_process = None;
        }
    }

    /// Whether there was a line left to tell.
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
