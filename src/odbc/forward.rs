//! What a forwarded function compiles to: one jump through the function's slot.

/// The naked body of a forwarded function.
///
/// No register but the platform's call-scratch register changes and the stack stays as it is, so the real
/// function finds its arguments, however many and of whatever type, as the host passed them.
macro_rules! jump {
    ($slot:path) => {
        core::arch::naked_asm!($crate::os::system::jump::jump_through!("slot"), slot = sym $slot)
    };
}

pub(super) use jump;
