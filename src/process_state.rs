//! The state that all sign-ins of this process share, through ODBC or the C API: environment, HTTP client, tokens.

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

/// The section of odbcinst.ini that holds the administrator's settings for this driver.
pub(crate) use entra_odbc_core::real_driver::OUR_SECTION as DRIVER_NAME;

/// The state itself. Making it starts no thread and does no I/O, since hosts may load the library and fork.
struct ProcessState {
    environment: Environment,
    transport: Arc<Transport>,
    tokens: TokenService,
    prompts: Arc<Prompts>,
    providers: Providers,
    tenants: Arc<Tenants>,
}

/// Starts the log if the environment asks for one, and registers the fork handlers. Called before anything else.
pub(crate) fn start() {
    os::fork::register_handlers();
    log::start(&state().environment);
}

fn state() -> &'static ProcessState {
    // A cell without a lock: a child that is forked while another thread fills it would find the lock taken for good.
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

/// How prompts are shown, where the host registers a callback for that.
pub(crate) fn prompts() -> &'static Prompts {
    &state().prompts
}

/// The token providers that the host registered.
pub(crate) fn providers() -> &'static Providers {
    &state().providers
}

/// Calls `body` with everything that a sign-in may use beside its keywords.
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
