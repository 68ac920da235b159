//! Values that completion offers for an argument that takes others as well.

use clap::{
    Arg, Command, Error,
    builder::{PossibleValue, TypedValueParser},
};
use entra_auth::credential::MODES;
use std::{ffi::OsStr, sync::LazyLock};

/// A parser that takes what another one takes, and has values to offer.
#[derive(Clone)]
pub struct Offering<P> {
    parser: P,
    values: fn() -> Vec<&'static str>,
}

/// Has completion offer these values; the help does not list them (`hide_possible_values`).
pub fn offering<P>(parser: P, values: fn() -> Vec<&'static str>) -> Offering<P> {
    Offering { parser, values }
}

impl<P: TypedValueParser> TypedValueParser for Offering<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<P::Value, Error> {
        self.parser.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.values)().into_iter().map(PossibleValue::new)))
    }
}

/// `Authentication=` with each of its values.
pub fn authentication() -> Vec<&'static str> {
    static VALUES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let modes = MODES.iter().map(|mode| mode.name);
        modes
            .map(|mode| format!("Authentication=ActiveDirectory{mode}"))
            .collect()
    });
    VALUES.iter().map(String::as_str).collect()
}
