//! What all sign-ins of this process share, by either face: environment, HTTP client, tokens.

use std::sync::Arc;

use entra_odbc_core::{
    Environment, TokenService, connect::Surroundings, log, prompt::Prompts, provider::Providers,
    tenant::Tenants, transport::Transport,
};
use once_cell::race::OnceBox;

use crate::{
    odbc::{ini, target_driver},
    os,
};

/// Our name in odbcinst.ini, whose section holds what the administrator says to us.
pub(crate) use entra_odbc_core::real_driver::OUR_SECTION as DRIVER_NAME;

/// The shared part, without thread or I/O until a token is asked for.
struct ProcessState {
    environment: Environment,
    transport: Arc<Transport>,
    tokens: TokenService,
    prompts: Arc<Prompts>,
    providers: Providers,
    tenants: Arc<Tenants>,
}

/// What is done before anything else: the log starts if the environment asks for one, and forks are seen to.
pub(crate) fn start() {
    os::fork::watch();
    log::start(&state().environment);
}

fn state() -> &'static ProcessState {
    // A cell without a lock: a child forked while another thread fills it cannot find it held.
    static STATE: OnceBox<ProcessState> = OnceBox::new();
    STATE.get_or_init(|| {
        let environment = if os::environment::is_privileged() {
            Environment::empty()
        } else {
            Environment::process()
        };
        Box::new(ProcessState {
            transport: Arc::new(Transport::new(&environment)),
            tokens: TokenService::new(),
            prompts: Arc::new(Prompts::new()),
            providers: Providers::new(),
            tenants: Arc::new(Tenants::new(&environment)),
            environment,
        })
    })
}

/// How a person is asked, for the host to have a say in it.
pub(crate) fn prompts() -> &'static Prompts {
    &state().prompts
}

/// The host's own ways to a token.
pub(crate) fn providers() -> &'static Providers {
    &state().providers
}

/// Calls `body` with all that a sign-in may look at beside its keywords.
pub(crate) fn with_surroundings<T>(body: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    let state = state();
    body(&Surroundings {
        environment: &state.environment,
        installed: &|keyword| ini::get(DRIVER_NAME, keyword, ini::ODBCINST_INI),
        takes_tokens: &target_driver::takes_tokens,
        data_source: &|section, keyword| ini::get_in_section(section, keyword, ini::ODBC_INI),
        transport: &state.transport,
        tokens: &state.tokens,
        prompts: &state.prompts,
        providers: &state.providers,
        tenants: &state.tenants,
    })
}
