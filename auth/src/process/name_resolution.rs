//! Resolution of host names. A name server that does not answer delays only the names that depend on it.
//!
//! The system's lookup takes up to half a minute and cannot be limited or cancelled. Each name therefore has its own
//! thread during the lookup, and concurrent requests for the name share the answer. The lookups of tokio and reqwest
//! share a small pool of threads, which slow names would exhaust.

use crate::process::{
    fork::{Lock, Process},
    runtime::with_signals_blocked,
};
use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use std::{io, mem, net::SocketAddr, thread, time::Duration};
use tokio::sync::watch;

/// The maximum number of concurrent lookups. Further ones wait.
const MAX_CONCURRENT_LOOKUPS: usize = 128;

/// The pause between two checks whether another lookup may start.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Addresses without a port, or the error text: an `io::Error` cannot be cloned.
type Answer = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;

type LookUp = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The addresses of a host name or literal address, each with port 0.
///
/// The error is of the kind `NotFound` where a name server says that there is no such name.
pub async fn addresses(host: &str) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, 0)]);
    }
    SYSTEM.addresses(host).await
}

/// For reqwest.
#[derive(Debug, Clone, Copy)]
pub struct Resolver;

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async move {
            let addresses = addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

static SYSTEM: Names = Names::new(system_addresses);

fn system_addresses(host: &str) -> io::Result<Vec<SocketAddr>> {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| {
        // The kind is not that of a system call, which may have missed a file.
        let kind = match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => io::ErrorKind::NotFound,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, io::Error::from(error))
    })?;
    found.map(|one| one.map(|one| one.sockaddr)).collect()
}

/// The lookups in progress.
struct Names {
    under_way: Lock<Vec<UnderWay>>,
    look_up: LookUp,
}

struct UnderWay {
    process: Process,
    host: String,
    answer: watch::Receiver<Option<Answer>>,
}

impl Names {
    const fn new(look_up: LookUp) -> Self {
        Self {
            under_way: Lock::new(Vec::new()),
            look_up,
        }
    }

    async fn addresses(&'static self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let mut answer = loop {
            match self.join(host)? {
                Some(answer) => break answer,
                None => tokio::time::sleep(POLL_INTERVAL).await,
            }
        };
        let answer = answer.wait_for(Option::is_some).await.map_err(io::Error::other)?;
        match answer.as_ref() {
            Some(Ok(addresses)) => Ok(addresses.clone()),
            Some(Err((kind, why))) => Err(io::Error::new(*kind, why.clone())),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Joins or starts the lookup of that name; `None` if the maximum number of lookups is running.
    fn join(&'static self, host: &str) -> io::Result<Option<watch::Receiver<Option<Answer>>>> {
        let host = host.to_ascii_lowercase();
        let mut under_way = self.under_way.lock();
        let process = Process::current();
        if under_way.iter().any(|one| one.process != process) {
            // The threads exist only in the parent. Their channels were copied in an unknown state: not dropped.
            mem::forget(mem::take(&mut *under_way));
        }
        if let Some(known) = under_way.iter().find(|one| one.host == host) {
            return Ok(Some(known.answer.clone()));
        }
        if under_way.len() >= MAX_CONCURRENT_LOOKUPS {
            return Ok(None);
        }
        let (sender, answer) = watch::channel(None);
        under_way.push(UnderWay {
            process,
            host: host.clone(),
            answer: answer.clone(),
        });
        drop(under_way);
        let ended = Ended { names: self, host };
        let look_up = move || {
            let looked_up = (self.look_up)(&ended.host);
            // Before the answer is sent: later requests start a new lookup.
            drop(ended);
            let _ = sender.send(Some(looked_up.map_err(|error| (error.kind(), error.to_string()))));
        };
        with_signals_blocked(|| {
            thread::Builder::new()
                .name("entra-odbc-name".into())
                .spawn(look_up)
        })?;
        Ok(Some(answer))
    }
}

/// Removes a name from the list when its lookup ends, also by a panic.
struct Ended {
    names: &'static Names,
    host: String,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.names.under_way.lock().retain(|one| one.host != self.host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::saved_accounts::tests::block_on;
    use std::{
        future::poll_fn,
        pin::pin,
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
        task::Poll,
    };

    fn one(last: u8) -> Vec<SocketAddr> {
        vec![SocketAddr::from(([127, 0, 0, last], 0))]
    }

    #[test]
    fn a_name_whose_server_keeps_silent_holds_up_no_other_name() {
        static GATE: Mutex<()> = Mutex::new(());
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        static NAMES: Names = Names::new(|host| {
            if host.starts_with("silent") {
                ASKED.fetch_add(1, Ordering::SeqCst);
                drop(GATE.lock().unwrap());
            }
            Ok(one(7))
        });
        let silent = GATE.lock().unwrap();
        block_on(async {
            // More than tokio's threads were, and several for one name.
            let hosts: Vec<_> = (0..100).map(|number| format!("Silent-{}", number % 50)).collect();
            let mut waiting: Vec<_> = hosts.iter().map(|host| Box::pin(NAMES.addresses(host))).collect();
            poll_fn(|context| {
                for one in &mut waiting {
                    assert!(one.as_mut().poll(context).is_pending());
                }
                Poll::Ready(())
            })
            .await;
            assert_eq!(NAMES.addresses("other").await.unwrap(), one(7));
            drop(silent);
            for one_of_them in waiting {
                assert_eq!(one_of_them.await.unwrap(), one(7));
            }
        });
        assert_eq!(
            ASKED.load(Ordering::SeqCst),
            50,
            "one look-up for all who ask for a name"
        );
        assert!(NAMES.under_way.lock().is_empty());
    }

    #[test]
    fn beyond_the_bound_a_name_waits_for_room_and_then_has_its_turn() {
        static GATE: Mutex<()> = Mutex::new(());
        static NAMES: Names = Names::new(|_| {
            drop(GATE.lock().unwrap());
            Ok(one(7))
        });
        let silent = GATE.lock().unwrap();
        block_on(async {
            for number in 0..MAX_CONCURRENT_LOOKUPS {
                assert!(NAMES.join(&number.to_string()).unwrap().is_some());
            }
            assert!(NAMES.join("one too many").unwrap().is_none());
            let mut timeout_error = pin!(NAMES.addresses("one too many"));
            let waits =
                poll_fn(|context| Poll::Ready(timeout_error.as_mut().poll(context).is_pending())).await;
            assert!(waits);
            drop(silent);
            assert_eq!(timeout_error.await.unwrap(), one(7));
        });
    }

    #[test]
    fn addresses_are_not_looked_up_and_what_has_none_is_an_error() {
        static NAMES: Names = Names::new(|_| Err(io::Error::other("no such name")));
        assert_eq!(block_on(addresses("127.0.0.7")).unwrap(), one(7));
        assert!(
            block_on(addresses("localhost"))
                .unwrap()
                .iter()
                .all(|one| one.ip().is_loopback())
        );
        let error = block_on(NAMES.addresses("nowhere")).unwrap_err();
        assert_eq!(error.to_string(), "no such name");
    }
}
