//! What a sign-in depends on: the environment, the ini files that unixODBC reads, and the core's services.

use crate::{
    odbc::{
        drivers::{Drivers, IniFile},
        ini_files::IniFiles,
    },
    ui::{failure::Failure, progress, terminal},
};
use entra_auth::{
    Environment, Services,
    token::{Issued, Wait},
    user::prompt::Prompts,
};
use entra_odbc_core::{
    RedirectCache,
    connect::{ConnectContext, KeywordSignIn, LoginWatch},
    driver::OUR_SECTION,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// Everything that a sign-in needs besides its keywords.
pub struct Context {
    /// What all sign-ins of this process share.
    pub services: Services,
    redirects: RedirectCache,
    logins: LoginWatch,
    drivers: Drivers,
    sources: Vec<IniFile>,
}

impl Context {
    /// Reads the ini files; malformed ones count as absent here, and the doctor reports them.
    pub fn new() -> Self {
        let environment = Environment::process();
        let ini_files = IniFiles::locate(&environment);
        let prompts = Prompts::unseen();
        // Also where standard error is no terminal: the command asked for the prompt.
        prompts.register(Some(Arc::new(|prompt| terminal::note(&prompt.message))));
        Self {
            services: Services::new(environment, prompts),
            redirects: RedirectCache::new(),
            logins: LoginWatch::new(),
            drivers: Drivers::read(&ini_files).unwrap_or(Drivers(Vec::new())),
            sources: ini_files
                .sources()
                .filter_map(|path| IniFile::read(path).ok())
                .collect(),
        }
    }

    /// The registered drivers.
    pub fn drivers(&self) -> &Drivers {
        &self.drivers
    }

    /// The files with data sources, in their order of precedence.
    pub fn sources(&self) -> impl Iterator<Item = &IniFile> {
        self.sources.iter()
    }

    /// Calls `body` with the surroundings of a connect.
    pub fn with_connect_context<T>(&self, body: impl FnOnce(&ConnectContext<'_>) -> T) -> T {
        let installed = |keyword: &str| {
            let (value, _) = self.drivers.entry(OUR_SECTION, keyword)?;
            Some(value.to_owned())
        };
        // The first file that has the entry wins, as in libodbcinst.
        let data_source = |section: &[u16], keyword: &str| {
            let section = String::from_utf16(section).ok()?;
            self.sources
                .iter()
                .find_map(|file| file.ini.get(&section, keyword))
                .map(str::to_owned)
        };
        let data_source_keywords = |section: &[u16]| {
            let section = String::from_utf16(section).unwrap_or_default();
            let entries = self.sources.iter().flat_map(|file| file.ini.entries(&section));
            entries.map(|(keyword, _)| Zeroizing::new(keyword)).collect()
        };
        body(&ConnectContext {
            services: &self.services,
            redirects: &self.redirects,
            logins: &self.logins,
            installed: &installed,
            takes_tokens: &|| true,
            data_source: &data_source,
            data_source_keywords: &data_source_keywords,
        })
    }

    /// The sign-in of a connection string.
    pub fn sign_in(&self, string: &str) -> Result<KeywordSignIn, Failure> {
        let sign_in =
            self.with_connect_context(|connect_context| KeywordSignIn::from_string(string, connect_context));
        sign_in.map_err(Failure::from)
    }

    /// A token; a prompt has its own time limit (`InteractiveTimeout`).
    pub fn token(
        &self,
        sign_in: &KeywordSignIn,
        scope: Option<&str>,
        timeout: Duration,
    ) -> Result<Issued, entra_auth::Error> {
        let wait = Wait::until(Instant::now() + timeout);
        progress::show_while("Waiting for a token", || {
            self.with_connect_context(|connect_context| sign_in.token(scope, wait, connect_context))
        })
    }
}
