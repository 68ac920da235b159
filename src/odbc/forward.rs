//! What a forwarded function compiles to: one jump through the function's slot.

/// The naked body of a forwarded function.
///
/// No register but the platform's call-scratch register changes and the stack stays as it is, so the real
/// function finds its arguments, however many and of whatever type, as the host passed them.
macro_rules! jump {
    ($slot:path) => {
        core::arch::naked_asm!($crate::os::jump::jump_through!("slot"), slot = sym $slot)
    };
}

pub(super) use jump;

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::mem::transmute;
    use std::sync::atomic::{AtomicPtr, Ordering};

    /// More arguments of each kind than both processors pass in registers: ten numbers and ten floating-point numbers, then
    /// small ones, which share words of the stack or do not.
    macro_rules! declared {
        ($($whole:ident)*; $($floating:ident)*) => {
            type Digits = extern "C" fn($(declared!(@ $whole i64),)* $(declared!(@ $floating f64),)* i16, f32) -> f64;

            /// Each argument counts by its place, so that none can stand for another.
            extern "C" fn digits($($whole: i64,)* $($floating: f64,)* short: i16, single: f32) -> f64 {
                let whole = [$($whole),*].into_iter().fold(0, |sum, digit| sum * 10 + digit);
                let floating = [$($floating),*].into_iter().fold(0.0, |sum, digit| sum * 10.0 + digit);
                assert_eq!(whole, 1_234_567_890);
                assert_eq!((short, single.to_bits()), (-7, 0.5_f32.to_bits()));
                floating
            }
        };
        (@ $name:ident $type:ty) => { $type };
    }
    declared!(i0 i1 i2 i3 i4 i5 i6 i7 i8 i9; f0 f1 f2 f3 f4 f5 f6 f7 f8 f9);

    static SLOT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

    #[unsafe(naked)]
    extern "C" fn forwarded() {
        jump!(SLOT)
    }

    #[test]
    fn arguments_in_registers_and_on_the_stack_arrive_and_so_does_the_answer() {
        SLOT.store(digits as Digits as *mut (), Ordering::Relaxed);
        // SAFETY: whatever its declared type, the function jumps to one of this type.
        let forwarded: Digits = unsafe { transmute(black_box(forwarded as extern "C" fn())) };
        let answer = forwarded(
            1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -7, 0.5,
        );
        assert_eq!(answer.to_bits(), 9_876_543_210.0_f64.to_bits());
    }
}
