//! A progress line on the terminal for operations that take longer than half a second.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

/// Shorter operations show no line.
const DELAY: Duration = Duration::from_millis(500);

/// How often the line is updated.
const INTERVAL: Duration = Duration::from_millis(250);

/// Erases the line of the cursor.
pub const ERASE_LINE: &str = "\r\x1b[2K";

/// Whether the last line of the terminal is a progress line.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Runs `work` while the terminal, where there is one, shows `what` and the seconds.
pub fn show_while<T>(what: &str, work: impl FnOnce() -> T) -> T {
    show_changing(&Mutex::new(what.to_owned()), work)
}

/// The same for work that changes what is shown.
pub fn show_changing<T>(what: &Mutex<String>, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() || !can_erase() {
        return work();
    }
    let start = Instant::now();
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut pause = DELAY;
            while is_done.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = INTERVAL;
                SHOWN.store(true, Ordering::SeqCst);
                let mut terminal = io::stderr().lock();
                let seconds = start.elapsed().as_secs();
                let what = what.lock().map(|what| what.clone()).unwrap_or_default();
                let _ = write!(terminal, "{ERASE_LINE}{what} … {seconds} s").and_then(|()| terminal.flush());
            }
            if take_shown() {
                let _ = write!(io::stderr().lock(), "{ERASE_LINE}");
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// Whether the terminal understands the escape sequence: the shell of Emacs and others do not.
fn can_erase() -> bool {
    std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb")
}

/// Whether a progress line must be erased before something else is written; resets that.
pub fn take_shown() -> bool {
    SHOWN.swap(false, Ordering::SeqCst)
}
