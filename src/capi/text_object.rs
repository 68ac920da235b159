//! Text that a call makes for the host.

use std::ffi::{CString, c_char};

use zeroize::Zeroize;

use super::{call::c_text, object_table::ObjectTable};
use crate::panic_guard::catch_panic;

/// Text in UTF-8 that a call made for you; free it by entra_text_free.
pub struct entra_text {
    _opaque: [u8; 0],
}

static TEXTS: ObjectTable<SecretText> = ObjectTable::new();

/// Text that is zeroed on drop.
pub(crate) struct SecretText(CString);

impl SecretText {
    pub(crate) fn new(text: &str) -> Self {
        Self(c_text(text))
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_bytes_with_nul().zeroize();
    }
}

impl entra_text {
    pub(crate) fn new_handle(text: &str) -> *mut Self {
        TEXTS.add(SecretText::new(text))
    }
}

/// The text itself. It belongs to the object and lives until that is freed. For NULL the answer is "".
#[unsafe(no_mangle)]
pub extern "C" fn entra_text_value(text: *const entra_text) -> *const c_char {
    catch_panic(|| TEXTS.get(text).map(|text| text.as_ptr()), || None).unwrap_or(c"".as_ptr())
}

/// Frees a text, which must not be used afterwards. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn entra_text_free(text: *mut entra_text) {
    catch_panic(|| drop(TEXTS.remove(text)), || ());
}
