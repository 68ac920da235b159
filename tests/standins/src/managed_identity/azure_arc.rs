//! The agent of Azure Arc (himds): the path of IMDS on a port of its own, and a challenge before each token.
//!
//! As of 2026: agents that know user-assigned identities, and tell in the answer whose token it is; those of before
//! pass over the ids. The challenge is as "Authenticate against Azure resources with Azure Arc-enabled servers" shows
//! it; the words of refusals are ours, after IMDS, where no public record of the real ones was found.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Identity, State, Wanted, imds};
use crate::http::{Request, Response};

pub(super) const PATH: &str = "/arc/metadata/identity/oauth2/token";

/// Where the keys are that prove that a client may read the agent's files.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    /// The directory in which they are written.
    pub(super) directory: PathBuf,
    /// The same directory as clients see it.
    pub(super) shown: PathBuf,
    /// Those that nobody has brought yet: file name and content.
    open: Vec<(String, String)>,
    /// Whether the agent is one from before user-assigned identities.
    pub(super) old: bool,
}

pub(super) fn answer(state: &State, request: &Request) -> Response {
    token(state, request).unwrap_or_else(|refused| refused)
}

fn token(state: &State, request: &Request) -> Result<Response, Response> {
    if request.method != "GET" {
        return Err(imds::refuse(405, "Method Not Allowed"));
    }
    let header = |name| request.headers.get(name);
    if header("metadata") != Some("true") {
        return Err(imds::refuse(400, "Required metadata header not specified"));
    }
    if !["2019-11-01", "2020-06-01"].contains(&request.query.get("api-version").unwrap_or_default()) {
        return Err(imds::refuse(400, "api-version is missing or not supported"));
    }
    let asked = request.query.get("resource");
    let asked = asked.ok_or_else(|| imds::refuse(400, "Required audience parameter not specified"))?;
    let mut keys = state.arc.lock().expect("no holder of the keys panics");
    let Some(brought) = header("authorization") else {
        return Err(challenge(&mut keys));
    };
    let brought = brought.strip_prefix("Basic ").unwrap_or_default();
    let place = keys.open.iter().position(|(_, key)| key == brought);
    let (file, _) = keys.open.remove(place.ok_or_else(|| {
        imds::refuse(
            401,
            "The Basic Authorization header does not hold the key of a challenge",
        )
    })?);
    // A key is good once.
    let _ = fs::remove_file(keys.directory.join(file));
    let wanted = if keys.old {
        Wanted::default()
    } else {
        Wanted::from_query(&request.query, &["object_id"], &["msi_res_id"])
    };
    let identity = wanted
        .find(&state.identities)
        .ok_or_else(|| imds::refuse(400, "Identity not found"))?;
    let (resource, token) = state.issue(identity, asked).map_err(|refusal| {
        Response::json(
            400,
            &json!({ "error": "invalid_resource", "error_description": refusal.sentence() }),
        )
    })?;
    let mut body = imds::granted(identity, resource, &token);
    if let Value::Object(body) = &mut body {
        body.extend(confirmation(&wanted, identity));
    }
    Ok(Response::json(200, &body))
}

/// Writes a key for the client to read, and says where.
fn challenge(keys: &mut Keys) -> Response {
    let key = Uuid::new_v4().simple().to_string();
    let file = format!("{}.key", Uuid::new_v4());
    fs::write(keys.directory.join(&file), &key).expect("a directory for the keys: see set_arc_keys");
    let realm = format!("Basic realm={}", keys.shown.join(&file).display());
    keys.open.push((file, key));
    let body = json!({
        "error": "unauthorized_client", "error_description": "Missing Basic Authorization header", "error_codes": [401],
    });
    Response::json(401, &body).with_header("Www-Authenticate", &realm)
}

/// Whose token it is, by the kind of id that was asked with; azure-identity 1.26 for Python insists on it.
fn confirmation(wanted: &Wanted<'_>, identity: &Identity) -> Vec<(String, Value)> {
    let fields = [
        (wanted.object.is_some(), "object_id", &identity.object_id),
        (wanted.resource.is_some(), "msi_res_id", &identity.resource_id),
    ];
    fields
        .into_iter()
        .filter(|(asked, ..)| *asked)
        .map(|(_, name, id)| (name.to_owned(), id.clone().into()))
        .collect()
}
