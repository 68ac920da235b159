//! What every mode of the table keeps to.

use super::*;
use crate::{
    Environment,
    credential::{certificate::tests::Files, tests::Fixture},
    identity_key::IdentityKey,
    token::jwt,
};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

#[test]
fn what_a_kind_needs_is_asked_for_by_name() {
    for mode in MODES {
        let prepared = mode.prepare(&Fixture::new(&[]).context());
        let Some(first) = mode.needs.first() else {
            continue;
        };
        let error = prepared.unwrap_err().to_string();
        let begin = format!("[entra-odbc][{}] ", mode.name);
        assert!(error.starts_with(&begin), "{error}");
        assert!(
            first.iter().all(|keyword| error.contains(keyword.name())),
            "{error}"
        );
    }
}

/// Keywords that decide how someone signs in, and not who: two values of them may share a token.
const NO_IDENTITY: [Keyword; 7] = [
    ClientKey,
    ClientCertificatePassword,
    ClientCertificatePasswordFile,
    SendCertificateChain,
    RedirectUri,
    InteractiveTimeout,
    SaveAccount,
];

/// Two values for each keyword, and the files that they name.
struct Samples([Files; 2]);

impl Samples {
    fn new() -> Self {
        Self(["mode-one", "mode-two"].map(|name| {
            let files = Files::rsa(name);
            files.join(&["cert.pem", "key.pem"], "both.pem");
            let token =
                jwt(&json!({ "aud": "https://database.windows.net", "sub": name, "exp": 4_102_444_800_u64 }));
            let path = files.path("token");
            fs::write(&path, token).unwrap();
            // Of its owner alone, as a refresh token's has to be.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            files
        }))
    }

    fn value(&self, keyword: Keyword, sample: usize) -> String {
        let files = &self.0[sample];
        match keyword {
            ClientCertificate => files.path("both.pem"),
            AccessToken | ClientAssertion | UserAssertion => fs::read_to_string(files.path("token")).unwrap(),
            FederatedIdentity => format!("msi:{}", ["one", "two"][sample]),
            keyword if keyword.name().ends_with("File") => files.path("token"),
            _ => ["one", "two"][sample].to_owned(),
        }
    }

    /// The key of a sign-in by `mode` with the first sample of what it needs, and this one of `varied`.
    fn key(&self, mode: &Mode, varied: Keyword, sample: usize) -> IdentityKey {
        let of_managed_identity = [ManagedIdentityClientId, ObjectId, ResourceId].contains(&varied)
            && mode.needs.iter().any(|group| group.contains(&FederatedIdentity));
        let others = mode
            .needs
            .iter()
            .filter(|group| !group.contains(&varied))
            .map(|group| group[0])
            // A managed identity's id goes with the proof by a managed identity, which names none then.
            .filter(|first| *first != Password || !of_managed_identity);
        let proof = (of_managed_identity && varied != FederatedIdentity)
            .then(|| (FederatedIdentity, "msi".to_owned()));
        let tenant = (varied != TenantId && mode.may_have.contains(&TenantId)).then_some(TenantId);
        let values: Vec<_> = others
            .chain(tenant)
            .map(|keyword| (keyword, self.value(keyword, 0)))
            .chain(proof)
            .chain([(varied, self.value(varied, sample))])
            .collect();
        let pairs: Vec<_> = values
            .iter()
            .map(|(keyword, value)| (*keyword, value.as_str()))
            .collect();
        let fixture = Fixture::with_environment(&pairs, self.environment());
        for name in ["one", "two"] {
            let provider = Arc::new(|_: &_| Err("not to be called".to_owned()));
            fixture.providers().register(name, Some(provider));
        }
        mode.prepare(&fixture.context())
            .unwrap_or_else(|error| panic!("{varied:?}: {error}"))
            .key
    }

    /// What modes find where they have no keywords.
    fn environment(&self) -> Environment {
        Environment::fixed([
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_FEDERATED_TOKEN_FILE", &self.0[0].path("token")),
            ("SYSTEM_OIDCREQUESTURI", "https://dev.azure.com/oidc"),
            ("SYSTEM_ACCESSTOKEN", "token"),
            ("AZURESUBSCRIPTION_CLIENT_ID", "client"),
            ("AZURESUBSCRIPTION_TENANT_ID", "tenant"),
            ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection"),
        ])
        .with_tools()
    }
}

#[test]
fn whatever_decides_who_signs_in_is_in_the_key_of_every_mode() {
    let samples = Samples::new();
    let mut without = Vec::new();
    for mode in MODES {
        let keywords = mode.needs.iter().copied().flatten().chain(mode.may_have);
        for keyword in keywords.filter(|keyword| !NO_IDENTITY.contains(keyword)) {
            let [one, again, other] = [0, 0, 1].map(|sample| samples.key(mode, *keyword, sample));
            assert_eq!(one, again, "{} {keyword:?}", mode.name);
            if one == other {
                without.push((mode.name, *keyword));
            }
        }
    }
    // There they open the file of the certificate, which itself is in the key.
    let of_certificate = [Password, PasswordFile].map(|keyword| ("ServicePrincipalCertificate", keyword));
    assert_eq!(without, of_certificate, "two values of these may share a token");
}
