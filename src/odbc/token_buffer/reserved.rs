//! Addresses that stay reserved, since a driver may still read there, and how many of them there may be.

use std::{
    ffi::c_void,
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use entra_auth::Error;

/// The most that is reserved in this process: room for four million tokens that were given up. It is address space and
/// no memory, but for the kernel's page tables, 128 MiB at the very most.
const MAX_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// All of this process.
pub(super) static RESERVED: Reserved = Reserved::up_to(MAX_BYTES);

/// Address space that is never used again.
#[derive(Debug)]
pub(super) struct Reserved {
    max: u64,
    bytes: AtomicU64,
}

impl Reserved {
    const fn up_to(max: u64) -> Self {
        Self {
            max,
            bytes: AtomicU64::new(0),
        }
    }

    /// An error where so much more could not be reserved later. What is reserved is never given up for it.
    pub(super) fn check_room(&self, more: usize) -> Result<(), Error> {
        let bytes = self.bytes.load(Ordering::Relaxed);
        if bytes.saturating_add(more as u64) <= self.max {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "no room is left for access tokens: {} MiB stay reserved for those given up, which a pooled \
                 connection may still read",
            bytes >> 20
        ))
        .remedy("Restart the program. Connections that each keep one identity need no more room with time."))
    }

    /// Gives the pages back and keeps the addresses: whoever reads there finds zeroes.
    ///
    /// # Safety
    /// The range is a mapping of the caller's own, which nobody writes any more.
    pub(super) unsafe fn reserve(&self, start: *mut c_void, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        // Read-only and in one step: neighbours of the same kind become one mapping to the kernel, and none of them
        // counts as memory that the process may still write.
        // SAFETY: the range is the caller's own; who reads it meanwhile finds the old page or a new one, never none.
        let kept = unsafe {
            libc::mmap(
                start,
                bytes,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        if kept == libc::MAP_FAILED {
            // At the limit of mappings (vm.max_map_count): then the old one stays, without its pages.
            // SAFETY: as above; the caller has zeroed it.
            unsafe { libc::madvise(start, bytes, libc::MADV_DONTNEED) };
        }
    }
}

/// The system gives no memory.
pub(super) fn no_memory(error: &io::Error) -> Error {
    Error::invalid(format!("there is no memory for an access token: {error}"))
        .remedy("Check the limits on memory and address space (ulimit -v).")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null_mut;

    #[test]
    fn what_is_full_refuses_and_forgets_nothing() {
        let page = 4096;
        let reserved = Reserved::up_to(2 * 4096);
        for _ in 0..2 {
            reserved.check_room(page).unwrap();
            // SAFETY: an anonymous private mapping at an address of the kernel's choice touches nothing else.
            let start = unsafe {
                libc::mmap(
                    null_mut(),
                    page,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                    -1,
                    0,
                )
            };
            assert_ne!(start, libc::MAP_FAILED);
            // SAFETY: mapped just now, with room for a byte.
            unsafe { start.cast::<u8>().write_volatile(7) };
            // SAFETY: mapped just now, and nobody writes it any more.
            unsafe { reserved.reserve(start, page) };
            // SAFETY: it stays mapped for good.
            assert_eq!(unsafe { start.cast::<u8>().read_volatile() }, 0);
        }
        let error = reserved.check_room(1).unwrap_err();
        assert_eq!(error.kind(), entra_auth::ErrorKind::Invalid);
        assert!(error.to_string().contains("Restart the program"), "{error}");
    }
}
