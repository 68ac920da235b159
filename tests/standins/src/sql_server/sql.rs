//! A small, honest T-SQL: what client libraries send at start-up and tests need, parsed and evaluated, not matched.

mod decimals;
pub(super) mod evaluate;
pub(super) mod functions;
mod lexer;
mod like;
mod operators;
mod parser;
pub(super) mod query;
pub(super) mod syntax;
pub(super) mod tables;

pub(super) use like::like;
pub(super) use parser::{parse, parse_declarations, parse_object_name};
