//! UTF-16 in and out, as the driver manager gives and takes it.

use odbc_sys::{NTS, SqlReturn, WChar};
use zeroize::Zeroizing;

/// Copies a text argument: `length` in characters, or `SQL_NTS`; in either case up to the first NUL.
///
/// Driver 18.6 stops reading at a NUL as well; text behind it must not be checked here and ignored there.
/// Hosts that count the terminator have one at the end.
///
/// `None` where the pointer is null or the length means nothing; the target driver answers such a call.
///
/// # Safety
/// A pointer that is not null leads to `length` characters, or to a terminated string for `SQL_NTS`.
pub(crate) unsafe fn read(text: *const WChar, length: i16) -> Option<Zeroizing<Vec<u16>>> {
    if text.is_null() {
        return None;
    }
    let most = match usize::try_from(length) {
        Ok(count) => count,
        Err(_) if isize::from(length) == NTS => usize::MAX,
        Err(_) => return None,
    };
    let mut count = 0;
    // SAFETY: the caller promises that many characters, or a terminator, where reads stop.
    while count < most && unsafe { text.add(count).read_unaligned() } != 0 {
        count += 1;
    }
    // SAFETY: `count` characters were there just now. Unaligned, since hosts that build the string in a byte buffer
    // need not align it.
    let units = (0..count)
        .map(|at| unsafe { text.add(at).read_unaligned() })
        .collect();
    Some(Zeroizing::new(units))
}

/// Writes an output text and its full length in characters, cut and terminated where it does not fit.
///
/// Returns whether all of it fitted; a null `target` asks for the length only.
///
/// # Safety
/// `target` is null or has room for `capacity` characters; `length` is null or writable.
pub(crate) unsafe fn write(text: &[u16], target: *mut WChar, capacity: i16, length: *mut i16) -> bool {
    let room = usize::try_from(capacity).unwrap_or(0);
    // SAFETY: the pointers are as promised.
    unsafe {
        if !length.is_null() {
            length.write_unaligned(i16::try_from(text.len()).unwrap_or(i16::MAX));
        }
        if target.is_null() {
            return true;
        }
        super::diagnostic_record::write_text(text, target, room) == SqlReturn::SUCCESS
    }
}

/// A copy with a terminator, of which no other is left behind.
pub(crate) fn terminated(text: &[u16]) -> Zeroizing<Vec<u16>> {
    let mut terminated = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    terminated.extend_from_slice(text);
    terminated.push(0);
    terminated
}

/// A text as an input argument: the pointer, and the length where an `i16` can say it.
///
/// The text must end in a 0 that is not part of it, for `SQL_NTS`.
pub(crate) fn argument(terminated: &[u16]) -> (*const WChar, i16) {
    let count = terminated.len().saturating_sub(1);
    let nts = i16::try_from(NTS).unwrap_or(-3);
    (terminated.as_ptr(), i16::try_from(count).unwrap_or(nts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null;

    #[test]
    fn text_is_read_by_length_and_by_terminator_with_lone_surrogates_kept() {
        let text = [0x61, 0xd800, 0x62, 0];
        // SAFETY: the array is terminated and has at least two characters.
        unsafe {
            assert_eq!(read(text.as_ptr(), -3).unwrap().as_slice(), &text[..3]);
            assert_eq!(read(text.as_ptr(), 2).unwrap().as_slice(), &text[..2]);
            assert_eq!(read(text.as_ptr(), 0).unwrap().as_slice(), &[] as &[u16]);
            assert_eq!(read(text.as_ptr(), 4).unwrap().as_slice(), &text[..3]);
            assert!(read(text.as_ptr(), -2).is_none());
            assert!(read(null(), -3).is_none());
        }
    }

    #[test]
    fn a_text_too_long_for_the_length_goes_by_its_terminator() {
        let mut text = vec![1; 40_000];
        text.push(0);
        assert_eq!(argument(&text).1, -3);
        assert_eq!(argument(&[1, 2, 0]).1, 2);
    }
}
