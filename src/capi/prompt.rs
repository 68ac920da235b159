//! Prompts to sign in, shown by a callback of the host's.

use std::{
    ffi::{c_char, c_void},
    ptr::null,
    sync::Arc,
};

use entra_auth::user::prompt::{Callback, EndCallback, Prompt};

use super::{
    call::c_text,
    callback::{UserData, call_host},
};
use crate::{panic_guard::catch_panic, process_state};

/// What a person is asked to do. Lives for the call that it is passed to.
#[repr(C)]
pub struct entra_prompt {
    /// The whole request in words, ready to be shown.
    pub message: *const c_char,
    /// The page to open.
    pub url: *const c_char,
    /// What to type there; NULL where the page needs no code.
    pub user_code: *const c_char,
    /// For how many seconds an answer is waited for.
    pub expires_in_s: u32,
}

/// Shows a prompt to a person, and returns.
pub type entra_prompt_callback = Option<unsafe extern "C" fn(user: *mut c_void, prompt: *const entra_prompt)>;

/// Has prompts (device codes, sign-in pages) shown by your callback from now on, instead of on the terminal.
///
/// NULL takes the last one away. See "Callbacks" above: it is called on a thread of ours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_on_prompt(callback: entra_prompt_callback, user: *mut c_void) {
    catch_panic(
        || {
            process_state::start();
            let callback = callback.map(|callback| shown_by(callback, UserData::new(user)));
            process_state::prompts().register(callback);
        },
        || (),
    );
}

/// Told that the sign-in of a prompt has ended: account is the name of who signed in, "" where their token has none, and
/// NULL where nobody signed in.
pub type entra_prompt_end_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, prompt: *const entra_prompt, account: *const c_char)>;

/// Has your callback told from now on when the sign-in of a prompt has ended, so that it can take its code and page away.
///
/// NULL takes the last one away. It is called on the thread on which the prompt was shown, after the callback of
/// entra_on_prompt has returned, for which the sign-in waits for up to a second. Prompts that were shown before, on the terminal
/// or by another callback, are told of as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_on_prompt_end(callback: entra_prompt_end_callback, user: *mut c_void) {
    catch_panic(
        || {
            process_state::start();
            let callback = callback.map(|callback| ended_by(callback, UserData::new(user)));
            process_state::prompts().register_end(callback);
        },
        || (),
    );
}

fn shown_by(callback: unsafe extern "C" fn(*mut c_void, *const entra_prompt), user: UserData) -> Callback {
    Arc::new(move |prompt: &Prompt| {
        with_prompt(prompt, |prompt| {
            // SAFETY: the host registered the function with this type; the prompt and its texts outlive the call.
            unsafe {
                call_host!(
                    callback,
                    user: *mut c_void = user.as_ptr(),
                    prompt: *const entra_prompt = prompt,
                );
            }
        });
    })
}

fn ended_by(
    callback: unsafe extern "C" fn(*mut c_void, *const entra_prompt, *const c_char),
    user: UserData,
) -> EndCallback {
    Arc::new(move |prompt: &Prompt, account: Option<&str>| {
        let account = account.map(c_text);
        let account = account.as_ref().map_or(null(), |account| account.as_ptr());
        with_prompt(prompt, |prompt| {
            // SAFETY: as above; the account's text outlives the call, too.
            unsafe {
                call_host!(
                    callback,
                    user: *mut c_void = user.as_ptr(),
                    prompt: *const entra_prompt = prompt,
                    account: *const c_char = account,
                );
            }
        });
    })
}

/// Passes a prompt on as C knows it, for the time of the call.
fn with_prompt(prompt: &Prompt, call: impl FnOnce(*const entra_prompt)) {
    let (message, url) = (c_text(&prompt.message), c_text(&prompt.url));
    let user_code = prompt.user_code.as_deref().map(c_text);
    let prompt = entra_prompt {
        message: message.as_ptr(),
        url: url.as_ptr(),
        user_code: user_code.as_ref().map_or(null(), |code| code.as_ptr()),
        expires_in_s: u32::try_from(prompt.expires_in.as_secs()).unwrap_or(u32::MAX),
    };
    call(&raw const prompt);
}
