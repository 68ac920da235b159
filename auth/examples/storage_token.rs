//! Gets a token for Azure Storage through azure_core's `TokenCredential`, as a client of Azure's SDK does.
//!
//! ```sh
//! # Whoever this machine signs in: variables of azure-identity, a managed identity, `az login`, …
//! cargo run -p entra-auth --example storage_token
//!
//! # Another mode, with its keywords (docs/keywords.md has them all).
//! cargo run -p entra-auth --example storage_token Msi ClientId=<client id>
//! cargo run -p entra-auth --example storage_token AzCli
//! ```
//!
//! A secret does not belong on a command line: name its file, `ClientSecretFile=<path>`.
//!
//! It prints whose token it is and how long it lives, and the token itself nowhere. A client of Azure's SDK takes the
//! credential as it is: `BlobClient::new(endpoint, …, Some(credential), None)`.

use azure_core::credentials::TokenCredential;
use entra_auth::{EntraCredential, token::Claims};
use std::{env, error::Error, sync::Arc, time::SystemTime};

const SCOPE: &str = "https://storage.azure.com/.default";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mode = arguments.next().unwrap_or_else(|| "Default".to_owned());
    let mut builder = EntraCredential::builder(&mode);
    for argument in arguments {
        let (keyword, value) = argument.split_once('=').ok_or("an option is <keyword>=<value>")?;
        builder = builder.option(keyword, value);
    }
    let credential: Arc<dyn TokenCredential> = Arc::new(builder.build()?);

    // Any executor will do: the request runs on a thread of the library.
    let executor = tokio::runtime::Builder::new_current_thread().build()?;
    let token = executor.block_on(credential.get_token(&[SCOPE], None))?;

    let left = SystemTime::from(token.expires_on).duration_since(SystemTime::now())?;
    let claims = Claims::parse(token.token.secret());
    println!("{claims}");
    println!(
        "for {}, {} s left",
        claims.aud.as_deref().unwrap_or(SCOPE),
        left.as_secs()
    );
    Ok(())
}
