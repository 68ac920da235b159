//! `login`: signs a person in, and saves the account for the programs of this user.

use crate::{
    arguments::resource::{Cloud, Resource, Service},
    context::Context,
    ui::{
        failure::Failure,
        terminal::{self, Style},
    },
};
use entra_auth::{
    Environment, Error,
    token::Claims,
    user::saved_accounts::{Account, Accounts},
};
use entra_odbc_core::connect::KeywordSignIn;
use serde_json::json;
use std::time::Duration;

const HELP: &str = "\
Examples:
  entra-odbc login
  entra-odbc login --device-code
  entra-odbc login --tenant contoso.onmicrosoft.com \\
      --username ada@contoso.com

Afterwards Authentication=ActiveDirectoryDefault signs in as this person, in every program of this user, unless the \
machine itself offers an identity (environment variables, managed identity, the Azure CLI). `entra-odbc explain saved-sign-ins` \
says what is saved where.";

/// The time limit of the requests before and after the prompt.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Sign in, for all programs of this user
///
/// With a browser where there is one, else with a code to be typed into a browser anywhere.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Show a code to be typed into a browser on any device
    #[arg(long, conflicts_with = "browser")]
    device_code: bool,
    /// Open a browser on this machine, even if there seems to be none
    #[arg(long)]
    browser: bool,
    /// The tenant: a GUID or a domain name [default: the person's own]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// The application to sign in to [default: the Azure CLI's]
    #[arg(long, value_name = "GUID")]
    client_id: Option<String>,
    /// Who is about to sign in, to be filled in for them in the browser
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The cloud
    #[arg(long, value_enum, default_value_t = Cloud::Public)]
    cloud: Cloud,
    /// How many seconds the person has
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// Print JSON: who signed in
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let context = Context::new();
    let accounts = Accounts::from_environment(&context.services.environment)?;
    // Before the prompt, to find out whether the account can be saved at all. Concurrent logins may share the lock.
    let _lock = accounts.lock("login")?;
    let sign_in = arguments.sign_in(&context)?;
    let scope = Resource::Service(Service::Sql).scope(arguments.cloud).to_owned();
    let issued = context.token(&sign_in, Some(&scope), REQUEST_TIMEOUT)?;
    let account = saved_account(&accounts, &issued.token.claims())?;
    if arguments.json {
        terminal::print_json(&json!({
            "username": account.username, "tenant": account.tenant, "client_id": account.client, "id": account.id(),
        }))?;
        return Ok(());
    }
    terminal::print(&format!(
        "Signed in as {} (tenant {}).\n{}",
        account.username,
        account.tenant,
        Style::Faint.paint("Programs of this user now connect with Authentication=ActiveDirectoryDefault.")
    ))?;
    Ok(())
}

impl Arguments {
    fn sign_in(&self, context: &Context) -> Result<KeywordSignIn, Failure> {
        let uses_device_code =
            self.device_code || !self.browser && !has_browser(&context.services.environment);
        let timeout = self.timeout.to_string();
        let mut pairs = vec![
            (
                "Authentication",
                if uses_device_code {
                    "ActiveDirectoryDeviceCode"
                } else {
                    "ActiveDirectoryInteractive"
                },
            ),
            ("SaveAccount", "yes"),
            ("InteractiveTimeout", timeout.as_str()),
        ];
        let given = [
            ("TenantId", self.tenant.as_deref()),
            ("ClientId", self.client_id.as_deref()),
            ("UID", self.username.as_deref()),
            (
                "Authority",
                (self.cloud != Cloud::Public).then(|| self.cloud.authority()),
            ),
        ];
        pairs.extend(
            given
                .into_iter()
                .filter_map(|(keyword, value)| Some((keyword, value?))),
        );
        let read: Result<_, Error> =
            context.with_connect_context(|connect_context| KeywordSignIn::from_pairs(pairs, connect_context));
        read.map_err(Failure::from)
    }
}

/// Whether a browser can be shown to the person: not in an ssh session without a display.
fn has_browser(environment: &Environment) -> bool {
    ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| environment.get(name).is_some())
}

/// The account that the sign-in has just saved.
fn saved_account(accounts: &Accounts, claims: &Claims) -> Result<Account, Failure> {
    let same = |account: &Account| {
        claims.oid.as_ref().is_none_or(|oid| *oid == account.object_id)
            && claims
                .tid
                .as_ref()
                .is_none_or(|tenant| tenant.eq_ignore_ascii_case(&account.tenant))
    };
    accounts.list()?.into_iter().find(same).ok_or_else(|| {
        Failure::failed(
            format!(
                "{claims} has signed in, but that could not be saved in {}",
                accounts.path().display()
            ),
            "ENTRA_ODBC_LOG=warn says why.",
        )
    })
}
