//! The memory that Driver 18 reads a token from: it keeps the pointer, so the buffer must outlive it.
//!
//! Driver 18.6 does not copy the `ACCESSTOKEN` struct. It reads it at connect, and again whenever it
//! reconnects an idle connection, from whichever thread then uses the connection. So the memory is never
//! behind a Rust reference to plain integers: it is pages of our own, written by atomic words.
//!
//! A renewed token is written while the driver may read. The driver takes no lock that we could take, so
//! what it reads may be torn: the beginning of one token and the end of the other, under the size of either.
//! Why that is harmless: both sizes lie within the buffer; the two tokens are the same identity's; and no
//! such mixture has a good signature, so at worst the server refuses one reconnect, and the host sees the
//! broken connection that it would have seen with the bare driver. The data goes first and the size last, a
//! write takes about a microsecond, and it comes once in most of an hour, well before the old token ends.

use std::{
    ffi::c_void,
    io,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence},
};

/// The least capacity in bytes: room for any usual token, so that a renewed one fits in place.
const LEAST: usize = 16 * 1024;

/// One `ACCESSTOKEN` struct in pages that a core file leaves out; zeroed and unmapped on drop.
#[derive(Debug)]
pub(crate) struct TokenBuffer {
    words: NonNull<AtomicU32>,
    count: usize,
    /// How many words of the last struct there are to be zeroed; the rest is zero as the kernel gave it.
    filled: AtomicUsize,
}

// SAFETY: the pages belong to this value alone as far as Rust is concerned, and every access through it is
// an atomic store; the driver's reads are the reason for that.
unsafe impl Send for TokenBuffer {}
// SAFETY: as above; a buffer that two threads write at once holds no token, but nothing worse. Who writes
// holds the connection's lock before the login, and the lock of the identity's cache entry after it.
unsafe impl Sync for TokenBuffer {}

impl TokenBuffer {
    /// A buffer for a struct of `size` bytes and for one twice as long later.
    pub(crate) fn for_size(size: usize) -> io::Result<Self> {
        let bytes = (2 * size).max(LEAST);
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
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let words = NonNull::new(start.cast::<AtomicU32>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the range is the mapping made above. The advice may fail on old kernels; then a core file
        // holds the token as it does with the bare driver.
        unsafe { libc::madvise(start, bytes, libc::MADV_DONTDUMP) };
        Ok(Self {
            words,
            count: bytes / size_of::<AtomicU32>(),
            filled: AtomicUsize::new(0),
        })
    }

    /// Writes a struct and zeroes what is left of a longer one; `false`, and nothing written, where it does
    /// not fit.
    pub(crate) fn write(&self, size: usize, words: impl Iterator<Item = u32>) -> bool {
        let count = size.div_ceil(size_of::<AtomicU32>());
        if count > self.count {
            return false;
        }
        let mut words = words.take(count);
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

    #[inline]
    fn store(&self, index: usize, word: u32) {
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

impl Drop for TokenBuffer {
    fn drop(&mut self) {
        self.write(0, std::iter::empty());
        // SAFETY: the mapping was made by `for_size` with this length, and whoever drops the buffer has
        // taken it off the real connection or freed that connection.
        unsafe { libc::munmap(self.as_ptr(), self.count * size_of::<AtomicU32>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(buffer: &TokenBuffer, count: usize) -> Vec<u8> {
        let start = buffer.as_ptr().cast::<u8>();
        // SAFETY: the tests read less than the least capacity, and nobody writes meanwhile.
        (0..count)
            .map(|at| unsafe { start.add(at).read_volatile() })
            .collect()
    }

    #[test]
    fn a_shorter_struct_leaves_nothing_of_the_longer_one() {
        let buffer = TokenBuffer::for_size(12).unwrap();
        assert!(buffer.write(12, [8, 0x0062_0061, 0x0064_0063].into_iter()));
        assert_eq!(bytes(&buffer, 12), b"\x08\0\0\0a\0b\0c\0d\0");
        assert!(buffer.write(8, [2, 0x61].into_iter()));
        assert_eq!(bytes(&buffer, 12), b"\x02\0\0\0a\0\0\0\0\0\0\0");
    }

    #[test]
    fn a_struct_that_does_not_fit_leaves_the_buffer_as_it_was() {
        let buffer = TokenBuffer::for_size(4).unwrap();
        assert!(buffer.write(4, [7].into_iter()));
        assert!(!buffer.write(LEAST + 4, std::iter::repeat(9)));
        assert_eq!(bytes(&buffer, 4), [7, 0, 0, 0]);
    }

    #[test]
    fn there_is_room_for_twice_the_first_struct() {
        let size = 40_000;
        let buffer = TokenBuffer::for_size(size).unwrap();
        assert!(buffer.write(2 * size, std::iter::repeat(1)));
    }
}
