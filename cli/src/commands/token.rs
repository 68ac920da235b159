//! `token`: an access token, by any authentication mode.

use crate::{
    arguments::resource::{Cloud, Resource, Service, parse_resource},
    context::Context,
    ui::{
        failure::Failure,
        input::{self, semicolon},
        terminal, time_format,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entra_auth::Token;
use entra_odbc_core::connection_string::{ConnectionString, server::SERVER_KEYWORDS};
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

const HELP: &str = "\
Examples:
  entra-odbc token
  entra-odbc token --resource databricks \\
      Authentication=ActiveDirectoryMsi
  entra-odbc token Authentication=ActiveDirectoryServicePrincipal \\
      UID=… TenantId=… PWD=-
  entra-odbc token --json | jq -r .expires_on
  PGPASSWORD=$(entra-odbc token --resource postgres) psql …

Without Authentication= it is ActiveDirectoryDefault. Nothing but the token is written to standard output.";

/// Print an access token
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{HELP}\n{}", input::HELP))]
pub struct Arguments {
    /// Who signs in: the keywords of a connection string, or a whole one
    #[arg(value_name = "KEYWORD=VALUE")]
    string: Vec<String>,
    /// What the token is for: sql, databricks, postgres, storage, graph, or a URI, a scope or an application id
    /// [default: what Scope= or Server= tell, else sql]
    #[arg(long, value_parser = parse_resource)]
    resource: Option<Resource>,
    /// The cloud, where no Server= tells it
    #[arg(long, value_enum, default_value_t = Cloud::Public)]
    cloud: Cloud,
    /// How many seconds to wait; a person who must sign in has InteractiveTimeout= (300)
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// Print JSON: the token, when it expires, whose it is, and for what
    #[arg(long)]
    json: bool,
    /// Print what the token says of itself; with --json beside the rest
    #[arg(long)]
    claims: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let request = Request::parse(&arguments.string, arguments.cloud)?;
    let resource = arguments.resource.as_ref().or(request.default_resource.as_ref());
    let scope = resource.map(|resource| resource.scope(arguments.cloud));
    let context = Context::new();
    let sign_in = context.sign_in(&request.string)?;
    let timeout = Duration::from_secs(arguments.timeout.into());
    let issued = context
        .token(&sign_in, scope, timeout)
        .map_err(|error| Failure::from(error).and(semicolon::cut_secret(&request.string)))?;
    let token = &issued.token;
    if arguments.json {
        let mut value = json_of(token, sign_in.mode());
        if arguments.claims {
            value.insert("claims".to_owned(), claims(token)?);
        }
        terminal::print_json(&Value::Object(value))?;
    } else if arguments.claims {
        terminal::print_json(&claims(token)?)?;
    } else {
        let line = Zeroizing::new(format!("{}\n", token.text.expose()));
        terminal::print_bytes(line.as_bytes())?;
    }
    Ok(())
}

/// The connection string with its defaults, and the default resource.
struct Request {
    string: Zeroizing<String>,
    /// Set where `--cloud` alone determines the resource.
    default_resource: Option<Resource>,
}

impl Request {
    fn parse(parts: &[String], cloud: Cloud) -> Result<Self, Failure> {
        let string = input::connection_string(parts)?;
        let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
        let parsed = ConnectionString::parse(&units);
        let has = |names: &[&str]| names.iter().any(|name| parsed.find(name).is_some());
        // In front: after an unclosed brace it would be part of that value.
        let mut completed = Zeroizing::new(String::with_capacity(string.len() + 128));
        if !has(&[
            "Authentication",
            "fedauth",
            "AccessToken",
            "AccessTokenFile",
            "DSN",
        ]) {
            completed.push_str("Authentication=ActiveDirectoryDefault;");
        }
        let other_cloud = cloud != Cloud::Public;
        if other_cloud && !has(&["Authority"]) {
            completed.extend(["Authority=", cloud.authority(), ";"]);
        }
        let names_resource = has(&["Scope", "Resource"]) || has(&SERVER_KEYWORDS) || has(&["DSN"]);
        let default_resource = (other_cloud && !names_resource).then_some(Resource::Service(Service::Sql));
        completed.push_str(&string);
        Ok(Self {
            string: completed,
            default_resource,
        })
    }
}

/// The JSON output, without the claims.
fn json_of(token: &Token, mode: &str) -> Map<String, Value> {
    let claims = token.claims();
    let left = token
        .expires_on
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let value = json!({
        "access_token": token.text.expose(),
        "token_type": "Bearer",
        "expires_on": time_format::rfc3339(token.expires_on),
        "expires_in": left.as_secs(),
        "principal": claims.principal,
        "object_id": claims.oid,
        "tenant": claims.tid,
        "audience": claims.aud,
        "sign_in": mode,
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The claims of a token, unverified: the payload of a JWT.
fn claims(token: &Token) -> Result<Value, Failure> {
    let decoded = || {
        let payload = token.text.expose().split('.').nth(1)?;
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    decoded().ok_or_else(|| {
        Failure::failed(
            "this token is no JWT, so nobody but its issuer can read it",
            "Leave --claims out.",
        )
    })
}
