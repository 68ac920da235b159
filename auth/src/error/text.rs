//! Sentences of errors, in which the names of values stand apart from the words around them.
//!
//! A value may come from a keyword or from an environment variable; the sentence about it is the same and names the
//! place where it can be corrected.

use crate::{Keyword, plain_text::fit};
use std::fmt;

/// A sentence that is known at compile time, as [`text!`] writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its words, with `{}` for each name.
    pub words: &'static str,
    /// Which values are named there, by the keywords that hold them if nothing else does.
    pub values: &'static [Keyword],
}

/// A [`Template`], written as for `format!`: its words, then a keyword for each `{}`.
macro_rules! text {
    ($words:literal $(, $keyword:ident)* $(,)?) => {
        $crate::error::text::Template {
            words: $words,
            values: &[$($crate::Keyword::$keyword),*],
        }
    };
}
pub(crate) use text;

/// What a value is called where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueName {
    /// A keyword of the connection string.
    Keyword(Keyword),
    /// An environment variable, or a keyword that is not ours.
    Other(&'static str),
}

impl ValueName {
    fn name(self) -> &'static str {
        match self {
            Self::Keyword(keyword) => keyword.name(),
            Self::Other(name) => name,
        }
    }
}

impl From<Keyword> for ValueName {
    fn from(keyword: Keyword) -> Self {
        Self::Keyword(keyword)
    }
}

/// Which value is named otherwise than by its keyword, and how.
pub type Origin = (Keyword, ValueName);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    Value(ValueName),
}

/// A sentence of an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(Vec<Piece>);

impl Text {
    /// Adds words, made fit for a message.
    #[must_use]
    pub fn words(mut self, words: &str) -> Self {
        if !words.is_empty() {
            self.0.push(Piece::Words(fit(words)));
        }
        self
    }

    /// Adds the name of a value.
    #[must_use]
    pub fn value(mut self, name: impl Into<ValueName>) -> Self {
        self.0.push(Piece::Value(name.into()));
        self
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names values by where they came from.
    pub fn name_origins(&mut self, origins: &[Origin]) {
        for piece in &mut self.0 {
            if let Piece::Value(ValueName::Keyword(keyword)) = piece
                && let Some((_, name)) = origins.iter().find(|(known, _)| known == keyword)
            {
                *piece = Piece::Value(*name);
            }
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| {
            f.write_str(match piece {
                Piece::Words(words) => words,
                Piece::Value(name) => name.name(),
            })
        })
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::default().words(words)
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        words.as_str().into()
    }
}

impl From<Template> for Text {
    fn from(template: Template) -> Self {
        let mut values = template.values.iter();
        let mut text = Self::default();
        for (at, words) in template.words.split("{}").enumerate() {
            if at > 0
                && let Some(value) = values.next()
            {
                text = text.value(*value);
            }
            text = text.words(words);
        }
        text
    }
}

/// What the person at the host should do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Sign in: how, after the words "Sign in". A tool that signs people in names its own command instead.
    SignIn(Text),
    /// Anything else: a whole sentence.
    Other(Text),
}

impl Remedy {
    pub(super) fn text(&self) -> &Text {
        match self {
            Self::SignIn(text) | Self::Other(text) => text,
        }
    }

    pub(super) fn text_mut(&mut self) -> &mut Text {
        match self {
            Self::SignIn(text) | Self::Other(text) => text,
        }
    }
}

impl<T: Into<Text>> From<T> for Remedy {
    fn from(text: T) -> Self {
        Self::Other(text.into())
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn(how) => write!(f, "Sign in {how}"),
            Self::Other(text) => text.fmt(f),
        }
    }
}
