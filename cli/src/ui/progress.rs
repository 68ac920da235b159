//! A sign of life on the terminal for what takes longer than half a second.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

/// What is shorter than this needs no sign.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the seconds are counted.
const BEAT: Duration = Duration::from_millis(250);

/// Erases the line that the cursor is in.
pub const ERASE: &str = "\r\x1b[2K";

/// Whether the last line of the terminal is such a sign.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Does something while the terminal, where there is one, says what is waited for.
pub fn waiting<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() || !can_erase() {
        return work();
    }
    let start = Instant::now();
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut pause = PATIENCE;
            while is_done.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = BEAT;
                SHOWN.store(true, Ordering::SeqCst);
                let mut terminal = io::stderr().lock();
                let seconds = start.elapsed().as_secs();
                let _ = write!(terminal, "{ERASE}{what} … {seconds} s").and_then(|()| terminal.flush());
            }
            if is_shown() {
                let _ = write!(io::stderr().lock(), "{ERASE}");
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// Whether the terminal understands what erases a line: the shell of Emacs and the like do not.
fn can_erase() -> bool {
    std::env::var_os("TERM").is_some_and(|kind| !kind.is_empty() && kind != "dumb")
}

/// Whether a sign must be erased before something else is written; from then on it is not there any more.
pub fn is_shown() -> bool {
    SHOWN.swap(false, Ordering::SeqCst)
}
