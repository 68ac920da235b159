//! What a forwarded function compiles to: one jump through the function's slot.

/// The naked body of a forwarded function.
///
/// No register but the platform's call-scratch register changes and the stack stays as it is, so the real
/// function finds its arguments, however many and of whatever type, as the host passed them.
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    ($slot:path) => {
        core::arch::naked_asm!("jmp qword ptr [rip + {slot}]", slot = sym $slot)
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    ($slot:path) => {
        core::arch::naked_asm!(
            "adrp x16, {slot}",
            "ldr x16, [x16, :lo12:{slot}]",
            "br x16",
            slot = sym $slot
        )
    };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!(
    "forwarding is written for x86-64 and aarch64, the processors that Driver 18 exists for on Linux"
);

pub(super) use jump;
