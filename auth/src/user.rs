//! The person who signs in, and the program's own code that gets tokens.

pub mod prompt;
pub mod saved_accounts;
pub mod token_provider;
