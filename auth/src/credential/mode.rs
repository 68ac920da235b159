//! The table of authentication modes.
//!
//! `make docs` writes it to `docs/keywords.md`, the C header and the Python package.

use super::{
    CredentialContext, IdentityOrigin, SignIn, access_token, azure_cli, azure_developer_cli, azure_pipelines,
    azure_powershell, default, device_code, environment, interactive, managed_identity, on_behalf_of,
    password, refresh_token, service_principal, token_provider, workload_identity,
};
use crate::{
    Error,
    Keyword::{
        self, AccessToken, AccessTokenFile, ClientAssertion, ClientAssertionFile, ClientCertificate,
        ClientCertificatePassword, ClientCertificatePasswordFile, ClientId, ClientKey, FederatedIdentity,
        InteractiveTimeout, ManagedIdentityClientId, ObjectId, Password, PasswordFile, RedirectUri,
        RefreshToken, RefreshTokenFile, ResourceId, SaveAccount, SendCertificateChain, ServiceConnectionId,
        SystemToken, SystemTokenFile, TenantId, TokenProvider, User, UserAssertion, UserAssertionFile,
    },
};

/// All authentication modes.
pub const MODES: &[Mode] = &[
    Mode {
        name: "Default",
        aliases: &[],
        who: "whatever this machine offers",
        needs: &[],
        may_have: &[User, ClientId, TenantId],
        prepare: default::prepare,
    },
    Mode {
        name: "Environment",
        aliases: &[],
        who: "whom azure-identity's variables name",
        needs: &[],
        may_have: &[],
        prepare: environment::prepare,
    },
    Mode {
        name: "Msi",
        aliases: &["ManagedIdentity"],
        who: "the identity that Azure gave to this machine or app",
        needs: &[],
        may_have: &[User, ClientId, ObjectId, ResourceId],
        prepare: managed_identity::prepare,
    },
    Mode {
        name: "ServicePrincipal",
        aliases: &["Application"],
        who: "an application, by its secret or certificate, or by a managed identity",
        needs: &[
            &[User],
            &[Password, PasswordFile, ClientCertificate, FederatedIdentity],
        ],
        may_have: &[TenantId, ManagedIdentityClientId, ObjectId, ResourceId],
        prepare: service_principal::prepare,
    },
    Mode {
        name: "ServicePrincipalCertificate",
        aliases: &[],
        who: "an application, by its certificate",
        needs: &[&[User], &[ClientCertificate]],
        may_have: &[
            TenantId,
            ClientKey,
            ClientCertificatePassword,
            ClientCertificatePasswordFile,
            Password,
            PasswordFile,
            SendCertificateChain,
        ],
        prepare: service_principal::prepare_certificate,
    },
    Mode {
        name: "ClientAssertion",
        aliases: &[],
        who: "an application that someone else vouches for",
        needs: &[&[User], &[ClientAssertion, ClientAssertionFile]],
        may_have: &[TenantId],
        prepare: service_principal::prepare_assertion,
    },
    Mode {
        name: "WorkloadIdentity",
        aliases: &[],
        who: "an application that its Kubernetes cluster vouches for",
        needs: &[],
        may_have: &[User, ClientId, TenantId, ClientAssertionFile],
        prepare: workload_identity::prepare,
    },
    Mode {
        name: "AzurePipelines",
        aliases: &[],
        who: "the service connection of an Azure Pipelines task",
        needs: &[],
        may_have: &[
            User,
            ClientId,
            TenantId,
            ServiceConnectionId,
            SystemToken,
            SystemTokenFile,
        ],
        prepare: azure_pipelines::prepare,
    },
    Mode {
        name: "AzCli",
        aliases: &["AzureCli"],
        who: "whoever ran `az login`",
        needs: &[],
        may_have: &[TenantId],
        prepare: azure_cli::prepare,
    },
    Mode {
        name: "AzureDeveloperCli",
        aliases: &["azd"],
        who: "whoever ran `azd auth login`",
        needs: &[],
        may_have: &[TenantId],
        prepare: azure_developer_cli::prepare,
    },
    Mode {
        name: "AzurePowerShell",
        aliases: &[],
        who: "whoever ran `Connect-AzAccount`",
        needs: &[],
        may_have: &[TenantId],
        prepare: azure_powershell::prepare,
    },
    Mode {
        name: "DeviceCode",
        aliases: &["DeviceCodeFlow"],
        who: "a person with any browser anywhere, by a code",
        needs: &[],
        may_have: &[TenantId, ClientId, InteractiveTimeout, SaveAccount],
        prepare: device_code::prepare,
    },
    Mode {
        name: "Interactive",
        aliases: &[],
        who: "a person with this machine's browser",
        needs: &[],
        may_have: &[
            User,
            TenantId,
            ClientId,
            RedirectUri,
            InteractiveTimeout,
            SaveAccount,
        ],
        prepare: interactive::prepare,
    },
    Mode {
        name: "Password",
        aliases: &[],
        who: "a person, by name and password",
        needs: &[&[User], &[Password, PasswordFile]],
        may_have: &[TenantId, ClientId],
        prepare: password::prepare,
    },
    Mode {
        name: "RefreshToken",
        aliases: &[],
        who: "a person who signed in elsewhere",
        needs: &[&[RefreshToken, RefreshTokenFile]],
        may_have: &[TenantId, ClientId],
        prepare: refresh_token::prepare,
    },
    Mode {
        name: "OnBehalfOf",
        aliases: &[],
        who: "the person who called a service",
        needs: &[
            &[UserAssertion, UserAssertionFile],
            &[User],
            &[
                Password,
                PasswordFile,
                ClientCertificate,
                ClientAssertion,
                ClientAssertionFile,
                FederatedIdentity,
            ],
        ],
        may_have: &[
            TenantId,
            ManagedIdentityClientId,
            ObjectId,
            ResourceId,
            ClientKey,
            ClientCertificatePassword,
            ClientCertificatePasswordFile,
            SendCertificateChain,
        ],
        prepare: on_behalf_of::prepare,
    },
    Mode {
        name: "AccessToken",
        aliases: &["ServicePrincipalAccessToken"],
        who: "whoever the token names",
        needs: &[&[AccessToken, AccessTokenFile, Password]],
        may_have: &[],
        prepare: access_token::prepare,
    },
    Mode {
        name: "TokenProvider",
        aliases: &[],
        who: "whoever the program has a token for, by a callback of its own",
        needs: &[&[TokenProvider]],
        may_have: &[],
        prepare: token_provider::prepare,
    },
];

/// One row of [`MODES`].
#[derive(Debug)]
pub struct Mode {
    /// The name in messages; `Authentication=` also accepts it with the prefix `ActiveDirectory`.
    pub name: &'static str,
    /// The names in other clients.
    pub aliases: &'static [&'static str],
    /// Who signs in, as Markdown.
    pub who: &'static str,
    /// The required keywords: one of each group.
    pub needs: &'static [&'static [Keyword]],
    /// The optional keywords, without those that all modes accept.
    pub may_have: &'static [Keyword],
    prepare: fn(&CredentialContext<'_>) -> Result<SignIn, Error>,
}

impl Mode {
    /// Checks the keywords and resolves the identity; requests no token.
    pub fn prepare(&self, context: &CredentialContext<'_>) -> Result<SignIn, Error> {
        (self.prepare)(context)
            .map(|sign_in| SignIn {
                mode: self.name,
                identity_origin: match sign_in.identity_origin {
                    // The content of a file may change while the connection string stays the same.
                    IdentityOrigin::String if context.options.name_a_file() => IdentityOrigin::Context,
                    identity_origin => identity_origin,
                },
                ..sign_in
            })
            .map_err(|error| error.in_mode(self.name))
    }
}

#[cfg(test)]
mod tests;
