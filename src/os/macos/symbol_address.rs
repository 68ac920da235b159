//! The halves of a symbol's address, as arm64's assembly for Mach-O has them.

/// Its page.
macro_rules! page {
    ($operand:literal) => {
        concat!("{", $operand, "}@PAGE")
    };
}

/// Where it is in that page.
macro_rules! page_offset {
    ($operand:literal) => {
        concat!("{", $operand, "}@PAGEOFF")
    };
}

pub(crate) use {page, page_offset};
