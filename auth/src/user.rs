//! Saved accounts, prompts and the host program's token providers.

pub mod prompt;
pub mod saved_accounts;
pub mod token_provider;
