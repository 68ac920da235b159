//! The halves of a symbol's address, as arm64's assembly for ELF has them.

/// Its page.
macro_rules! page {
    ($operand:literal) => {
        concat!("{", $operand, "}")
    };
}

/// Where it is in that page.
macro_rules! page_offset {
    ($operand:literal) => {
        concat!(":lo12:{", $operand, "}")
    };
}

pub(crate) use {page, page_offset};
