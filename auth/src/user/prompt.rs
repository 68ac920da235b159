//! Prompts that ask the user to sign in, shown by the host's callback or on the terminal.
//!
//! Without either, a prompt is an error: a service should fail at once with advice instead of waiting five
//! minutes for a code that nobody enters.

use crate::{
    Error, ErrorKind,
    plain_text::one_line,
    process::{fork::Lock, runtime::with_signals_blocked},
};
use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
    thread,
    time::Duration,
};

/// What the user is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The complete message to show; for a device code it is Entra's.
    pub message: String,
    /// The page to open.
    pub url: String,
    /// The code to enter there; `None` if the page needs none.
    pub user_code: Option<String>,
    /// How long the sign-in is waited for.
    pub expires_in: Duration,
}

/// The host's callback that shows prompts.
///
/// Each call has its own thread, in which all signals but those of faults are blocked. A callback that blocks or
/// calls this library delays nothing else.
pub type Callback = Arc<dyn Fn(&Prompt) + Send + Sync>;

/// The ways to show a prompt; one value per process.
#[derive(Default)]
pub struct Prompts {
    callback: Lock<Option<Callback>>,
    /// Whether standard error may be one of them.
    terminal: bool,
}

impl Prompts {
    /// By a callback, or on standard error where that is a terminal.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            callback: Lock::new(None),
            terminal: true,
        }
    }

    /// By a callback only.
    #[must_use]
    pub const fn unseen() -> Self {
        Self {
            callback: Lock::new(None),
            terminal: false,
        }
    }

    /// Registers the callback that shows prompts; `None` removes it.
    pub fn register(&self, callback: Option<Callback>) {
        let old = std::mem::replace(&mut *self.callback.lock(), callback);
        // Dropped after the lock is released: the destructor is the host's code.
        drop(old);
    }

    /// Whether a prompt can be shown at all.
    #[must_use]
    pub fn can_be_shown(&self) -> bool {
        self.callback.lock().is_some() || self.terminal && io::stderr().is_terminal()
    }

    /// Shows a prompt and returns at once; an error if it cannot be shown.
    pub fn show(&self, prompt: &Prompt) -> Result<(), Error> {
        let callback = self.callback.lock().clone();
        let show: Box<dyn FnOnce(&Prompt) + Send> = match callback {
            Some(callback) => Box::new(move |prompt| callback(prompt)),
            None if self.terminal && io::stderr().is_terminal() => Box::new(print),
            None => return Err(nobody()),
        };
        // Entra's text and the page's address are untrusted: control characters must not reach the terminal.
        let line = |text: &str| one_line(text).into_owned();
        let prompt = Prompt {
            message: line(&prompt.message),
            url: line(&prompt.url),
            user_code: prompt.user_code.as_deref().map(line),
            expires_in: prompt.expires_in,
        };
        // A terminal that is stopped (Ctrl-S) blocks as well as any callback.
        with_signals_blocked(|| {
            thread::Builder::new()
                .name("entra-odbc-ask".into())
                .spawn(move || show(&prompt))
        })
        .map(drop)
        .map_err(|error| {
            Error::new(
                ErrorKind::PromptNeeded,
                format!("the prompt cannot be shown: {error}"),
            )
            .remedy("Check the limits on threads (ulimit -u).")
        })
    }
}

impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompts")
            .field("terminal", &self.terminal)
            .finish_non_exhaustive()
    }
}

/// The error for a prompt that cannot be shown.
#[must_use]
pub fn nobody() -> Error {
    Error::new(
        ErrorKind::PromptNeeded,
        "a person must sign in, but this program can show no prompt: it has no terminal and registered no callback",
    )
    .remedy("Sign in beforehand with: entra-odbc login. Then use Authentication=ActiveDirectoryDefault.")
}

fn print(prompt: &Prompt) {
    let mut terminal = io::stderr().lock();
    // A terminal that has closed shows nothing; that is no reason to fail.
    let _ = writeln!(terminal, "{}", prompt.message).and_then(|()| terminal.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn prompt() -> Prompt {
        Prompt {
            message: "To sign in, open https://login.example and enter ABC".into(),
            url: "https://login.example".into(),
            user_code: Some("ABC".into()),
            expires_in: Duration::from_mins(5),
        }
    }

    #[test]
    fn a_prompt_that_nobody_would_see_is_an_error_that_says_how_to_sign_in_beforehand() {
        let prompts = Prompts::unseen();
        assert!(!prompts.can_be_shown());
        let error = prompts.show(&prompt()).unwrap_err();
        assert_eq!(error.kind().name(), "prompt_needed");
        assert!(error.to_string().contains("entra-odbc login"), "{error}");
    }

    #[test]
    fn a_callback_that_blocks_or_panics_keeps_nobody_waiting() {
        let prompts = Arc::new(Prompts::unseen());
        let (sender, receiver) = mpsc::channel();
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = std::sync::Mutex::new(blocked);
        prompts.register(Some(Arc::new(move |prompt| {
            sender.send(prompt.clone()).unwrap();
            blocked.lock().unwrap().recv().unwrap();
        })));
        prompts.show(&prompt()).unwrap();
        assert_eq!(receiver.recv().unwrap(), prompt());
        drop(release);
        prompts.register(None);
        assert!(!prompts.can_be_shown());
    }

    #[test]
    fn what_a_person_is_shown_steers_no_terminal() {
        let prompts = Prompts::unseen();
        let (sender, receiver) = mpsc::channel();
        prompts.register(Some(Arc::new(move |prompt| sender.send(prompt.clone()).unwrap())));
        for text in crate::plain_text::tests::hostile() {
            let hostile = Prompt {
                message: text.clone(),
                url: text.clone(),
                user_code: Some(text),
                expires_in: Duration::from_mins(5),
            };
            prompts.show(&hostile).unwrap();
            let shown = receiver.recv().unwrap();
            let all = [shown.message, shown.url, shown.user_code.unwrap()].concat();
            assert!(!all.contains(crate::plain_text::is_harmful), "{all:?}");
        }
    }

    #[test]
    fn a_callback_may_take_itself_away() {
        let prompts = Arc::new(Prompts::unseen());
        let (sender, receiver) = mpsc::channel();
        let inside = Arc::downgrade(&prompts);
        prompts.register(Some(Arc::new(move |_| {
            inside.upgrade().unwrap().register(None);
            sender.send(()).unwrap();
        })));
        prompts.show(&prompt()).unwrap();
        receiver.recv().unwrap();
        assert!(!prompts.can_be_shown());
    }
}
