//! A login from LOGIN7 to LOGINACK.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::Shared;
use super::conversation::Conversation;
use super::failure::Failure;
use super::fault::Fault;
use super::identity::{self, Checked, Identity};
use super::login7::{FedAuth, Login7, Recovery, Restored, feature, fedauth_token, token_text};
use super::packet::{DEFAULT_PACKET_SIZE, Incoming, Outgoing, kind};
use super::record::{Hidden, Login, LoginKind, Outcome};
use super::session::{Client, Session};
use super::storage::Work;
use super::tokens::{self, COLLATION, DoneKind, SqlError, done, environment};

pub(super) const VERSION: [u8; 4] = [12, 0, 0x07, 0xD0];
const PROGRAM: &str = "Microsoft SQL Server";
const LANGUAGE: &str = "us_english";
const DEFAULT_DATABASE: &str = "master";
const PACKET_SIZES: std::ops::RangeInclusive<usize> = 512..=32767;

/// What is known of a connection before anyone logs in.
pub(super) struct Arrival {
    pub(super) connection: u64,
    pub(super) peer: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) strict: bool,
    pub(super) encryption: u8,
    pub(super) tls: String,
    pub(super) tls_name: Option<String>,
}

/// `None` when there is nothing more to say to this client.
pub(super) async fn log_in<R, W>(
    mut incoming: Incoming<R>,
    mut outgoing: Outgoing<W>,
    spid: u16,
    arrival: &Arrival,
    shared: &Arc<Shared>,
) -> Result<Option<Conversation<R, W>>, Failure>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let message = incoming.expect(kind::LOGIN7).await?;
    let login7 = Login7::parse(&message.body)?;
    let mut login = recorded(&login7, arrival);

    match shared.faults.for_login() {
        None => {}
        Some(Fault::RefuseLogin(error)) => {
            if let Some(FedAuth::Inline(token)) = &login7.fedauth {
                login.token = Some(Hidden::new(token_text(token)?));
            }
            return refuse(outgoing, login, error, shared).await;
        }
        Some(Fault::RouteLogin { host, port }) => {
            login.outcome = Outcome::Routed;
            shared.journal.login(login);
            tokens::login_acknowledged(&mut outgoing.tokens, PROGRAM, VERSION);
            tokens::routing(&mut outgoing.tokens, &host, port);
            done(&mut outgoing.tokens, DoneKind::Batch, 0, 0, 0);
            outgoing.finish().await?;
            // The client closes; closing first could take the answer away from it.
            incoming.message().await?;
            return Ok(None);
        }
        Some(Fault::HangLogin) => {
            shared.journal.login(login);
            while incoming.message().await?.is_some() {}
            return Ok(None);
        }
        Some(_) => {
            shared.journal.login(login);
            return Err(Failure::Injected);
        }
    }

    let authenticated = authenticate(&login7, &mut login, &mut incoming, &mut outgoing, shared).await?;
    let Some(checked) = authenticated else {
        login.outcome = Outcome::Abandoned;
        shared.journal.login(login);
        return Ok(None);
    };
    login.claims = checked.claims;
    let identity = match checked
        .outcome
        .and_then(|identity| open(&login, identity, shared))
    {
        Ok(identity) => identity,
        Err(error) => return refuse(outgoing, login, error, shared).await,
    };

    login.outcome = Outcome::Accepted(identity.login.clone());
    let session = session(&login7, &login, identity, spid, arrival, shared);
    welcome(&login7, &session, &mut outgoing);
    // Recorded first: who has seen the answer may ask what arrived.
    shared.journal.login(login);
    outgoing.finish().await?;
    outgoing.packet_size = packet_size(&login7);
    Ok(Some(Conversation {
        incoming,
        outgoing,
        session,
        connection: arrival.connection,
        shared: Arc::clone(shared),
        uncaught: None,
    }))
}

fn recorded(login7: &Login7, arrival: &Arrival) -> Login {
    let restored = match &login7.recovery {
        Some(Recovery::Reconnect(restored)) => Some(restored),
        _ => None,
    };
    Login {
        connection: arrival.connection,
        kind: match &login7.fedauth {
            Some(FedAuth::Inline(_)) => LoginKind::InlineToken,
            Some(FedAuth::Workflow(_)) => LoginKind::Workflow,
            None if login7.has_sspi => LoginKind::Integrated,
            None => LoginKind::Sql,
        },
        user: login7.user_name.clone(),
        token: None,
        claims: None,
        host_name: login7.host_name.clone(),
        app_name: login7.app_name.clone(),
        server_name: login7.server_name.clone(),
        database: restored
            .map(|restored| restored.database.clone())
            .filter(|database| !database.is_empty())
            .unwrap_or_else(|| login7.database.clone()),
        library: login7.library.clone(),
        process_id: login7.client_process,
        recovery_requested: login7.recovery.is_some(),
        reconnect: restored.is_some(),
        destination: arrival.destination,
        strict: arrival.strict,
        encryption: arrival.encryption,
        tls: arrival.tls.clone(),
        tls_name: arrival.tls_name.clone(),
        features: login7.features.clone(),
        outcome: Outcome::Fault,
    }
}

/// `None` if the client leaves instead of sending its token.
async fn authenticate<R, W>(
    login7: &Login7,
    login: &mut Login,
    incoming: &mut Incoming<R>,
    outgoing: &mut Outgoing<W>,
    shared: &Shared,
) -> Result<Option<Checked>, Failure>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let options = &shared.options;
    let token = match &login7.fedauth {
        Some(FedAuth::Inline(token)) => token.clone(),
        Some(FedAuth::Workflow(_)) => {
            tokens::fedauth_info(&mut outgoing.tokens, &options.sts_url, &options.spn);
            outgoing.finish().await?;
            match incoming.message().await {
                Ok(Some(message)) if message.kind == kind::FEDAUTH_TOKEN => fedauth_token(&message.body)?,
                Ok(Some(message)) => {
                    let text = format!("packet type {:#04x} instead of a token", message.kind);
                    return Err(super::wire::Malformed(text).into());
                }
                // A probe may close without a word to TLS.
                Ok(None) | Err(Failure::Io(_)) => return Ok(None),
                Err(failure) => return Err(failure),
            }
        }
        None if login7.has_sspi => {
            let text = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.";
            return Ok(Some(Checked {
                claims: None,
                outcome: Err(SqlError::new(18452, text).with_class(14)),
            }));
        }
        None => {
            return Ok(Some(Checked {
                claims: None,
                outcome: identity::of_user(&login7.user_name, &login7.password, options),
            }));
        }
    };
    let token = token_text(&token)?;
    let checked = identity::of_token(&token, options);
    login.token = Some(Hidden::new(token));
    Ok(Some(checked))
}

/// The database must exist, where the server was given a list.
fn open(login: &Login, identity: Identity, shared: &Shared) -> Result<Identity, SqlError> {
    let Some(databases) = &shared.options.databases else {
        return Ok(identity);
    };
    let known = login.database.is_empty()
        || databases
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&login.database));
    if known {
        return Ok(identity);
    }
    let text = format!(
        "Cannot open database \"{}\" requested by the login. The login failed.",
        login.database
    );
    Err(SqlError::new(4060, text).with_class(11))
}

async fn refuse<R, W: AsyncWrite + Unpin + Send>(
    mut outgoing: Outgoing<W>,
    mut login: Login,
    error: SqlError,
    shared: &Shared,
) -> Result<Option<Conversation<R, W>>, Failure> {
    tokens::message(&mut outgoing.tokens, &error);
    done(&mut outgoing.tokens, DoneKind::Batch, done::ERROR, 0, 0);
    login.outcome = Outcome::Refused(error);
    shared.journal.login(login);
    outgoing.finish().await?;
    Ok(None)
}

fn session(
    login7: &Login7,
    login: &Login,
    identity: Identity,
    spid: u16,
    arrival: &Arrival,
    shared: &Shared,
) -> Session {
    let none = Restored::default();
    let restored = match &login7.recovery {
        Some(Recovery::Reconnect(restored)) => restored,
        _ => &none,
    };
    let database = if login.database.is_empty() {
        DEFAULT_DATABASE.to_owned()
    } else {
        login.database.clone()
    };
    let client = Client {
        identity,
        host: login7.host_name.clone(),
        app: login7.app_name.clone(),
        address: arrival.peer.ip().to_string(),
        server_port: arrival.destination.port(),
        spid,
        recoverable: login7.recovery.is_some(),
    };
    let work = Work::new(Arc::clone(&shared.storage), arrival.connection);
    Session::new(client, database, &restored.states, work)
}

/// The login response, in the real server's order.
fn welcome<W>(login7: &Login7, session: &Session, outgoing: &mut Outgoing<W>) {
    let out = &mut outgoing.tokens;
    tokens::environment_text(out, environment::DATABASE, &session.database, DEFAULT_DATABASE);
    let text = format!("Changed database context to '{}'.", session.database);
    tokens::info(out, 5701, &text);
    tokens::environment_bytes(out, environment::COLLATION, &COLLATION, &[]);
    tokens::environment_text(out, environment::LANGUAGE, LANGUAGE, "");
    let text = format!("Changed language setting to {LANGUAGE}.");
    tokens::info(out, 5703, &text);
    tokens::login_acknowledged(out, PROGRAM, VERSION);
    tokens::environment_text(
        out,
        environment::PACKET_SIZE,
        &packet_size(login7).to_string(),
        &DEFAULT_PACKET_SIZE.to_string(),
    );
    tokens::features_acknowledged(out, &acknowledged(login7, session));
    done(out, DoneKind::Batch, 0, 0, 0);
}

/// Of the features asked for, those that the stand-in speaks.
fn acknowledged(login7: &Login7, session: &Session) -> Vec<(u8, Vec<u8>)> {
    let mut features = Vec::new();
    if login7.wants(feature::SESSION_RECOVERY) {
        features.push((feature::SESSION_RECOVERY, session.initial_states()));
    }
    if login7.wants(feature::FEDAUTH) {
        features.push((feature::FEDAUTH, Vec::new()));
    }
    if login7.wants(feature::GLOBAL_TRANSACTIONS) {
        features.push((feature::GLOBAL_TRANSACTIONS, vec![0]));
    }
    if login7.wants(feature::AZURE_SQL_SUPPORT) {
        features.push((feature::AZURE_SQL_SUPPORT, vec![0]));
    }
    if login7.wants(feature::DATA_CLASSIFICATION) {
        // Version 1, and nothing is classified.
        features.push((feature::DATA_CLASSIFICATION, vec![1, 1]));
    }
    if login7.wants(feature::UTF8_SUPPORT) {
        features.push((feature::UTF8_SUPPORT, vec![1]));
    }
    features
}

fn packet_size(login7: &Login7) -> usize {
    match login7.packet_size {
        0 => DEFAULT_PACKET_SIZE,
        size => size.clamp(*PACKET_SIZES.start(), *PACKET_SIZES.end()),
    }
}
