//! The memory that Driver 18 reads a token from: it keeps the pointer, so the buffer must outlive it.
//!
//! Driver 18.6 does not copy the `ACCESSTOKEN` struct. It reads it at connect, and again whenever it
//! reconnects an idle connection, from whichever thread then uses the connection. So the memory is never
//! behind a Rust reference to plain integers: it is pages of our own, written by atomic words.
//!
//! A renewed token is written while the driver may read. The driver takes no lock that we could take, so
//! what it reads may be torn: the beginning of one token and the end of the other, with the size of either.
//! Why that is harmless: both sizes lie within the buffer; the two tokens are the same identity's; and no
//! such mixture has a good signature, so at worst the server refuses one reconnect, and the host sees the
//! broken connection that it would have seen with the target driver alone. The data goes first and the size last, a
//! write takes about a microsecond, and it comes once in most of an hour, well before the old token ends.
//!
//! Memory that a driver may still read is never unmapped, and its address never used again: unixODBC's pool keeps the
//! driver's connections, and with them the pointer, when a program has freed its handle. Unmapped, the next recovery
//! would crash the program; given to somebody else's token, it would make the open connection theirs. So a buffer
//! that was not [released](TokenBuffer::release) is zeroed, and its pages are given back; its addresses stay
//! reserved for good. Driver 18.6 recovers a connection with a zeroed struct by an empty token, which the server
//! refuses: the program sees a broken connection.

// By its path, since a benchmark includes this file from another directory.
#[path = "token_buffer/reserved.rs"]
mod reserved;

use std::{
    ffi::c_void,
    io,
    ptr::{self, NonNull},
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
};

use entra_auth::Error;
use entra_odbc_core::driver::access_token_struct::AccessTokenStruct;
use reserved::RESERVED;

use crate::os::system::memory;

/// The least capacity in bytes: room for any usual token, so that a renewed one fits in place.
const MIN_CAPACITY: usize = 16 * 1024;

/// One `ACCESSTOKEN` struct in pages that a core file leaves out, where the system can do that; zeroed on drop, and unmapped where nobody reads it.
#[derive(Debug)]
pub(crate) struct TokenBuffer {
    words: NonNull<AtomicU64>,
    count: usize,
    /// How many words of the last struct there are to be zeroed; the rest is zero as the kernel gave it.
    filled: AtomicUsize,
    /// No driver has the pointer any more.
    is_released: AtomicBool,
}

// SAFETY: the pages belong to this value alone as far as Rust is concerned, and every access through it is
// an atomic store; the driver's reads are the reason for that.
unsafe impl Send for TokenBuffer {}
// SAFETY: as above; a buffer that two threads write at once holds no token, but nothing worse. Who writes
// holds the connection's lock before the login, and the lock of the identity's cache entry after it.
unsafe impl Sync for TokenBuffer {}

impl TokenBuffer {
    /// An empty buffer for a struct of `size` bytes and for one twice as long later.
    fn for_size(size: usize) -> Result<Self, Error> {
        let bytes = (2 * size).max(MIN_CAPACITY);
        RESERVED.check_room(bytes)?;
        // SAFETY: an anonymous private mapping at an address of the kernel's choice touches nothing else.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        let words = NonNull::new(start.cast::<AtomicU64>()).filter(|_| start != libc::MAP_FAILED);
        let words = words.ok_or_else(|| reserved::no_memory(&io::Error::last_os_error()))?;
        // SAFETY: the range is the mapping made above.
        unsafe { memory::leave_out_of_core_files(start, bytes) };
        Ok(Self {
            words,
            count: bytes / size_of::<AtomicU64>(),
            filled: AtomicUsize::new(0),
            is_released: AtomicBool::new(false),
        })
    }

    /// A buffer with the struct of a token of ours.
    pub(crate) fn for_token(token: &AccessTokenStruct<'_>) -> Result<Self, Error> {
        let mut buffer = Self::for_size(token.size())?;
        buffer.fill(token);
        Ok(buffer)
    }

    /// A buffer with a copy of a struct of the host's.
    pub(crate) fn copy_of(bytes: &[u8]) -> Result<Self, Error> {
        let buffer = Self::for_size(bytes.len())?;
        // SAFETY: the mapping has room for twice as many bytes, and nobody else knows it yet.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.as_ptr().cast(), bytes.len()) };
        buffer.filled.store(words_in(bytes.len()), Ordering::Relaxed);
        Ok(buffer)
    }

    /// Writes a token's struct while the driver does not know the buffer, in whatever order is fastest.
    ///
    /// `false`, and nothing written, where it does not fit.
    pub(crate) fn fill(&mut self, token: &AccessTokenStruct<'_>) -> bool {
        let (count, text) = (words_in(token.size()), token.text());
        if count > self.count {
            return false;
        }
        let filled = self.filled.swap(count, Ordering::Relaxed);
        // What the last word has behind the characters is zeroed with the rest of a longer struct.
        (count.saturating_sub(1)..filled).for_each(|index| self.store(index, 0));
        let start = self.as_ptr().cast::<u32>();
        // SAFETY: size and characters lie within the `count` words just checked, the characters aligned for
        // `u16` behind the page's first four bytes; the buffer is ours alone (`&mut self`, not yet placed).
        unsafe {
            start.write(token.data_size().to_le());
            let data = start.add(1).cast::<u16>();
            for (at, byte) in text.iter().enumerate() {
                data.add(at).write(u16::from(*byte).to_le());
            }
        }
        true
    }

    /// Puts a renewed token in place while the driver may read, and zeroes what is left of a longer one.
    ///
    /// `false`, and nothing written, where it does not fit.
    pub(crate) fn renew(&self, token: &AccessTokenStruct<'_>) -> bool {
        let count = words_in(token.size());
        if count > self.count {
            return false;
        }
        let mut words = token.words();
        let first = words.next().unwrap_or(0);
        let filled = self.filled.swap(count, Ordering::Relaxed);
        let mut index = 1;
        // Not a `for` loop, which would ask a chained iterator at each word which part it is in.
        words.for_each(|word| {
            self.store(index, word);
            index += 1;
        });
        (index..filled).for_each(|index| self.store(index, 0));
        fence(Ordering::Release);
        self.store(0, first);
        true
    }

    /// Zeroes it, the size first: the driver then finds no token here.
    pub(crate) fn clear(&self) {
        let filled = self.filled.swap(0, Ordering::Relaxed);
        (0..filled).for_each(|index| self.store(index, 0));
    }

    /// Zeroes it and gives its pages back until it is written again.
    pub(crate) fn clear_pages(&self) {
        self.clear();
        // SAFETY: the range is the mapping of `for_size`, which is zeroed, and reads as zeroes after this as well.
        unsafe { libc::madvise(self.as_ptr(), self.bytes(), libc::MADV_DONTNEED) };
    }

    /// Has the memory unmapped when the buffer is dropped, since the driver has given up the pointer.
    ///
    /// # Safety
    /// No driver reads it any more: each that was given the pointer has answered that it took another one, or none,
    /// or has freed the connection.
    pub(crate) unsafe fn release(&self) {
        self.is_released.store(true, Ordering::Relaxed);
    }

    fn bytes(&self) -> usize {
        self.count * size_of::<AtomicU64>()
    }

    #[inline]
    fn store(&self, index: usize, word: u64) {
        if index < self.count {
            // SAFETY: the word lies within the mapping, which is page-aligned and lives as long as `self`.
            unsafe { self.words.add(index).as_ref() }.store(word, Ordering::Relaxed);
        }
    }

    /// What `SQL_COPT_SS_ACCESS_TOKEN` is set to.
    pub(crate) fn as_ptr(&self) -> *mut c_void {
        self.words.as_ptr().cast()
    }
}

fn words_in(bytes: usize) -> usize {
    bytes.div_ceil(size_of::<AtomicU64>())
}

impl Drop for TokenBuffer {
    fn drop(&mut self) {
        self.clear();
        let (start, bytes) = (self.as_ptr(), self.bytes());
        if *self.is_released.get_mut() {
            // SAFETY: the mapping was made by `for_size` with this length, and no driver reads it (`is_released`).
            unsafe { libc::munmap(start, bytes) };
        } else {
            // SAFETY: the mapping was made by `for_size` with this length, and nobody here writes it any more.
            unsafe { RESERVED.reserve(start, bytes) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entra_auth::Secret;
    use entra_auth::token::text::MAX_LENGTH;

    fn bytes(buffer: &TokenBuffer, count: usize) -> Vec<u8> {
        let start = buffer.as_ptr().cast::<u8>();
        // SAFETY: the tests read less than the least capacity, and nobody writes meanwhile.
        (0..count)
            .map(|at| unsafe { start.add(at).read_volatile() })
            .collect()
    }

    /// Runs a test with the struct of a token of this text.
    fn with<T>(text: &str, body: impl FnOnce(&AccessTokenStruct<'_>) -> T) -> T {
        let text = Secret::new(text.to_owned());
        body(&AccessTokenStruct::new(&text).unwrap())
    }

    const LONG: &[u8] = b"\x0a\0\0\0a\0b\0c\0d\0e\0\0\0";
    const SHORT: &[u8] = b"\x02\0\0\0x\0\0\0\0\0\0\0\0\0\0\0";

    #[test]
    fn a_shorter_struct_leaves_nothing_of_the_longer_one() {
        let mut buffer = with("abcde", TokenBuffer::for_token).unwrap();
        assert_eq!(bytes(&buffer, 16), LONG);
        assert!(with("x", |token| buffer.renew(token)));
        assert_eq!(bytes(&buffer, 16), SHORT);
        assert!(with("abcde", |token| buffer.fill(token)));
        assert_eq!(bytes(&buffer, 16), LONG);
        assert!(with("x", |token| buffer.fill(token)));
        assert_eq!(bytes(&buffer, 16), SHORT);
    }

    #[test]
    fn a_struct_of_the_hosts_is_copied_as_it_is() {
        let buffer = TokenBuffer::copy_of(&LONG[..14]).unwrap();
        assert_eq!(bytes(&buffer, 16), LONG);
        assert!(with("x", |token| buffer.renew(token)));
        assert_eq!(bytes(&buffer, 16), SHORT);
    }

    #[test]
    fn a_struct_that_does_not_fit_leaves_the_buffer_as_it_was() {
        let mut buffer = with("x", TokenBuffer::for_token).unwrap();
        let long = "y".repeat(MIN_CAPACITY / 2);
        assert!(!with(&long, |token| buffer.renew(token)));
        assert!(!with(&long, |token| buffer.fill(token)));
        assert_eq!(bytes(&buffer, 16), SHORT);
    }

    /// Whether the pages from here on are mapped.
    fn is_mapped(start: *mut c_void, bytes: usize) -> bool {
        // SAFETY: the call reads no memory of ours; for what is not mapped it fails (ENOMEM).
        unsafe { libc::msync(start, bytes, libc::MS_ASYNC) == 0 }
    }

    #[test]
    fn what_a_driver_may_read_stays_mapped_and_zeroed_and_nothing_else_comes_there() {
        let buffer = with("abcde", TokenBuffer::for_token).unwrap();
        let (start, size) = (buffer.as_ptr(), buffer.bytes());
        drop(buffer);
        assert!(is_mapped(start, size));
        // SAFETY: mapped, as was just seen.
        let first = unsafe { start.cast::<u64>().read_volatile() };
        assert_eq!(first, 0);
        let later: Vec<_> = (0..100)
            .map(|_| with("fgh", TokenBuffer::for_token).unwrap())
            .collect();
        assert!(later.iter().all(|other| other.as_ptr() != start));
        // SAFETY: as above.
        assert_eq!(unsafe { start.cast::<u64>().read_volatile() }, 0);
        // SAFETY: no driver was ever given these.
        later.iter().for_each(|buffer| unsafe { buffer.release() });
    }

    #[test]
    fn pages_that_were_given_back_can_be_written_again() {
        let buffer = with("abcde", TokenBuffer::for_token).unwrap();
        buffer.clear_pages();
        assert_eq!(bytes(&buffer, 16), [0; 16]);
        assert!(with("x", |token| buffer.renew(token)));
        assert_eq!(bytes(&buffer, 16), SHORT);
    }

    #[test]
    fn there_is_room_for_twice_the_first_struct() {
        let buffer = with(&"a".repeat(20_000), TokenBuffer::for_token).unwrap();
        assert!(with(&"b".repeat(MAX_LENGTH), |token| buffer.renew(token)));
    }
}
