//! The agent of Azure Arc, on machines outside Azure.
//!
//! The client must prove that it can read a file of the agent: the first response is 401 with the path of the file,
//! and the second request contains the file's content.

mod key_file;

use super::{
    endpoint::{self, Endpoint},
    id::Id,
    words,
};
use crate::{
    Environment, Error, ErrorKind,
    credential::TokenRequest,
    http::{Call, Policy, Reply, Route},
    identity_key::IdentityKeyBuilder,
    os,
};
use serde_json::{Map, Value};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where the agent listens unless `IDENTITY_ENDPOINT` says otherwise.
const ADDRESS: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";

/// Where the agent is.
#[derive(Debug)]
pub struct AzureArc {
    endpoint: String,
    tokens: PathBuf,
    /// Whether the environment names the agent; otherwise it was detected by its program.
    named: bool,
}

impl AzureArc {
    /// The agent of this machine.
    pub fn new(environment: &Environment) -> Self {
        Self::with_tokens(environment, os::ARC_KEY_DIRECTORY.into())
    }

    /// The same with its files in another directory.
    pub fn with_tokens(environment: &Environment, tokens: PathBuf) -> Self {
        let named = environment.get("IDENTITY_ENDPOINT");
        Self {
            tokens,
            named: named.is_some(),
            endpoint: named.unwrap_or_else(|| ADDRESS.to_owned()),
        }
    }
}

impl Endpoint for AzureArc {
    fn name(&self) -> &'static str {
        "the agent of Azure Arc"
    }

    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        key.with("azure arc", &self.endpoint)
    }

    fn call(&self, id: &Id, request: &TokenRequest) -> Result<Call, Error> {
        let mut query = vec![("api-version", "2020-06-01"), ("resource", request.resource())];
        match id {
            Id::SystemAssigned => {}
            Id::Client(id) => query.push(("client_id", id)),
            Id::Object(id) => query.push(("object_id", id)),
            // The agent ignores `mi_res_id`, as MSAL for Python notes.
            Id::Resource(id) => query.push(("msi_res_id", id)),
        }
        Ok(Call {
            url: endpoint::address("IDENTITY_ENDPOINT", &self.endpoint, &query)?,
            headers: vec![("Metadata".into(), Zeroizing::new("true".into()))],
            body: None,
            route: Route::Near,
            retry: Policy::STANDARD,
        })
    }

    fn proof(&self, answer: &Reply) -> Result<Option<(String, Zeroizing<String>)>, Error> {
        if answer.status != 401 {
            return Ok(None);
        }
        let key = key_file::key(&answer.challenge, &self.tokens)?;
        let value = Zeroizing::new(format!("Basic {}", key.as_str()));
        Ok(Some(("Authorization".into(), value)))
    }

    /// An agent from before user-assigned identities passes over the id and signs in as the machine itself:
    /// as in MSAL and azure-identity (1.26 for Python), the answer must name the identity that was asked for.
    fn confirm(&self, id: &Id, answer: &Map<String, Value>) -> Result<(), Error> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let (asked, told) = match id {
            Id::SystemAssigned => return Ok(()),
            Id::Client(id) => (id, text("client_id")),
            Id::Object(id) => (id, text("object_id")),
            Id::Resource(id) => (id, text("msi_res_id").or_else(|| text("mi_res_id"))),
        };
        if told.is_some_and(|told| told.eq_ignore_ascii_case(asked)) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Refused { code: 0 },
            format!("the agent of Azure Arc did not sign in as {id}, but as someone else"),
        )
        .remedy(
            "Leave out UID or ClientId to sign in as the machine itself, or update the agent (azcmagent) to one that \
             knows user-assigned identities.",
        ))
    }

    fn lacks_identity(&self, answer: &Reply) -> bool {
        matches!(answer.status, 400 | 404)
            && words(answer).to_ascii_lowercase().contains("identity not found")
    }

    fn absent(&self, error: Error) -> Error {
        // An installed program does not mean that the agent runs: the default chain continues, as without IMDS.
        let kind = if self.named {
            ErrorKind::Unreachable
        } else {
            ErrorKind::Unavailable
        };
        let remedy = "Check that it runs (azcmagent show), and IDENTITY_ENDPOINT if that is set.";
        endpoint::silent(kind, self.name(), remedy, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn confirmed(id: &Id, answer: &Value) -> bool {
        let arc = AzureArc::new(&Environment::empty());
        arc.confirm(id, answer.as_object().unwrap()).is_ok()
    }

    #[test]
    fn a_token_of_another_identity_than_the_one_asked_for_is_not_taken() {
        let answer = json!({ "client_id": "AB", "object_id": "cd", "mi_res_id": "/E" });
        for good in [
            Id::SystemAssigned,
            Id::Client("ab".into()),
            Id::Object("CD".into()),
            Id::Resource("/e".into()),
        ] {
            assert!(confirmed(&good, &answer), "{good}");
        }
        for bad in [
            Id::Client("cd".into()),
            Id::Object("ab".into()),
            Id::Resource("/f".into()),
        ] {
            assert!(!confirmed(&bad, &answer), "{bad}");
            assert!(!confirmed(&bad, &json!({})), "{bad}");
        }
    }

    #[test]
    fn the_agent_is_at_its_usual_address_unless_the_environment_says_otherwise() {
        let arc = AzureArc::new(&Environment::empty());
        assert_eq!(arc.endpoint, ADDRESS);
        let arc = AzureArc::new(&Environment::fixed([("IDENTITY_ENDPOINT", "http://host/token")]));
        assert_eq!(arc.endpoint, "http://host/token");
    }

    #[test]
    fn an_agent_that_is_installed_but_silent_is_a_mistake_only_where_the_environment_names_it() {
        let kind = |environment: &Environment| {
            let error = Error::new(ErrorKind::Unreachable, "nobody there");
            AzureArc::new(environment).absent(error).kind()
        };
        assert_eq!(kind(&Environment::empty()), ErrorKind::Unavailable);
        let named = Environment::fixed([("IDENTITY_ENDPOINT", "http://host/token")]);
        assert_eq!(kind(&named), ErrorKind::Unreachable);
    }
}
