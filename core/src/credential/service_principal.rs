//! To be filled in.

use super::{SignIn, Situation};
use crate::{Error, ErrorKind};

pub fn prepare(_situation: &Situation<'_>) -> Result<SignIn, Error> {
    Err(Error::new(ErrorKind::Unsupported, "this kind is not built yet"))
}
