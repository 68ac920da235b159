//! Why no server was reached, or no TLS session with it, in words: what an attempt of our own found.

use super::{Cause, LoginFailure, Refusal};
use crate::{
    connect::{context::ConnectContext, request::ConnectRequest, trust::Channel},
    diagnostics::DriverRecord,
    tds::{
        Target,
        diagnosis::{Diagnosis, Finding, diagnose},
    },
};
use entra_auth::{
    Error, ErrorKind,
    cloud::Cloud,
    http::{TlsFailure, roots::WrongName},
};
use std::time::{Duration, Instant};

/// How long the attempt may take, also where nothing is left of the login timeout.
const LEAST_TIME: Duration = Duration::from_secs(2);
const MOST_TIME: Duration = Duration::from_secs(5);

/// Driver 18.6's SQLSTATEs for a server that was not reached, or did not answer in time.
const UNREACHED: [&str; 4] = ["08001", "08S01", "HYT00", "HYT01"];

/// The server of a connect, for an attempt to find out why no login came about.
#[derive(Debug)]
pub(crate) struct Reached {
    target: Target,
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
    /// The server of this channel; `None` for a named instance, whose port only the driver finds.
    pub(crate) fn new(request: &ConnectRequest<'_>, channel: &Channel) -> Option<Self> {
        let is_yes = |value: &str| {
            ["yes", "true"]
                .iter()
                .any(|yes| value.trim().eq_ignore_ascii_case(yes))
        };
        let asked = request.get(&["TrustServerCertificate"]);
        Some(Self {
            target: channel.target(request.login_options())?,
            is_trust_ignored: channel.is_validated() && asked.is_some_and(|value| is_yes(&value)),
        })
    }

    /// Tries to log in, without a token, where the records say that the driver has not reached the server.
    pub(crate) fn diagnose(
        &self,
        records: &[DriverRecord],
        deadline: Instant,
        context: &ConnectContext<'_>,
    ) -> Option<LoginFailure> {
        let first = leading(records)?;
        if !UNREACHED.contains(&first.sqlstate.as_str()) {
            return None;
        }
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now);
        let limit = left.clamp(LEAST_TIME, MOST_TIME);
        let attempt = diagnose(self.target.clone(), context.services.environment.clone(), limit);
        // The attempt has a limit of its own; this one is for a background thread that is in trouble.
        let diagnosis = context
            .services
            .tokens
            .run(now + limit + LEAST_TIME, attempt)
            .ok()??;
        tracing::debug!(target: "entra_odbc", event = "login_diagnosed", ?diagnosis);
        let Words { cause, what, remedy } = self.words(&diagnosis, left.is_zero())?;
        let kind = if first.sqlstate == "HYT00" {
            ErrorKind::TimedOut
        } else {
            ErrorKind::Unreachable
        };
        let driver = Refusal::from(first);
        let detail = match diagnosis.finding {
            Finding::Refuses(words) => words,
            _ => format!("Driver: {}", driver.own_words()),
        };
        Some(LoginFailure {
            cause,
            sqlstate: first.sqlstate.clone(),
            native: first.native,
            error: Error::new(kind, what).remedy(remedy).detail(detail),
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
            Finding::NameUnknown(why) => said(
                Cause::NotReached,
                match redirect {
                    Some(redirect) => format!("{redirect}, and that name has no address here: {why}"),
                    None => format!("{host} has no address here: {why}"),
                },
                "Check the name in Server= and the name server of this network; the name of a private endpoint is known \
                 only where its private DNS zone is linked.",
            ),
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
            "; TrustServerCertificate=yes does not count for a server of Azure's (docs/trust.md)"
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
mod tests {
    use super::*;
    use crate::{
        diagnostics::MESSAGE_LIMIT,
        tds::{Encryption, LoginOptions, Trust},
    };

    fn reached(is_trust_ignored: bool) -> Reached {
        Reached {
            target: Target {
                host: "contoso.database.windows.net".to_owned(),
                port: 1433,
                connect_to: None,
                options: LoginOptions::default(),
                encryption: Encryption::Yes,
                trust: Trust::Any,
            },
            is_trust_ignored,
        }
    }

    fn diagnosis(finding: Finding) -> Diagnosis {
        Diagnosis {
            at: ("contoso.database.windows.net".to_owned(), 1433),
            redirected_by: None,
            finding,
        }
    }

    fn wrong(names: &[&str]) -> WrongName {
        WrongName {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn every_finding_is_ascii_and_fits_a_record_with_its_remedy() {
        let why = || "it is said so".to_owned();
        for finding in [
            Finding::NameUnknown(why()),
            Finding::NobodyListens,
            Finding::Silent,
            Finding::Unroutable(why()),
            Finding::WrongName(wrong(&["contoso.database.windows.net"])),
            Finding::Tls(TlsFailure::Expired),
            Finding::Tls(TlsFailure::Handshake("it does not speak TLS")),
            Finding::Mute,
            Finding::NotUnderstood(why()),
            Finding::Refuses(why()),
            Finding::Answers,
        ] {
            let mut diagnosis = diagnosis(finding);
            for redirected_by in [None, Some(("gateway.database.windows.net".to_owned(), 1433))] {
                diagnosis.redirected_by = redirected_by;
                let words = reached(true).words(&diagnosis, true).unwrap();
                let text = format!("{}. {}", words.what, words.remedy);
                assert!(text.is_ascii() && text.len() < MESSAGE_LIMIT - 60, "{text}");
            }
        }
    }

    #[test]
    fn the_remedy_for_a_wrong_name_is_what_to_write() {
        for (names, expected) in [
            (
                &["contoso.database.windows.net"][..],
                "HostnameInCertificate=contoso.database.windows.net",
            ),
            (
                &["eastus1-a.control.database.windows.net", "*.database.windows.net"],
                "Server=eastus1-a",
            ),
            (&["*.database.windows.net"], "which fits *.database.windows.net"),
            (&["db.corp.example"], "entra-odbc trust add 10.1.2.3"),
            (&[], "nothing else answers"),
        ] {
            let remedy = name_remedy("10.1.2.3", &wrong(names));
            assert!(remedy.contains(expected), "{remedy}");
        }
    }

    #[test]
    fn trust_that_does_not_count_is_told_with_the_certificate_alone() {
        let words = |trust, finding| reached(trust).words(&diagnosis(finding), false).unwrap().what;
        let certificate = || Finding::WrongName(wrong(&["other.example"]));
        assert!(words(true, certificate()).contains("TrustServerCertificate=yes does not count"));
        assert!(!words(false, certificate()).contains("TrustServerCertificate"));
        assert!(!words(true, Finding::Silent).contains("TrustServerCertificate"));
    }

    #[test]
    fn a_server_that_is_well_explains_only_a_login_that_took_too_long() {
        let answers = diagnosis(Finding::Answers);
        assert!(reached(false).words(&answers, false).is_none());
        let words = reached(false).words(&answers, true).unwrap();
        assert!(words.cause == Cause::TimedOut && words.remedy.contains("60 s"));
    }
}
