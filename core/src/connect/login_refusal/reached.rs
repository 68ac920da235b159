//! Why no server was reached, or no TLS session with it, in words: what an attempt of our own found.

use super::{Cause, LoginFailure, Refusal};
use crate::{
    connect::{context::ConnectContext, request::ConnectRequest, trust::Channel},
    diagnostics::DriverRecord,
    tds::{
        self, Target,
        diagnosis::{Diagnosis, Finding, diagnose},
    },
};
use entra_auth::{
    Environment, Error, ErrorKind,
    cloud::Cloud,
    http::{TlsFailure, roots::WrongName},
    process::runtime::Pending,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long the attempt may take, also where nothing is left of the login timeout.
const LEAST_TIME: Duration = Duration::from_secs(2);
const MOST_TIME: Duration = Duration::from_secs(5);

/// Driver 18.6's SQLSTATEs for a server that was not reached, or did not answer in time.
const UNREACHED: [&str; 4] = ["08001", "08S01", "HYT00", "HYT01"];

/// The server of a connect, for an attempt to find out why no login came about.
#[derive(Debug)]
pub(crate) struct Reached {
    /// With no port of its own where there is an instance.
    target: Target,
    /// The named instance whose port the driver asks for.
    instance: Option<String>,
    /// Whether the string asks for `TrustServerCertificate=yes` in vain.
    is_trust_ignored: bool,
}

/// What is said of a finding: what failed and why, and what to do.
struct Words {
    cause: Cause,
    what: String,
    remedy: String,
}

impl Reached {
    /// The server of this channel.
    pub(crate) fn new(request: &ConnectRequest<'_>, channel: &Channel) -> Self {
        let is_yes = |value: &str| {
            ["yes", "true"]
                .iter()
                .any(|yes| value.trim().eq_ignore_ascii_case(yes))
        };
        let asked = request.get(&["TrustServerCertificate"]);
        let port = channel.server.port.unwrap_or(tds::PORT);
        Self {
            target: channel.target_at(port, request.login_options()),
            instance: channel.instance().map(str::to_owned),
            is_trust_ignored: channel.is_validated() && asked.is_some_and(|value| is_yes(&value)),
        }
    }

    /// Whether one attempt tells about both.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.target == other.target && self.instance == other.instance
    }

    /// A server for the tests.
    #[cfg(test)]
    pub(crate) fn at(target: Target) -> Self {
        Self {
            target,
            instance: None,
            is_trust_ignored: false,
        }
    }

    /// Tries to log in, without a token.
    pub(crate) async fn look(&self, environment: Environment, limit: Duration) -> Diagnosis {
        diagnose(self.target.clone(), self.instance.as_deref(), environment, limit).await
    }

    /// Begins to find out why the driver has not reached the server; `None` where its records say something else.
    pub(crate) fn begin(
        self: &Arc<Self>,
        records: &[DriverRecord],
        deadline: Instant,
        context: &ConnectContext<'_>,
    ) -> Option<Pending<Diagnosis>> {
        if !UNREACHED.contains(&leading(records)?.sqlstate.as_str()) {
            return None;
        }
        let now = Instant::now();
        let limit = deadline
            .saturating_duration_since(now)
            .clamp(LEAST_TIME, MOST_TIME);
        let (reached, environment) = (Arc::clone(self), context.services.environment.clone());
        let looking = async move { reached.look(environment, limit).await };
        // The attempt has a limit of its own; this one is for a background thread that is in trouble.
        context
            .services
            .tokens
            .begin_task(now + limit + LEAST_TIME, looking)
            .ok()
    }

    /// What was found, in words, before the driver's records.
    pub(crate) fn explain(
        &self,
        diagnosis: Diagnosis,
        records: &[DriverRecord],
        is_late: bool,
    ) -> Option<LoginFailure> {
        let unsaid = DriverRecord {
            sqlstate: "08001".to_owned(),
            ..DriverRecord::default()
        };
        let first = leading(records).unwrap_or(&unsaid);
        tracing::debug!(target: "entra_odbc", event = "login_diagnosed", ?diagnosis);
        let Words { cause, what, remedy } = self.words(&diagnosis, is_late)?;
        let kind = if first.sqlstate == "HYT00" {
            ErrorKind::TimedOut
        } else {
            ErrorKind::Unreachable
        };
        let driver = Refusal::from(first);
        let error = Error::new(kind, what).remedy(remedy);
        let error = match diagnosis.finding {
            Finding::Refuses(words) => error.detail(words),
            _ if records.is_empty() => error,
            _ => error.detail(format!("Driver: {}", driver.own_words())),
        };
        Some(LoginFailure {
            cause,
            sqlstate: first.sqlstate.clone(),
            native: first.native,
            error,
            drivers: None,
        })
    }

    /// `None` where the attempt found nothing wrong and the driver did not run out of time either.
    fn words(&self, diagnosis: &Diagnosis, is_late: bool) -> Option<Words> {
        let (host, port) = &diagnosis.at;
        let at = format!("{host},{port}");
        let redirect = diagnosis
            .redirected_by
            .as_ref()
            .map(|(host, port)| format!("{host},{port} redirects to {at}"));
        let said = |cause, what: String, remedy: &str| Words {
            cause,
            what,
            remedy: remedy.to_owned(),
        };
        Some(match &diagnosis.finding {
            Finding::NameUnknown(why) | Finding::NameNotResolved(why) => said(
                Cause::NotReached,
                match redirect {
                    Some(redirect) => format!("{redirect}, and that name has no address here: {why}"),
                    None => format!("{host} has no address here: {why}"),
                },
                "Check the name in Server= and the name server of this network; the name of a private endpoint is known \
                 only where its private DNS zone is linked.",
            ),
            Finding::InstanceUnknown(why) => instance_words(host, self.instance.as_deref(), why),
            Finding::NobodyListens => match redirect {
                Some(redirect) => said(
                    Cause::NotReached,
                    format!("{redirect}, where the connection is refused"),
                    REDIRECT_REMEDY,
                ),
                None => said(
                    Cause::NotReached,
                    format!("nobody listens at {at}: the connection is refused"),
                    "Check host and port in Server=, and that the server (or the tunnel to it) runs.",
                ),
            },
            Finding::Silent => match redirect {
                Some(redirect) => said(
                    Cause::NotReached,
                    format!("{redirect}, where nobody answers: a firewall in between drops the connection"),
                    REDIRECT_REMEDY,
                ),
                None => Words {
                    cause: Cause::NotReached,
                    what: format!(
                        "{at} does not answer: a firewall in between drops the connection, or the address is wrong"
                    ),
                    remedy: format!(
                        "Let outgoing TCP {port} through; with a private endpoint, check that the name leads to its \
                         private address here."
                    ),
                },
            },
            Finding::Unroutable(why) => said(
                Cause::NotReached,
                format!("{at} cannot be reached: {why}"),
                "Check the network, VPN or private endpoint that leads there.",
            ),
            Finding::WrongName(wrong) => Words {
                cause: Cause::Tls,
                what: self.untrusted(host, &wrong.to_string()),
                remedy: name_remedy(host, wrong),
            },
            Finding::Tls(failure) if failure.is_of_certificate() => said(
                Cause::Tls,
                self.untrusted(host, &failure.to_string()),
                certificate_remedy(failure),
            ),
            Finding::Tls(failure) => said(
                Cause::Tls,
                format!("TLS with {at} failed: {failure}"),
                "Install the ca-certificates package where there are none; check that a SQL Server is there.",
            ),
            Finding::Mute => said(
                Cause::TimedOut,
                format!("{at} takes the connection and then says nothing"),
                "Check that a SQL Server is there, and proxies in between; a server under load needs a longer login \
                 timeout.",
            ),
            Finding::NotUnderstood(why) => said(
                Cause::NotReached,
                format!("{at} does not answer as a SQL Server does: {why}"),
                "Check host and port in Server=, and Encrypt=.",
            ),
            Finding::Refuses(_) => said(
                Cause::DatabaseUnavailable,
                format!("{at} refuses the login"),
                "Try again in a minute, or with a longer login timeout.",
            ),
            Finding::Answers if is_late => said(
                Cause::TimedOut,
                format!("{at} answers, but the login was not done within the login timeout"),
                "A serverless or Fabric database takes up to a minute to wake up: set a login timeout of 60 s or more.",
            ),
            Finding::Answers => return None,
        })
    }

    fn untrusted(&self, host: &str, why: &str) -> String {
        let ignored = if self.is_trust_ignored {
            "; TrustServerCertificate=yes does not count for a server of Azure's (entra-odbc explain trust)"
        } else {
            ""
        };
        format!("the certificate of {host} is not trusted: {why}{ignored}")
    }
}

/// The record that programs see first.
///
/// Driver 18.6 has `08001`, `HYT00`, `08001` where its time was up; unixODBC 2.3.11 puts `HYT00` before the others, and
/// would put it before a record of ours with another state, too.
fn leading(records: &[DriverRecord]) -> Option<&DriverRecord> {
    let timed_out = records.iter().find(|record| record.sqlstate == "HYT00");
    timed_out.or(records.first())
}

fn instance_words(host: &str, instance: Option<&str>, why: &str) -> Words {
    let instance = instance.unwrap_or_default();
    Words {
        cause: Cause::NotReached,
        what: format!(
            "SQL Server Browser at {host} (UDP 1434) does not tell the port of the instance {instance}: {why}"
        ),
        remedy:
            "Write the port in place of the instance: Server=host,port. Azure SQL has no named instances."
                .to_owned(),
    }
}

const REDIRECT_REMEDY: &str = "Let outgoing TCP 11000-11999 to Azure SQL through, or have the server redirect nobody: \
                               az sql server conn-policy update --connection-type Proxy.";

/// What to write for a server whose certificate is for other names.
fn name_remedy(host: &str, wrong: &WrongName) -> String {
    let azure = wrong.names.iter().find(|name| Cloud::for_host(name).is_some());
    match (azure, wrong.names.first()) {
        (Some(name), _) if name.starts_with("*.") => format!(
            "Write the server's own Azure name, which fits {name}, in Server=, or add it as HostnameInCertificate= where only \
             {host} leads there."
        ),
        (Some(name), _) => {
            format!("Write Server={name}, or add HostnameInCertificate={name} where only {host} leads there.")
        }
        (None, Some(name)) => format!(
            "If that server is yours, write HostnameInCertificate={name}, and run `entra-odbc trust add {host}`; else \
             something else answers in its place."
        ),
        (None, None) => "Check that nothing else answers at that address.".to_owned(),
    }
}

fn certificate_remedy(failure: &TlsFailure) -> &'static str {
    match failure {
        TlsFailure::UnknownIssuer(_) => {
            "If a proxy inspects TLS here, or the server is your own, add that CA certificate to the system \
             (update-ca-certificates), or name a PEM file with it in SSL_CERT_FILE."
        }
        TlsFailure::Expired | TlsFailure::NotValidYet => {
            "Check this machine's clock; a server of your own needs a new certificate."
        }
        _ => "Check what answers there, and ServerCertificate= if it is set.",
    }
}

#[cfg(test)]
mod tests;
