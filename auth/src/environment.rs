//! The seam for environment variables, so that tests build their own and privileged programs get none.

use std::{collections::BTreeMap, ffi::OsString, fmt, sync::Arc};

/// Where environment variables are read from.
#[derive(Debug, Clone)]
pub struct Environment {
    source: Source,
    tools: bool,
}

#[derive(Clone)]
enum Source {
    Process,
    /// Shared, since each credential keeps an environment.
    Fixed(Arc<BTreeMap<String, String>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("Process"),
            // Names, not values: AZURE_CLIENT_SECRET is one of them.
            Self::Fixed(variables) => f.debug_set().entries(variables.keys()).finish(),
        }
    }
}

impl Environment {
    /// The variables of this process, read anew each time.
    #[must_use]
    pub fn process() -> Self {
        Self {
            source: Source::Process,
            tools: true,
        }
    }

    /// No variable at all: what a privileged program (`AT_SECURE`) must see, since the caller chose them.
    #[must_use]
    pub fn empty() -> Self {
        Self::fixed::<String, String>([])
    }

    /// Exactly these variables; no tool is run unless [`with_tools`](Self::with_tools) allows it.
    pub fn fixed<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        Self {
            source: Source::Fixed(Arc::new(
                variables
                    .into_iter()
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            )),
            tools: false,
        }
    }

    /// The same variables, with which tools may be run.
    #[must_use]
    pub fn with_tools(self) -> Self {
        Self { tools: true, ..self }
    }

    /// The value of `name`; `None` where it is unset, empty or not Unicode.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<String> {
        match &self.source {
            Source::Process => std::env::var(name).ok(),
            Source::Fixed(variables) => variables.get(name).cloned(),
        }
        .filter(|value| !value.is_empty())
    }

    /// All of them, as a tool that is run gets them.
    #[must_use]
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        match &self.source {
            Source::Process => std::env::vars_os().collect(),
            Source::Fixed(variables) => variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// Whether tools may be run: they find their way by variables, so not in a privileged program.
    #[must_use]
    pub fn may_run_tools(&self) -> bool {
        self.tools
    }
}
