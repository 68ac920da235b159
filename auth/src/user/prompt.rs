//! Prompting a person to sign in: through the host's own callback, else on the terminal.
//!
//! Never where nobody would see it: a service that waits five minutes for a code that nobody types is
//! worse off than one that fails at once and says how to sign in beforehand.

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

/// What a person is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The whole request in words, ready to be shown; Entra's own for a device code.
    pub message: String,
    /// The page to open.
    pub url: String,
    /// What to type there; `None` where the page needs no code.
    pub user_code: Option<String>,
    /// For how long an answer is waited for.
    pub expires_in: Duration,
}

/// What a host registers to show prompts by.
///
/// Called on a thread of our own that lives for this one call and has all signals but those of faults
/// blocked, so that a callback which blocks, or calls back into us, keeps nobody waiting but itself.
pub type Callback = Arc<dyn Fn(&Prompt) + Send + Sync>;

/// The ways to a person; one per process.
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

    /// Has prompts shown by `callback` from now on; `None` takes the last one away.
    pub fn register(&self, callback: Option<Callback>) {
        let old = std::mem::replace(&mut *self.callback.lock(), callback);
        // Dropped without the lock: it is the host's code.
        drop(old);
    }

    /// Whether a person can be asked at all.
    #[must_use]
    pub fn can_be_shown(&self) -> bool {
        self.callback.lock().is_some() || self.terminal && io::stderr().is_terminal()
    }

    /// Shows a prompt and returns at once; an error where nobody would see it.
    pub fn show(&self, prompt: &Prompt) -> Result<(), Error> {
        let callback = self.callback.lock().clone();
        let show: Box<dyn FnOnce(&Prompt) + Send> = match callback {
            Some(callback) => Box::new(move |prompt| callback(prompt)),
            None if self.terminal && io::stderr().is_terminal() => Box::new(print),
            None => return Err(nobody()),
        };
        // Entra's words, and a page's address: neither steers the terminal on which they are shown.
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

/// A person would have to be asked, and there is none in sight.
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
    // A terminal that went away is noticed by nobody, as is what it would have shown.
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
