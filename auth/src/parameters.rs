//! What says who signs in: the keywords of a connection string and their values.

pub mod authority;
pub mod keyword;
pub mod options;
pub mod scope;
pub mod secret_file;
pub mod spelling;
pub mod token_form;
