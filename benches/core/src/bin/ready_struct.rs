//! From a cached token to the struct that Driver 18 reads, and the whole story of a connect without the driver.

// The cdylib has no library face for Rust; this file of it stands alone.
#[path = "../../../../src/odbc/token_buffer.rs"]
#[allow(dead_code, reason = "the shim uses all of it")]
mod token_buffer;

// What that file asks of the system: Linux, on which the figures are measured.
#[path = "../../../../src/os/linux/memory.rs"]
pub mod memory;

mod os {
    pub mod system {
        pub use crate::memory;
    }
}

use core_benches::{Counting, cost, row};
use entra_auth::{
    Environment, Error, Secret, Services, Token, TokenService,
    credential::{BoxFuture, Credential, SignIn, TokenRequest},
    identity_key::IdentityKey,
    user::prompt::Prompts,
};
use entra_odbc_core::{
    RedirectCache,
    connect::{
        Answer, ConnectContext, ConnectOutcome, DriverCompletion, DriverReply, LoginWatch, TargetConnection,
        connect,
    },
    diagnostics::DriverRecord,
    driver::access_token_struct::AccessTokenStruct,
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    time::{Duration, Instant, SystemTime},
};
use token_buffer::TokenBuffer;
use zeroize::Zeroizing;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// As long as Entra's tokens for a service principal usually are.
const LENGTH: usize = 1600;
const SCOPE: &str = "https://database.windows.net/.default";

#[derive(Debug)]
struct Made;

impl Credential for Made {
    fn token<'a>(&'a self, _: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        let end = SystemTime::now() + Duration::from_hours(1);
        Box::pin(async move { Ok(Token::received(Secret::new("t".repeat(LENGTH)), end)) })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = TokenService::new();
    let key = IdentityKey::builder("bench")?.finish();
    let sign_in = SignIn::requesting(key, "bench", SCOPE, Made);
    let deadline = Instant::now() + Duration::from_mins(10);
    let first = service.token(&sign_in, deadline)?.token;
    let mut buffer = TokenBuffer::for_token(&AccessTokenStruct::new(&first.text)?)?;

    let mut write =
        |token: &Token| AccessTokenStruct::new(&token.text).is_ok_and(|token| buffer.fill(&token));
    let whole = cost(20_000, || {
        service
            .token(&sign_in, deadline)
            .is_ok_and(|issued| write(&issued.token))
    });
    row("cached token to ready struct", "ns", whole.nanoseconds, 200);
    row("  allocations", "", whole.allocations, 0);
    let cached = cost(20_000, || service.token(&sign_in, deadline));
    row("  of which: the token service", "ns", cached.nanoseconds, "");
    let written = cost(20_000, || write(&first));
    row(
        "  of which: the struct, 1600 characters",
        "ns",
        written.nanoseconds,
        "",
    );
    let made = cost(5_000, || {
        let buffer = TokenBuffer::for_token(&AccessTokenStruct::new(&first.text).ok()?).ok()?;
        // SAFETY: no driver was ever given it.
        unsafe { buffer.release() };
        Some(buffer)
    });
    row(
        "a connection's own buffer: map, write, zero, unmap",
        "ns",
        made.nanoseconds,
        "",
    );
    story()
}

/// The whole story, its token cached, over a driver that answers at once.
fn story() -> Result<(), Box<dyn std::error::Error>> {
    let environment = Environment::fixed([
        ("IDENTITY_ENDPOINT", endpoint()?.as_str()),
        ("IDENTITY_HEADER", "bench"),
    ]);
    let services = Services::new(environment, Prompts::unseen());
    let context = ConnectContext {
        services: &services,
        redirects: &RedirectCache::new(),
        logins: &LoginWatch::new(),
        installed: &|_| None,
        takes_tokens: &|| true,
        data_source: &|_, _| None,
        data_source_keywords: &|_| Vec::new(),
    };
    let text: Vec<u16> =
        "DRIVER={ODBC Driver 18 Entra for SQL Server};Server=localhost,1433;Database=payroll;\
                          Encrypt=yes;Authentication=ActiveDirectoryMsi"
            .encode_utf16()
            .collect();
    let text_of_size = Secret::new("t".repeat(LENGTH));
    let mut real = Yes(TokenBuffer::for_token(&AccessTokenStruct::new(&text_of_size)?)?);
    let first = connect(&text, &mut None, &mut real, &context)?;
    if !matches!(first, Answer::SignedIn { .. }) {
        return Err("the connect was not taken for one of ours".into());
    }
    let all = cost(2_000, || connect(&text, &mut None, &mut real, &context).is_ok());
    row(
        "our part of a warm connect, without the driver",
        "ns",
        all.nanoseconds,
        "",
    );
    row("  allocations", "", all.allocations, "");
    Ok(())
}

/// An App Service endpoint for one request.
fn endpoint() -> Result<String, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let _ = stream.read(&mut [0; 4096])?;
        let token = "t".repeat(LENGTH);
        let body = format!(r#"{{"access_token":"{token}","expires_on":"4102444800","token_type":"Bearer"}}"#);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    });
    Ok(format!("http://{address}/msi/token"))
}

/// A driver that connects at once.
struct Yes(TokenBuffer);

impl TargetConnection for Yes {
    fn login_timeout(&mut self) -> Option<Duration> {
        Some(Duration::from_secs(15))
    }
    fn has_application_timeout(&self) -> bool {
        false
    }

    fn limit_login(&mut self, _: Duration) {}

    fn has_application_token(&self) -> bool {
        false
    }

    fn place(&mut self, token: &AccessTokenStruct<'_>) -> Result<(), Error> {
        self.0.fill(token);
        Ok(())
    }

    fn remove_token(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn connect(&mut self, _: &[u16], _: DriverCompletion) -> DriverReply {
        DriverReply {
            outcome: ConnectOutcome::Connected(0),
            completed: Zeroizing::default(),
        }
    }

    fn records(&self) -> Vec<DriverRecord> {
        Vec::new()
    }
}
