//! Keeps a panic of this library from unwinding into the host.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; if it panics, answers with what `refusal` returns instead.
///
/// The panic hook is the host's and is left alone, so the panic's message reaches standard error by the
/// default hook. `AssertUnwindSafe` is right because all state that outlives the call sits behind locks
/// whose poisoning is ignored, and is valid after any single assignment.
pub(crate) fn catch_panic<T>(body: impl FnOnce() -> T, refusal: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(answer) => answer,
        Err(payload) => {
            // A payload's destructor could panic again, outside of `catch_unwind`.
            std::mem::forget(payload);
            refusal()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a panic is what is tested")]

    use super::catch_panic;

    #[test]
    fn a_panic_becomes_the_refusal() {
        assert_eq!(
            catch_panic(|| if true { panic!("on purpose") } else { 1 }, || 2),
            2
        );
    }

    #[test]
    fn an_answer_passes_through() {
        assert_eq!(catch_panic(|| 1, || 2), 1);
    }
}
