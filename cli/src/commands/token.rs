//! `token`: an access token, by any authentication mode.

use crate::{
    arguments::{
        hint,
        resource::{self, Cloud, Resource, Service, parse_resource},
    },
    context::Context,
    ui::{
        failure::Failure,
        input::{self, semicolon},
        terminal, time_format,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::builder::StringValueParser;
use entra_auth::{
    Keyword, Token,
    credential::{self, Mode},
};
use entra_odbc_core::connection_string::{ConnectionString, append, server::SERVER_KEYWORDS};
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
  entra-odbc token --json | jq -r .accessToken
  PGPASSWORD=$(entra-odbc token --resource postgres) psql …

Without Authentication= it is ActiveDirectoryDefault. Nothing but the token is written to standard output.";

/// Print an access token
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{HELP}\n{}", input::HELP))]
pub struct Arguments {
    /// Who signs in: the keywords of a connection string, or a whole one
    #[arg(value_name = "KEYWORD=VALUE", value_parser = hint::offering(StringValueParser::new(), hint::authentication), hide_possible_values = true)]
    string: Vec<String>,
    /// What the token is for: sql, databricks, postgres, storage, graph, or a URI, a scope or an application id
    /// [default: what Scope= or Server= tell, else sql]
    #[arg(long, value_parser = hint::offering(parse_resource, resource::names), hide_possible_values = true)]
    resource: Option<Resource>,
    /// The cloud, where no Server= tells it
    #[arg(long, value_enum, default_value_t = Cloud::Public)]
    cloud: Cloud,
    /// The tenant to sign in to, as TenantId=
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// The application or user-assigned identity that signs in, as UID= or ClientId=
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// How many seconds to wait; a person who must sign in has InteractiveTimeout= (300)
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// Print JSON: the token, when it expires, whose it is, and for what; also under the names of
    /// `az account get-access-token`
    #[arg(long)]
    json: bool,
    /// Print what the token says of itself; with --json beside the rest
    #[arg(long)]
    claims: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let request = Request::parse(arguments)?;
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
    fn parse(arguments: &Arguments) -> Result<Self, Failure> {
        let string = input::connection_string(&arguments.string)?;
        let cloud = arguments.cloud;
        let units = Zeroizing::new(string.encode_utf16().collect::<Vec<_>>());
        let parsed = ConnectionString::parse(&units);
        let has = |names: &[&str]| names.iter().any(|name| parsed.find(name).is_some());
        // In front: after an unclosed brace it would be part of that value.
        let mut completed = Zeroizing::new(String::with_capacity(string.len() + 128));
        let has_ours = |keywords: &[Keyword]| {
            let mut ours = parsed
                .attributes()
                .iter()
                .filter_map(|attribute| Keyword::named(attribute.keyword()));
            ours.any(|row| keywords.contains(&row.keyword))
        };
        let mode = [
            Keyword::Authentication,
            Keyword::AccessToken,
            Keyword::AccessTokenFile,
        ];
        if !has_ours(&mode) && !has(&["DSN"]) {
            completed.push_str("Authentication=ActiveDirectoryDefault;");
        }
        let other_cloud = cloud != Cloud::Public;
        if other_cloud && !has_ours(&[Keyword::Authority]) {
            completed.extend(["Authority=", cloud.authority(), ";"]);
        }
        let mode = parsed.get("Authentication").or_else(|| parsed.get("fedauth"));
        let options = [
            ("--tenant", Keyword::TenantId, &arguments.tenant),
            (
                "--client-id",
                client_keyword(mode.as_deref()),
                &arguments.client_id,
            ),
        ];
        for (option, keyword, value) in options {
            let Some(value) = value else { continue };
            if let Some(name) = keyword
                .row()
                .and_then(|row| row.names.iter().find(|name| has(&[name])))
            {
                return Err(Failure::refused(
                    format!("{option} and {name}= say the same thing twice"),
                    "Leave one of them out.",
                ));
            }
            let mut units = Vec::new();
            append(&mut units, keyword.name(), value);
            completed.push_str(&String::from_utf16_lossy(&units));
        }
        let names_resource = has_ours(&[Keyword::Scope]) || has(&SERVER_KEYWORDS) || has(&["DSN"]);
        let default_resource = (other_cloud && !names_resource).then_some(Resource::Service(Service::Sql));
        completed.push_str(&string);
        Ok(Self {
            string: completed,
            default_resource,
        })
    }
}

/// The keyword by which a mode takes the client id: `UID=` where that has no other meaning.
fn client_keyword(mode: Option<&String>) -> Keyword {
    let mode = mode.and_then(|mode| credential::find(mode.trim()));
    let takes_user = |mode: &Mode| mode.needs.iter().any(|group| group.contains(&Keyword::User));
    match mode {
        Some(mode) if takes_user(mode) && !mode.may_have.contains(&Keyword::ClientId) => Keyword::User,
        _ => Keyword::ClientId,
    }
}

/// The JSON output, without the claims.
fn json_of(token: &Token, mode: &str) -> Map<String, Value> {
    let claims = token.claims();
    let left = token
        .expires_on
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let epoch = token
        .expires_on
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let value = json!({
        "access_token": token.text.expose(),
        "token_type": "Bearer",
        // As `az account get-access-token` names them.
        "accessToken": token.text.expose(),
        "tokenType": "Bearer",
        "expires_on": epoch.as_secs(),
        "expires_at": time_format::rfc3339(token.expires_on),
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
