//! Checks of the network: certificates, proxy, Entra, clock, and the connection to the server.

use super::finding::{Check, Findings};
use crate::{
    connection::Connection,
    context::Context,
    system::{
        file,
        packages::{Distribution, Package},
    },
    ui::{failure::Failure, progress, time_format},
};
use entra_auth::{
    Environment, cloud,
    http::{Call, HttpClient, Places, Policy, Reply, Route},
    process::regular_file,
    token::Deadline,
};
use entra_odbc_core::connect::{
    KeywordSignIn,
    trust::{self, Administrator},
};
use std::{
    future::Future,
    io,
    net::{TcpStream, ToSocketAddrs as _},
    path::Path,
    time::{Duration, Instant, SystemTime},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// The clock skew that is reported: Entra allows five minutes, other servers less.
const SKEW_WARNING: Duration = Duration::from_mins(2);
const SKEW_FAILURE: Duration = Duration::from_mins(5);

/// The proxy variables in their order of precedence.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Checks the connection to Entra.
pub fn check(
    sign_in: Option<&KeywordSignIn>,
    context: &Context,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let environment = &context.services.environment;
    certificates(environment, findings)?;
    proxy(environment, findings)?;
    if let Some(cause) = findings.first_failed(&[Check::Certificates, Check::Proxy]) {
        let why = format!("not asked, because of {}", cause.name());
        return Ok(findings.skipped(Check::Authority, why)?);
    }
    let authority = match sign_in {
        Some(sign_in) => sign_in.authority().to_owned(),
        None => default_authority(context)?,
    };
    let call = Call {
        url: format!("{authority}/organizations/v2.0/.well-known/openid-configuration"),
        headers: Vec::new(),
        body: None,
        route: Route::Far,
        retry: Policy::STANDARD,
    };
    // A client of its own: connections belong to the runtime on which they were opened.
    let transport = HttpClient::new(environment);
    let deadline = Deadline::at(Instant::now() + timeout);
    let start = Instant::now();
    let reply = progress::show_while("Asking Entra", || block_on(transport.send(&call, &deadline)))?;
    let milliseconds = start.elapsed().as_millis();
    match reply {
        Ok(reply) if reply.status < 500 => {
            findings.ok(
                Check::Authority,
                format!("{authority} answers, in {milliseconds} ms"),
            )?;
            check_clock(&reply, findings)?;
        }
        Ok(reply) => findings.warning(
            Check::Authority,
            format!("{authority} answers with HTTP {}", reply.status),
            "it has troubles of its own, or a proxy in between has",
            "Try again later.",
        )?,
        Err(error) => findings.error(Check::Authority, &error)?,
    }
    Ok(())
}

/// The authority of connection strings that name none.
fn default_authority(context: &Context) -> Result<String, Failure> {
    let administrator = context.with_connect_context(|connect_context| {
        Administrator::read(&connect_context.services.environment, connect_context.installed)
    });
    let public = cloud::PUBLIC.authority;
    Ok(trust::authority(None, &administrator, public)?)
}

/// Runs a future on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| Failure::failed(format!("no request can be made: {error}"), "Check ulimit -n."))?;
    Ok(runtime.block_on(work))
}

fn certificates(environment: &Environment, findings: &mut Findings) -> io::Result<()> {
    let places = Places::from_environment(environment);
    let count = match places.count_in_store() {
        Some(Ok(count)) => count,
        Some(Err(why)) => {
            return findings.failure(
                Check::Certificates,
                format!("no CA certificate can be read from {places}"),
                why,
                "Correct that, or set SSL_CERT_FILE to a bundle of certificates.",
            );
        }
        None => places.bundle().map_or(0, in_bundle),
    };
    if count > 0 {
        let plural = if count == 1 { "y" } else { "ies" };
        return findings.ok(
            Check::Certificates,
            format!("{count} authorit{plural} in {places}"),
        );
    }
    let named = environment
        .get("SSL_CERT_FILE")
        .or_else(|| environment.get("SSL_CERT_DIR"));
    match (places.bundle(), named) {
        (None, None) => findings.failure(
            Check::Certificates,
            "this machine has no CA certificates",
            "no server can prove who it is",
            Distribution::current().install_command(Package::Authorities),
        ),
        (Some(path), _) => findings.failure(
            Check::Certificates,
            format!("{} has no CA certificate in it", path.display()),
            if environment.get("SSL_CERT_FILE").is_some() {
                "SSL_CERT_FILE names it, in place of the system's"
            } else {
                "it is the system's bundle"
            },
            "Correct or unset SSL_CERT_FILE, or reinstall ca-certificates.",
        ),
        (None, Some(_)) => findings.ok(Check::Certificates, format!("as SSL_CERT_DIR says: {places}")),
    }
}

/// How many certificates there are in a file.
fn in_bundle(path: &Path) -> usize {
    let text = file::read(path, regular_file::MAX_BUNDLE_LENGTH)
        .ok()
        .flatten()
        .unwrap_or_default();
    String::from_utf8_lossy(&text)
        .matches("-----BEGIN CERTIFICATE-----")
        .count()
}

fn proxy(environment: &Environment, findings: &mut Findings) -> io::Result<()> {
    let Some((name, address)) = PROXIES
        .iter()
        .find_map(|name| Some((name, environment.get(name)?)))
    else {
        return findings.ok(Check::Proxy, "none: requests go out directly");
    };
    // A proxy address may hold a user name and a password.
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", &address));
    let host = rest.rsplit('@').next().unwrap_or_default();
    let exceptions = environment
        .get("NO_PROXY")
        .or_else(|| environment.get("no_proxy"));
    let exceptions = exceptions.map_or_else(String::new, |list| format!(", except for {list}"));
    let text = format!("{scheme}://{host}, as {name} says{exceptions}");
    if scheme.to_ascii_lowercase().starts_with("socks") {
        return findings.failure(
            Check::Proxy,
            text,
            "SOCKS proxies are not supported",
            format!("Set {name} to http://host:port."),
        );
    }
    findings.ok(Check::Proxy, text)
}

fn check_clock(reply: &Reply, findings: &mut Findings) -> io::Result<()> {
    let there = OffsetDateTime::parse(&reply.date, &Rfc2822)
        .ok()
        .map(SystemTime::from);
    let Some(there) = there else {
        return findings.skipped(Check::Clock, "the authority does not say what time it is");
    };
    let here = SystemTime::now();
    let (skew, word) = match here.duration_since(there) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    // The Date header has whole seconds.
    if skew < SKEW_WARNING {
        return findings.ok(Check::Clock, "this machine's clock agrees with Entra's");
    }
    let what = format!(
        "this machine's clock is {} {word} Entra's",
        time_format::duration(skew)
    );
    let (cause, next) = (
        "tokens are taken for expired, or for not valid yet",
        "Set the clock: sudo timedatectl set-ntp true",
    );
    if skew < SKEW_FAILURE {
        findings.warning(Check::Clock, what, cause, next)
    } else {
        findings.failure(Check::Clock, what, cause, next)
    }
}

/// Checks that the server has an address and accepts a TCP connection.
pub fn check_server(connection: &Connection, timeout: Duration, findings: &mut Findings) -> io::Result<()> {
    let Some(server) = &connection.server else {
        return findings.failure(
            Check::Server,
            "the connection string names no server",
            "there is neither Server= nor a data source that has it",
            "Add Server=…, or check the name in DSN=….",
        );
    };
    let Some(port) = Connection::port(server) else {
        return findings.skipped(
            Check::Server,
            format!(
                "{} is a named instance, whose port is not known here",
                server.host
            ),
        );
    };
    let name = format!("{},{port}", server.host);
    let addresses: Vec<_> = match progress::show_while("Looking the server up", || {
        (server.host.as_str(), port).to_socket_addrs()
    }) {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            return findings.failure(
                Check::Server,
                format!("{} has no address", server.host),
                error.to_string(),
                "Check the name; for a private endpoint, check the name server of its network.",
            );
        }
    };
    let mut refusal = String::new();
    for address in &addresses {
        let start = Instant::now();
        match progress::show_while("Connecting to the server", || {
            TcpStream::connect_timeout(address, timeout)
        }) {
            Ok(_) => {
                let milliseconds = start.elapsed().as_millis();
                return findings.ok(
                    Check::Server,
                    format!(
                        "{name} takes connections at {}, in {milliseconds} ms",
                        address.ip()
                    ),
                );
            }
            Err(error) => refusal = format!("{}: {error}", address.ip()),
        }
    }
    findings.failure(
        Check::Server,
        format!("{name} takes no connection"),
        refusal,
        "Check the port, firewalls in between (outgoing 1433, and 11000-11999 inside Azure), and private endpoints.",
    )
}
