//! The pointers through which a loaded library calls functions of other libraries.
//!
//! The dynamic linker writes the address of each such function into a slot of the calling library (System V ABI, "Global
//! Offset Table"). Whoever changes a slot redirects the calls of this one library, and of no other.

use std::ffi::{CStr, c_void};
use std::io;
use std::ptr::{NonNull, with_exposed_provenance_mut};
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

use entra_auth::process::fork::Lock;

use crate::os::library;

/// Of `elf.h`, for both processors that Driver 18 exists for.
const DT_NULL: usize = 0;
const DT_PLTRELSZ: usize = 2;
const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const DT_RELA: usize = 7;
const DT_RELASZ: usize = 8;
const DT_STRSZ: usize = 10;
const DT_JMPREL: usize = 23;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_GNU_RELRO: u32 = 0x6474_e552;
/// `R_*_GLOB_DAT` and `R_*_JUMP_SLOT`.
const SLOT_TYPES: [usize; 2] = if cfg!(target_arch = "aarch64") {
    [1025, 1026]
} else {
    [6, 7]
};

/// `Elf64_Dyn`.
#[repr(C)]
struct Dynamic {
    tag: usize,
    value: usize,
}

/// `Elf64_Rela`.
#[repr(C)]
struct Relocation {
    offset: usize,
    info: usize,
    _addend: isize,
}

/// `Elf64_Sym`.
#[repr(C)]
struct Symbol {
    name: u32,
    _info: [u8; 4],
    _value: [usize; 2],
}

/// The slot of one imported function in one library.
#[derive(Clone, Copy)]
struct Slot {
    pointer: &'static AtomicPtr<c_void>,
    /// Whether the dynamic linker made its page read-only after it had filled it.
    read_only: bool,
}

impl Slot {
    /// What the library calls now.
    fn get(self) -> *mut c_void {
        self.pointer.load(Ordering::Acquire)
    }

    /// Has the library call another function from now on.
    ///
    /// Not from two threads at once: the first would make a page read-only while the second writes to it.
    fn set(self, function: *mut c_void) -> io::Result<()> {
        if self.read_only {
            self.protect(libc::PROT_READ | libc::PROT_WRITE)?;
        }
        self.pointer.store(function, Ordering::Release);
        if self.read_only {
            // The slot is changed; once more where the kernel was short of memory.
            self.protect(libc::PROT_READ)
                .or_else(|_| self.protect(libc::PROT_READ))?;
        }
        Ok(())
    }

    fn protect(self, protection: i32) -> io::Result<()> {
        let size = page_size();
        let address: *mut c_void = self.pointer.as_ptr().cast();
        let page = address.map_addr(|address| address & !(size - 1));
        // SAFETY: the page belongs to the library's own data, which stays mapped (the caller of `find`), and only its
        // protection changes. That it was read-only is what its program header says, so nobody counts on writing to it.
        match unsafe { libc::mprotect(page, size, protection) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Has the library that contains `inside` call `replacement` in place of an imported function, and puts that function into
/// `original` before; does nothing where that was done already.
///
/// The library must never be unloaded.
///
/// # Errors
/// Why it is not done: the library does not import the function, or its slots are not filled or cannot be changed.
pub(crate) fn replace(
    inside: NonNull<c_void>,
    function: &CStr,
    replacement: *mut c_void,
    original: &AtomicPtr<c_void>,
) -> Result<(), String> {
    static REPLACING: Lock<()> = Lock::new(());
    let name = function.to_string_lossy();
    // All that asks the loader, which has locks of its own, before the lock is taken.
    let slots = find(inside.as_ptr(), function);
    let first = slots
        .first()
        .ok_or_else(|| format!("the driver does not import {name}"))?
        .get();
    // A slot that was never used leads into the library itself, and would be filled at its first use.
    let is_bound = library::load_address(first)
        .is_some_and(|address| Some(address) != library::load_address(inside.as_ptr()));

    let _replacing = REPLACING.lock();
    if slots.iter().all(|slot| slot.get() == replacement) {
        return Ok(());
    }
    if !is_bound || slots.iter().any(|slot| slot.get() != first) {
        return Err(format!("the driver's relocation slots of {name} are not bound"));
    }
    original.store(first, Ordering::Release);
    let result = slots.iter().try_for_each(|slot| slot.set(replacement));
    if result.is_err() {
        for slot in &slots {
            let _ = slot.set(first);
        }
    }
    result.map_err(|error| format!("the driver's relocation slot of {name} cannot be changed: {error}"))
}

/// The slots by which the library that contains `inside` calls `function`; none where it does not import it.
///
/// The library must never be unloaded.
fn find(inside: *const c_void, function: &CStr) -> Vec<Slot> {
    let mut search = Search {
        inside: inside.addr(),
        function,
        found: Vec::new(),
    };
    // SAFETY: the function takes the search that is passed with it, and calls nothing of the loader's.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
    search.found
}

struct Search<'a> {
    inside: usize,
    function: &'a CStr,
    found: Vec<Slot>,
}

unsafe extern "C" fn look(info: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> i32 {
    // SAFETY: the loader's own structure, and the search that was passed with this function.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search<'_>>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader's table of that many program headers, which stays while it calls this.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let base = word(info.dlpi_addr);
    let library = Loaded { base, headers };
    if !library.has(PT_LOAD, search.inside, 1) {
        return 0;
    }
    search.found = library.slots(search.function);
    1
}

/// A library in memory.
struct Loaded<'a> {
    base: usize,
    headers: &'a [libc::Elf64_Phdr],
}

impl Loaded<'_> {
    /// Whether a segment of this type contains `size` bytes at `address`.
    fn has(&self, segment: u32, address: usize, size: usize) -> bool {
        self.headers.iter().any(|header| {
            let start = self.base.wrapping_add(word(header.p_vaddr));
            header.p_type == segment
                && address
                    .checked_sub(start)
                    .and_then(|offset| offset.checked_add(size))
                    .is_some_and(|end| end <= word(header.p_memsz))
        })
    }

    /// A table in the library's memory; none where it does not lie within it.
    fn table<T>(&self, address: usize, bytes: usize) -> Option<&'static [T]> {
        let is_aligned = address.is_multiple_of(align_of::<T>());
        if address == 0 || !is_aligned || !self.has(PT_LOAD, address, bytes) {
            return None;
        }
        let first = with_exposed_provenance_mut(address);
        // SAFETY: the library's own memory, all of it within one segment, aligned; it stays mapped (the caller of
        // `find`), and the loader has stopped writing to these tables. Any bytes are a value of the types used here.
        Some(unsafe { slice::from_raw_parts(first, bytes / size_of::<T>()) })
    }

    fn dynamic(&self) -> Option<&'static [Dynamic]> {
        let header = self.headers.iter().find(|header| header.p_type == PT_DYNAMIC)?;
        let address = self.base.wrapping_add(word(header.p_vaddr));
        self.table(address, word(header.p_memsz))
    }

    fn slots(&self, function: &CStr) -> Vec<Slot> {
        let Some(dynamic) = self.dynamic() else {
            return Vec::new();
        };
        let value = |tag| {
            let mut entries = dynamic.iter().take_while(|entry| entry.tag != DT_NULL);
            entries.find(|entry| entry.tag == tag).map(|entry| entry.value)
        };
        // glibc has made addresses of these offsets, musl leaves them as they are in the file.
        let address = |tag| {
            value(tag).map(|value| {
                if value < self.base {
                    value + self.base
                } else {
                    value
                }
            })
        };
        let tables = [(DT_JMPREL, DT_PLTRELSZ), (DT_RELA, DT_RELASZ)];
        let relocations = tables
            .into_iter()
            .filter_map(|(start, size)| self.table::<Relocation>(address(start)?, value(size)?));
        let (Some(symbols), Some(names), Some(names_size)) =
            (address(DT_SYMTAB), address(DT_STRTAB), value(DT_STRSZ))
        else {
            return Vec::new();
        };
        let Some(names) = self.table::<u8>(names, names_size) else {
            return Vec::new();
        };
        let is_function = |relocation: &&Relocation| {
            let name = || {
                let symbol = symbols.checked_add((relocation.info >> 32) * size_of::<Symbol>())?;
                let [symbol] = self.table::<Symbol>(symbol, size_of::<Symbol>())? else {
                    return None;
                };
                let name = names.get(usize::try_from(symbol.name).ok()?..)?;
                CStr::from_bytes_until_nul(name).ok()
            };
            SLOT_TYPES.contains(&(relocation.info & 0xffff_ffff)) && name() == Some(function)
        };
        relocations
            .flatten()
            .filter(is_function)
            .filter_map(|relocation| self.slot(relocation.offset))
            .collect()
    }

    fn slot(&self, offset: usize) -> Option<Slot> {
        let address = self.base.wrapping_add(offset);
        let is_aligned = address.is_multiple_of(align_of::<AtomicPtr<c_void>>());
        if !is_aligned || !self.has(PT_LOAD, address, size_of::<usize>()) {
            return None;
        }
        let pointer: *mut *mut c_void = with_exposed_provenance_mut(address);
        Some(Slot {
            // SAFETY: an aligned pointer in the library's data, which stays mapped (the caller of `find`). Calls through
            // it read it in one instruction, and the loader wrote it before it handed the library out.
            pointer: unsafe { AtomicPtr::from_ptr(pointer) },
            read_only: self.is_read_only(address),
        })
    }

    /// As the loader does it: whole pages of the segment, so that what lies in the last, partial one stays writable.
    fn is_read_only(&self, address: usize) -> bool {
        let down = |address: usize| address & !(page_size() - 1);
        self.headers
            .iter()
            .filter(|header| header.p_type == PT_GNU_RELRO)
            .any(|header| {
                let start = self.base.wrapping_add(word(header.p_vaddr));
                let end = start.wrapping_add(word(header.p_memsz));
                (down(start)..down(end)).contains(&address)
            })
    }
}

/// A number of an ELF file of 64 bits.
fn word(value: u64) -> usize {
    // As wide here: the library is built for no other processors.
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn page_size() -> usize {
    // SAFETY: sysconf has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::library::global_symbol;
    use std::ptr::null_mut;

    #[test]
    fn the_slot_of_an_imported_function_is_found_and_changed_and_holds_what_the_linker_wrote() {
        // The test program itself imports functions of libc.
        let inside = find as *const c_void;
        let slots = find(inside, c"getauxval");
        assert!(!slots.is_empty());
        let function = global_symbol(c"getauxval").unwrap().as_ptr();
        for slot in slots {
            assert_eq!(slot.get(), function);
            slot.set(null_mut()).unwrap();
            assert_eq!(slot.get(), null_mut());
            slot.set(function).unwrap();
        }
        // SAFETY: no preconditions; it shows that the slot is whole again.
        assert_ne!(unsafe { libc::getauxval(libc::AT_PAGESZ) }, 0);
    }

    #[test]
    fn what_a_library_does_not_import_has_no_slot() {
        assert!(find(find as *const c_void, c"no_such_function").is_empty());
        assert!(find(null_mut(), c"getauxval").is_empty());
    }
}
