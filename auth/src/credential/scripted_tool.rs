//! A developer's tool that is a script of the test's.

use super::{Credential, CredentialContext, SignIn, SignInSource, tests::Fixture};
use crate::{
    Environment, Error, Keyword, Token, TokenService, identity_key::IdentityKey,
    os::child::tests::write_script,
};
use std::{
    fs,
    path::{Path, PathBuf},
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
        let fixture = self.fixture(pairs, &[]);
        let sign_in = prepare(&fixture.context())?;
        assert_eq!(
            sign_in.identity_origin,
            crate::credential::IdentityOrigin::Context
        );
        let issued = TokenService::new().token(&sign_in, Instant::now() + Duration::from_secs(5))?;
        Ok(issued.token)
    }

    /// Whether what is done to this file of the home directory makes another identity, and ends what was asked of the
    /// old one. The profile is the home directory itself.
    pub fn notices(&self, prepare: Prepare, file: &str, change: fn(&Path)) -> bool {
        let path = self.directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let fixture = self.fixture(&[], &[]);
        let old = prepare(&fixture.context()).unwrap();
        change(&path);
        let new = prepare(&fixture.context()).unwrap();
        old.key != new.key && !credential(&old).is_current()
    }

    /// The same where the file is written.
    pub fn notices_another_account(&self, prepare: Prepare, file: &str) -> bool {
        self.notices(prepare, file, |path| fs::write(path, "{}").unwrap())
    }

    /// Whether other processes may use its tokens, with these variables beside the usual ones.
    pub fn is_shareable(&self, prepare: Prepare, variables: &[(&str, &str)]) -> bool {
        let fixture = self.fixture(&[], variables);
        credential(&prepare(&fixture.context()).unwrap()).is_shareable()
    }

    /// The identity with these variables beside the usual ones.
    pub fn key(&self, prepare: Prepare, variables: &[(&str, &str)]) -> IdentityKey {
        prepare(&self.fixture(&[], variables).context()).unwrap().key
    }

    fn fixture(&self, pairs: &[(Keyword, &str)], variables: &[(&str, &str)]) -> Fixture {
        let here = self.directory.to_str().unwrap();
        let path = format!("{here}:/usr/bin:/bin");
        let usual = [("PATH", path.as_str()), ("HOME", here), (self.variable, here)];
        let environment = Environment::fixed(usual.into_iter().chain(variables.iter().copied()));
        Fixture::with_environment(pairs, environment.with_tools())
    }
}

fn credential(sign_in: &SignIn) -> &dyn Credential {
    match sign_in.source() {
        SignInSource::Credential(credential) => &**credential,
        SignInSource::Given(_) => panic!("a tool is asked for its tokens"),
    }
}

impl Drop for ScriptedTool {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
