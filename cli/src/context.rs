//! What a sign-in looks at here: the environment, the ini files that unixODBC reads, and the core's services.

use crate::{
    odbc::{
        drivers::Drivers,
        ini::{self, Ini},
        ini_files::Places,
    },
    system::file,
    ui::{failure::Failure, progress, terminal},
};
use entra_odbc_core::{
    Environment, KeywordSignIn, TokenService,
    connect::Surroundings,
    prompt::Prompts,
    provider::Providers,
    real_driver::OUR_SECTION,
    tenant::Tenants,
    token::{Issued, Wait},
    transport::Transport,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Everything that a sign-in needs beside its keywords.
pub struct Session {
    /// The variables of this process.
    pub environment: Environment,
    /// The HTTP client.
    pub transport: Arc<Transport>,
    tokens: TokenService,
    prompts: Arc<Prompts>,
    providers: Providers,
    tenants: Arc<Tenants>,
    drivers: Drivers,
    sources: Vec<Ini>,
}

impl Session {
    /// Reads the ini files; files that make no sense are as good as absent here, and the doctor's business.
    pub fn new() -> Self {
        let environment = Environment::process();
        let places = Places::of(&environment);
        let read = |path: &std::path::Path| {
            let bytes = file::read(path, ini::LIMIT).ok()??;
            Ini::parse(&bytes).ok()
        };
        let prompts = Prompts::unseen();
        // Also where standard error is no terminal: whoever runs the tool asked for the prompt.
        prompts.register(Some(Arc::new(|prompt| terminal::note(&prompt.message))));
        Self {
            transport: Arc::new(Transport::new(&environment)),
            tokens: TokenService::new(),
            prompts: Arc::new(prompts),
            providers: Providers::new(),
            tenants: Arc::new(Tenants::new(&environment)),
            drivers: Drivers::read(&places).unwrap_or(Drivers(Vec::new())),
            sources: [places.user_sources, Some(places.system_sources)]
                .iter()
                .flatten()
                .filter_map(|path| read(path))
                .collect(),
            environment,
        }
    }

    /// What the core is to look at.
    pub fn with_surroundings<T>(&self, body: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let installed = |keyword: &str| {
            let (value, _) = self.drivers.entry(OUR_SECTION, keyword)?;
            Some(value.to_owned())
        };
        // As libodbcinst does it: the first file that has the entry.
        let data_source = |section: &[u16], keyword: &str| {
            let section = String::from_utf16(section).ok()?;
            self.sources
                .iter()
                .find_map(|ini| ini.get(&section, keyword))
                .map(str::to_owned)
        };
        body(&Surroundings {
            environment: &self.environment,
            installed: &installed,
            takes_tokens: &|| true,
            data_source: &data_source,
            transport: &self.transport,
            tokens: &self.tokens,
            prompts: &self.prompts,
            providers: &self.providers,
            tenants: &self.tenants,
        })
    }

    /// Who a connection string signs in.
    pub fn sign_in(&self, string: &str) -> Result<KeywordSignIn, Failure> {
        let sign_in = self.with_surroundings(|around| KeywordSignIn::from_string(string, around));
        sign_in.map_err(Failure::from)
    }

    /// A token; a person who must be asked has more time than that.
    pub fn token(
        &self,
        sign_in: &KeywordSignIn,
        scope: Option<&str>,
        timeout: Duration,
    ) -> Result<Issued, entra_odbc_core::Error> {
        let wait = Wait::until(Instant::now() + timeout);
        progress::waiting("Waiting for a token", || {
            self.with_surroundings(|around| sign_in.token(scope, wait, around))
        })
    }
}
