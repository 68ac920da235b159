//! The objects that hosts have: their pointers are numbers, none of which is used twice.
//!
//! So a host that uses an object after it freed it, frees it twice, confuses two kinds or passes any other
//! pointer gets an error, not a crash; and an object that one thread frees while another uses it lives until that
//! one is done.

use std::{
    collections::BTreeMap,
    ptr::without_provenance_mut,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use entra_auth::process::fork::Lock;

/// Where the numbers begin: on 64-bit machines at addresses that no memory has.
const BASE: usize = if usize::BITS == 64 {
    1 << (usize::BITS - 10)
} else {
    0
};

/// Objects of all kinds are counted together, so that no number is valid for two kinds.
static LAST_NUMBER: AtomicUsize = AtomicUsize::new(BASE);

/// The objects of one kind that the host has.
pub(crate) struct ObjectTable<T>(Lock<BTreeMap<usize, Arc<T>>>);

impl<T> ObjectTable<T> {
    pub(crate) const fn new() -> Self {
        Self(Lock::new(BTreeMap::new()))
    }

    /// Hands out an object; `H` is what the header calls it.
    pub(crate) fn add<H>(&self, object: impl Into<Arc<T>>) -> *mut H {
        let object = object.into();
        let number = LAST_NUMBER.fetch_add(16, Ordering::Relaxed) + 16;
        self.0.lock().insert(number, object);
        without_provenance_mut(number)
    }

    /// The object, if it is one that the host has.
    pub(crate) fn get<H>(&self, handle: *const H) -> Option<Arc<T>> {
        self.0.lock().get(&handle.addr()).cloned()
    }

    /// Removes an object; `None` where the host has no such object.
    pub(crate) fn remove<H>(&self, handle: *const H) -> Option<Arc<T>> {
        self.0.lock().remove(&handle.addr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kind;

    #[test]
    fn an_object_is_there_until_it_is_freed_and_never_again() {
        let (numbers, words) = (ObjectTable::<u8>::new(), ObjectTable::<&str>::new());
        let one: *mut Kind = numbers.add(1);
        let word: *mut Kind = words.add("word");
        assert_eq!(numbers.get(one).as_deref(), Some(&1));
        assert!(numbers.get(word).is_none() && words.get(one).is_none());
        let used = numbers.get(one).unwrap();
        assert!(numbers.remove(one).is_some());
        assert!(numbers.remove(one).is_none() && numbers.get(one).is_none());
        assert_eq!(*used, 1);
        let next: *mut Kind = numbers.add(2);
        assert_ne!(next, one);
    }
}
