//! A developer's tool that is a script of the test's.

use super::{CredentialContext, SignIn, SignInSource, tests::Fixture};
use crate::{Environment, Error, Keyword, Token, TokenService, process::tool::tests::write_script};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

type Prepare = fn(&CredentialContext<'_>) -> Result<SignIn, Error>;

/// A directory with the tool in it, first on the PATH, and the tool's profile.
pub struct ScriptedTool {
    directory: PathBuf,
    variable: &'static str,
}

impl ScriptedTool {
    pub fn new(name: &str, variable: &'static str, script: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("entra-odbc-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let tool = directory.join(name);
        let asked = directory.join("asked");
        write_script(&tool, &format!("echo \"$@\" >{}\n{script}", asked.display()));
        Self { directory, variable }
    }

    /// What it was called with.
    pub fn asked(&self) -> String {
        fs::read_to_string(self.directory.join("asked"))
            .unwrap()
            .trim()
            .to_owned()
    }

    pub fn token(&self, prepare: Prepare, pairs: &[(Keyword, &str)]) -> Result<Arc<Token>, Error> {
        let fixture = self.fixture(pairs);
        let sign_in = prepare(&fixture.context())?;
        assert_eq!(
            sign_in.identity_origin,
            crate::credential::IdentityOrigin::Context
        );
        let issued = TokenService::new().token(&sign_in, Instant::now() + Duration::from_secs(5))?;
        Ok(issued.token)
    }

    /// Whether a change of the profile's file makes another identity, and ends what was asked of the old one.
    pub fn notices_another_account(&self, prepare: Prepare, file: &str) -> bool {
        let fixture = self.fixture(&[]);
        let old = prepare(&fixture.context()).unwrap();
        fs::write(self.directory.join(file), "{}").unwrap();
        let new = prepare(&fixture.context()).unwrap();
        let SignInSource::Credential(credential) = old.source() else {
            return false;
        };
        old.key != new.key && !credential.is_current()
    }

    fn fixture(&self, pairs: &[(Keyword, &str)]) -> Fixture {
        let here = self.directory.to_str().unwrap();
        let environment = Environment::fixed([
            ("PATH", format!("{here}:/usr/bin:/bin")),
            (self.variable, here.to_owned()),
        ]);
        Fixture::with_environment(pairs, environment.with_tools())
    }
}

impl Drop for ScriptedTool {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
