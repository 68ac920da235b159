//! What an identity costs with 10,000 of them cached: a web application with a token per user.

use core_benches::{Counting, growth_since, live_bytes, median, row};
use entra_auth::{
    Error, Secret, Token, TokenService,
    credential::{BoxFuture, Credential, SignIn, TokenRequest},
    identity_key::IdentityKey,
};
use std::time::{Duration, Instant, SystemTime};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LENGTH: usize = 1600;
const MANY: u32 = 10_000;
const SCOPE: &str = "https://database.windows.net/.default";

/// Makes a token at once: what is measured is the keeping.
#[derive(Debug)]
struct Made;

impl Credential for Made {
    fn token<'a>(&'a self, _: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        let end = SystemTime::now() + Duration::from_hours(1);
        Box::pin(async move { Ok(Token::received(Secret::new("t".repeat(LENGTH)), end)) })
    }
}

fn sign_in(user: u32) -> Result<SignIn, Error> {
    let key = IdentityKey::builder("bench")?
        .with("user", &user.to_string())
        .finish();
    Ok(SignIn::requesting(key, "bench", SCOPE, Made))
}

fn main() -> Result<(), Error> {
    let service = TokenService::new();
    let deadline = Instant::now() + Duration::from_mins(10);
    // The runtime and its thread are no part of an identity; this one makes room for itself later on.
    service.token(&sign_in(u32::MAX)?, deadline)?;

    let before = live_bytes();
    let first = times(0..MANY - 1, &service, deadline)?;
    let grown = growth_since(before);
    row(
        "memory per identity, its token of 1600 characters included",
        "bytes",
        grown / f64::from(MANY - 1),
        "",
    );
    row(
        "first token of an identity, hand-over to the thread included",
        "ns",
        median(first),
        "",
    );
    let warm = times(0..MANY - 1, &service, deadline)?;
    row(
        "cached token among 10,000, its key computed",
        "ns",
        median(warm),
        "",
    );

    let before = live_bytes();
    let more = times(MANY..2 * MANY, &service, deadline)?;
    let growth = growth_since(before);
    row(
        "memory that 10,000 further identities add, at first",
        "bytes",
        growth,
        "",
    );
    row(
        "first token of an identity, the cache full",
        "ns",
        median(more.clone()),
        "",
    );
    row(
        "  the slowest of them",
        "ns",
        more.into_iter().fold(0.0, f64::max),
        "",
    );
    Ok(())
}

/// How long each of these identities waited for its token, its key made in that time as well.
fn times(users: std::ops::Range<u32>, service: &TokenService, deadline: Instant) -> Result<Vec<f64>, Error> {
    let mut times = Vec::with_capacity(MANY as usize);
    for user in users {
        let start = Instant::now();
        service.token(&sign_in(user)?, deadline)?;
        times.push(start.elapsed().as_secs_f64() * 1e9);
    }
    Ok(times)
}
