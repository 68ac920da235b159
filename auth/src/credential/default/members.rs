//! The members of the chain, their order, and their selection by `AZURE_TOKEN_CREDENTIALS`.

use crate::{
    Environment, Error, Keyword, Options,
    credential::{
        CredentialContext, SignIn, azure_cli, azure_developer_cli, azure_powershell, environment,
        managed_identity, saved_account, workload_identity,
    },
};

/// The variable that all SDKs read.
const VARIABLE: &str = "AZURE_TOKEN_CREDENTIALS";

/// A member of the chain.
#[derive(Debug)]
pub struct Member {
    /// The name of the authentication mode.
    pub name: &'static str,
    /// Its name in azure-identity, which `AZURE_TOKEN_CREDENTIALS` takes.
    pub credential: &'static str,
    /// Whether it belongs to a developer's machine, not to a deployed program.
    pub is_tool: bool,
    /// Whether its endpoint is probed first if the chain has other members.
    pub needs_probe: bool,
    /// The connection's keywords that it uses.
    keywords: &'static [Keyword],
    /// The `prepare` function of the mode.
    pub prepare: fn(&CredentialContext<'_>) -> Result<SignIn, Error>,
}

/// All members in their order.
pub const MEMBERS: &[Member] = &[
    Member {
        name: "Environment",
        credential: "EnvironmentCredential",
        is_tool: false,
        needs_probe: false,
        keywords: &[],
        prepare: environment::prepare,
    },
    Member {
        name: "WorkloadIdentity",
        credential: "WorkloadIdentityCredential",
        is_tool: false,
        needs_probe: false,
        keywords: &[Keyword::ClientId, Keyword::TenantId],
        prepare: workload_identity::prepare,
    },
    Member {
        name: "Msi",
        credential: "ManagedIdentityCredential",
        is_tool: false,
        needs_probe: true,
        keywords: &[Keyword::ClientId],
        prepare: managed_identity::prepare_for_default_chain,
    },
    Member {
        name: "AzCli",
        credential: "AzureCliCredential",
        is_tool: true,
        needs_probe: false,
        keywords: &[Keyword::TenantId],
        prepare: azure_cli::prepare,
    },
    Member {
        name: "AzureDeveloperCli",
        credential: "AzureDeveloperCliCredential",
        is_tool: true,
        needs_probe: false,
        keywords: &[Keyword::TenantId],
        prepare: azure_developer_cli::prepare,
    },
    Member {
        name: "AzurePowerShell",
        credential: "AzurePowerShellCredential",
        is_tool: true,
        needs_probe: false,
        keywords: &[Keyword::TenantId],
        prepare: azure_powershell::prepare,
    },
    Member {
        name: "Saved",
        credential: "SharedTokenCacheCredential",
        is_tool: true,
        needs_probe: false,
        keywords: &[Keyword::TenantId],
        prepare: saved_account::prepare,
    },
];

impl Member {
    /// The connection's keywords as far as this member may see them.
    ///
    /// `UID` names the managed identity too, as SqlClient has it; else `AZURE_CLIENT_ID` does, as in
    /// azure-identity.
    pub fn options(&self, context: &CredentialContext<'_>) -> Options {
        let mut options = Options::default();
        for keyword in self.keywords {
            let given = context.options.get(*keyword).map(str::to_owned);
            let value = match keyword {
                Keyword::ClientId => given
                    .or_else(|| context.options.get(Keyword::User).map(str::to_owned))
                    .or_else(|| context.environment().get("AZURE_CLIENT_ID")),
                _ => given,
            };
            if let Some(value) = value {
                options.add(*keyword, value);
            }
        }
        options
    }
}

/// The members that `AZURE_TOKEN_CREDENTIALS` selects: all, `prod`, `dev` or one.
pub fn selected(environment: &Environment) -> Result<Vec<&'static Member>, Error> {
    let value = environment.get(VARIABLE).map(|value| value.trim().to_owned());
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(MEMBERS.iter().collect());
    };
    let fits = |member: &&Member| match value.to_ascii_lowercase().as_str() {
        "prod" => !member.is_tool,
        "dev" => member.is_tool,
        name => member.credential.eq_ignore_ascii_case(name),
    };
    let members: Vec<_> = MEMBERS.iter().filter(fits).collect();
    if members.is_empty() {
        let known: Vec<_> = MEMBERS.iter().map(|member| member.credential).collect();
        return Err(
            Error::invalid(format!("{VARIABLE} names a credential that is not in this chain"))
                .remedy(format!("Set it to prod, dev, or one of {}.", known.join(", "))),
        );
    }
    Ok(members)
}
