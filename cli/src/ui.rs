//! The dialogue with who runs the tool: input and prompts, results and progress, failures and exit codes.

pub mod failure;
pub mod input;
pub mod progress;
pub mod prompt;
pub mod suggestion;
pub mod terminal;
pub mod time_format;
