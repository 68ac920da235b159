//! A jump through a pointer in this library's data, as assembly.

/// The instructions that jump through the operand of this name, and change no register but the platform's call-scratch
/// register.
#[cfg(target_arch = "x86_64")]
macro_rules! jump_through {
    ($operand:literal) => {
        concat!("jmp qword ptr [rip + {", $operand, "}]")
    };
}

/// As above.
#[cfg(target_arch = "aarch64")]
macro_rules! jump_through {
    ($operand:literal) => {
        concat!(
            "adrp x16, ",
            $crate::os::system::symbol_address::page!($operand),
            "\nldr x16, [x16, ",
            $crate::os::system::symbol_address::page_offset!($operand),
            "]\nbr x16"
        )
    };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("forwarding is written for x86-64 and aarch64, the processors that Driver 18 exists for");

pub(crate) use jump_through;
