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
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// How long a sign-in that has ended waits for the host's callback to show that, so that what the program shows
/// next comes after it. A callback that blocks costs no more.
const END_TIMEOUT: Duration = Duration::from_secs(1);

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

/// The host's callback that takes prompts back: the prompt, and the name of who signed in; `None` where nobody did.
///
/// Called on the prompt's thread, once [`Callback`] has returned for it.
pub type EndCallback = Arc<dyn Fn(&Prompt, Option<&str>) + Send + Sync>;

/// The ways to show a prompt; one value per process.
#[derive(Default)]
pub struct Prompts {
    callback: Lock<Option<Callback>>,
    end_callback: Lock<Option<EndCallback>>,
    /// Whether standard error may be one of them.
    terminal: bool,
}

impl Prompts {
    /// By a callback, or on standard error where that is a terminal.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            callback: Lock::new(None),
            end_callback: Lock::new(None),
            terminal: true,
        }
    }

    /// By a callback only.
    #[must_use]
    pub const fn unseen() -> Self {
        Self {
            callback: Lock::new(None),
            end_callback: Lock::new(None),
            terminal: false,
        }
    }

    /// Registers the callback that shows prompts; `None` removes it.
    pub fn register(&self, callback: Option<Callback>) {
        let old = std::mem::replace(&mut *self.callback.lock(), callback);
        // Dropped after the lock is released: the destructor is the host's code.
        drop(old);
    }

    /// Registers the callback that takes prompts back; `None` removes it.
    pub fn register_end(&self, callback: Option<EndCallback>) {
        let old = std::mem::replace(&mut *self.end_callback.lock(), callback);
        drop(old);
    }

    /// Whether a prompt can be shown at all.
    #[must_use]
    pub fn can_be_shown(&self) -> bool {
        self.callback.lock().is_some() || self.terminal && io::stderr().is_terminal()
    }

    /// Shows a prompt and returns at once; an error if it cannot be shown.
    pub fn show(self: &Arc<Self>, prompt: &Prompt) -> Result<Shown, Error> {
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
        let (shown, ended) = if self.end_callback.lock().is_some() {
            let (shown, ended) = Shown::watched();
            (shown, Some(ended))
        } else {
            (Shown(None), None)
        };
        let prompts = Arc::clone(self);
        let ask = move || {
            show(&prompt);
            if let Some(ended) = ended {
                prompts.tell_end(&prompt, ended);
            }
        };
        // A terminal that is stopped (Ctrl-S) blocks as well as any callback.
        with_signals_blocked(|| thread::Builder::new().name("entra-odbc-ask".into()).spawn(ask))
            .map(|_| shown)
            .map_err(|error| {
                Error::new(
                    ErrorKind::PromptNeeded,
                    format!("the prompt cannot be shown: {error}"),
                )
                .remedy("Check the limits on threads (ulimit -u).")
            })
    }

    /// Waits for the end of the sign-in, and tells the host.
    fn tell_end(&self, prompt: &Prompt, ended: Ended) {
        // An error: the request was cancelled.
        let account = ended.account.recv().unwrap_or(None);
        // Read now: a host that ends takes its callbacks away first.
        let callback = self.end_callback.lock().clone();
        if let Some(callback) = callback {
            callback(prompt, account.as_deref());
        }
        // An error: nobody waits any longer.
        let _ = ended.told.send(());
    }
}

/// A prompt that is shown; where it is dropped without [`Shown::end`], nobody signed in.
#[must_use]
#[derive(Debug)]
pub struct Shown(Option<Watch>);

/// The request's side of a prompt whose end the host wants to know.
#[derive(Debug)]
struct Watch {
    account: mpsc::Sender<Option<String>>,
    told: oneshot::Receiver<()>,
}

/// The side of the prompt's thread.
struct Ended {
    account: mpsc::Receiver<Option<String>>,
    told: oneshot::Sender<()>,
}

impl Shown {
    fn watched() -> (Self, Ended) {
        let (account, ended) = mpsc::channel();
        let (tell, told) = oneshot::channel();
        let ended = Ended {
            account: ended,
            told: tell,
        };
        (Self(Some(Watch { account, told })), ended)
    }

    /// Has the host take the prompt back: `account` signed in, or nobody. Waits for that, but not for long.
    pub async fn end(self, account: Option<String>) {
        let Self(Some(watch)) = self else {
            return;
        };
        if watch.account.send(account).is_ok() {
            let _ = tokio::time::timeout(END_TIMEOUT, watch.told).await;
        }
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
        "a person must sign in, but this program can show no prompt: it has no terminal, and registered no callback \
         (in a Python notebook: entra_odbc.prompt_in_cells())",
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
        let prompts = Arc::new(Prompts::unseen());
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
        drop(prompts.show(&prompt()).unwrap());
        assert_eq!(receiver.recv().unwrap(), prompt());
        drop(release);
        prompts.register(None);
        assert!(!prompts.can_be_shown());
    }

    #[test]
    fn what_a_person_is_shown_steers_no_terminal() {
        let prompts = Arc::new(Prompts::unseen());
        let (sender, receiver) = mpsc::channel();
        prompts.register(Some(Arc::new(move |prompt| sender.send(prompt.clone()).unwrap())));
        for text in crate::plain_text::tests::hostile() {
            let hostile = Prompt {
                message: text.clone(),
                url: text.clone(),
                user_code: Some(text),
                expires_in: Duration::from_mins(5),
            };
            drop(prompts.show(&hostile).unwrap());
            let shown = receiver.recv().unwrap();
            let all = [shown.message, shown.url, shown.user_code.unwrap()].concat();
            assert!(!all.contains(crate::plain_text::is_harmful), "{all:?}");
        }
    }

    /// What the callbacks of a host are told, in order.
    fn told(prompts: &Prompts) -> mpsc::Receiver<(String, Option<String>)> {
        let (sender, receiver) = mpsc::channel();
        let ends = sender.clone();
        let note = move |sender: &mpsc::Sender<_>, what: &str, account: Option<&str>| {
            sender
                .send((what.to_owned(), account.map(str::to_owned)))
                .unwrap();
        };
        prompts.register(Some(Arc::new(move |prompt| note(&sender, &prompt.message, None))));
        prompts.register_end(Some(Arc::new(move |prompt, account| {
            note(&ends, &format!("end of {}", prompt.message), account);
        })));
        receiver
    }

    fn block_on(future: impl Future<Output = ()>) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap().block_on(future);
    }

    #[test]
    fn the_end_of_a_sign_in_is_told_after_its_prompt_and_before_the_sign_in_goes_on() {
        let prompts = Arc::new(Prompts::unseen());
        let told = told(&prompts);
        let shown = prompts.show(&prompt()).unwrap();
        block_on(shown.end(Some("ada@contoso.com".into())));
        let end = format!("end of {}", prompt().message);
        let all: Vec<_> = told.try_iter().collect();
        assert_eq!(
            all,
            [(prompt().message, None), (end, Some("ada@contoso.com".into()))]
        );
    }

    #[test]
    fn a_sign_in_that_breaks_off_is_an_end_without_anybody() {
        let prompts = Arc::new(Prompts::unseen());
        let told = told(&prompts);
        drop(prompts.show(&prompt()).unwrap());
        assert_eq!(told.recv().unwrap(), (prompt().message, None));
        assert_eq!(
            told.recv().unwrap(),
            (format!("end of {}", prompt().message), None)
        );
    }

    #[test]
    fn a_callback_that_blocks_keeps_no_sign_in_waiting_for_long() {
        let prompts = Arc::new(Prompts::unseen());
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = std::sync::Mutex::new(blocked);
        prompts.register(Some(Arc::new(|_| {})));
        prompts.register_end(Some(Arc::new(move |_, _| {
            // An error once the test is over.
            let _ = blocked.lock().unwrap().recv();
        })));
        let shown = prompts.show(&prompt()).unwrap();
        let begun = std::time::Instant::now();
        block_on(shown.end(None));
        assert!(begun.elapsed() >= END_TIMEOUT);
        drop(release);
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
        drop(prompts.show(&prompt()).unwrap());
        receiver.recv().unwrap();
        assert!(!prompts.can_be_shown());
    }
}
