//! What the token endpoints of Azure's platforms have in common.

use super::id::Id;
use crate::{
    Error, ErrorKind,
    credential::TokenRequest,
    error::text::{Template, text},
    http::{Call, Reply},
    identity_key::IdentityKeyBuilder,
};
use serde_json::{Map, Value};
use std::fmt;
use url::Url;
use zeroize::Zeroizing;

/// An endpoint that hands out the tokens of this machine or app: one file each.
pub trait Endpoint: fmt::Debug + Send + Sync {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// Adds the address, and the secret that goes with it, to the identity.
    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder;

    /// Which of the ids that were given can be asked for here.
    fn ids(&self, ids: Vec<Id>) -> Result<Vec<Id>, Error> {
        Ok(ids)
    }

    /// The request for a token.
    fn call(&self, id: &Id, request: &TokenRequest) -> Result<Call, Error>;

    /// The header that this answer wants to see before there is a token, where it wants one.
    fn proof(&self, _answer: &Reply) -> Result<Option<(String, Zeroizing<String>)>, Error> {
        Ok(None)
    }

    /// Whether the token in this answer is of the identity that was asked for.
    fn confirm(&self, _id: &Id, _answer: &Map<String, Value>) -> Result<(), Error> {
        Ok(())
    }

    /// Whether this is an answer of the endpoint's, not of something else that has its address.
    fn is_its_own(&self, _answer: &Reply) -> bool {
        true
    }

    /// Whether a refusal says for certain that it has no such identity.
    fn lacks_identity(&self, answer: &Reply) -> bool;

    /// What to do where there is no identity at all.
    fn without_identity(&self) -> Template {
        text!(
            "Switch it on for this machine or app, or name a user-assigned one in {}.",
            User
        )
    }

    /// A request by which it can be told whether the endpoint is there at all; `None` where a variable
    /// that only the right machine has said so.
    fn probe(&self) -> Option<Call> {
        None
    }

    /// Whether no answer may mean that this machine has no such endpoint.
    fn may_be_absent(&self) -> bool {
        false
    }

    /// The error where nobody answers there.
    fn absent(&self, error: Error) -> Error {
        error
    }
}

/// The address in this variable, with these parameters.
pub fn address(variable: &str, endpoint: &str, query: &[(&str, &str)]) -> Result<String, Error> {
    let url = if query.is_empty() {
        Url::parse(endpoint)
    } else {
        Url::parse_with_params(endpoint, query)
    };
    url.map(String::from).map_err(|_| {
        Error::invalid(format!("{variable} is not a URL")).remedy("Leave it as the platform sets it.")
    })
}

/// The error where nothing answers at the address, in place of the HTTP client's.
pub fn silent(kind: ErrorKind, who: &str, remedy: &str, error: &Error) -> Error {
    Error::new(kind, format!("{who} does not answer"))
        .remedy(remedy)
        .detail(error.sentences())
}
