//! The seam for environment variables, so that tests build their own and privileged programs get none.

use std::collections::BTreeMap;

/// Where environment variables are read from.
#[derive(Debug, Clone)]
pub struct Environment(Source);

#[derive(Debug, Clone)]
enum Source {
    Process,
    Fixed(BTreeMap<String, String>),
}

impl Environment {
    /// The variables of this process, read anew each time.
    #[must_use]
    pub fn process() -> Self {
        Self(Source::Process)
    }

    /// No variable at all: what a privileged program (`AT_SECURE`) must see, since the caller chose them.
    #[must_use]
    pub fn empty() -> Self {
        Self(Source::Fixed(BTreeMap::new()))
    }

    /// Exactly these variables.
    pub fn fixed<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(Source::Fixed(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        ))
    }

    /// The value of `name`; `None` where it is unset, empty or not Unicode.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match &self.0 {
            Source::Process => std::env::var(name).ok(),
            Source::Fixed(variables) => variables.get(name).cloned(),
        }
        .filter(|value| !value.is_empty())
    }

    /// Whether tools may be started and the process environment be trusted.
    #[must_use]
    pub fn is_process(&self) -> bool {
        matches!(self.0, Source::Process)
    }
}
