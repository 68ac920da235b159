//! The state that all sign-ins of this process share, through ODBC or the C API: environment, HTTP client, tokens.

use entra_auth::{
    Environment, Services,
    process::log,
    user::{prompt::Prompts, token_provider::Providers},
};
use entra_odbc_core::{
    RedirectCache,
    connect::{ConnectContext, LoginWatch},
};
use once_cell::race::OnceBox;

use crate::{
    odbc::{ini, target_driver},
    os,
};

/// The section of odbcinst.ini that holds the administrator's settings for this driver.
pub(crate) use entra_odbc_core::driver::OUR_SECTION as DRIVER_NAME;

/// The state itself. Making it starts no thread and does no I/O, since hosts may load the library and fork.
struct ProcessState {
    services: Services,
    redirects: RedirectCache,
    logins: LoginWatch,
}

/// Starts the log if the environment asks for one, and registers the fork handlers. Called before anything else.
pub(crate) fn start() {
    os::fork::register_handlers();
    // Not by way of the services, whose code then stays on disk until somebody signs in.
    log::start(&environment());
}

/// The variables of this process; none in a privileged program, whose caller chose them.
#[inline]
fn environment() -> Environment {
    if os::environment::is_privileged() {
        Environment::empty()
    } else {
        Environment::process()
    }
}

fn state() -> &'static ProcessState {
    // A cell without a lock: a child that is forked while another thread fills it would find the lock taken for good.
    static STATE: OnceBox<ProcessState> = OnceBox::new();
    STATE.get_or_init(|| {
        Box::new(ProcessState {
            services: Services::new(environment(), Prompts::new()),
            redirects: RedirectCache::new(),
            logins: LoginWatch::new(),
        })
    })
}

/// How prompts are shown, where the host registers a callback for that.
pub(crate) fn prompts() -> &'static Prompts {
    &state().services.prompts
}

/// The token providers that the host registered.
pub(crate) fn providers() -> &'static Providers {
    &state().services.providers
}

/// Calls `body` with everything that a sign-in may use beside its keywords.
pub(crate) fn with_connect_context<T>(body: impl FnOnce(&ConnectContext<'static>) -> T) -> T {
    let state = state();
    body(&ConnectContext {
        services: &state.services,
        redirects: &state.redirects,
        logins: &state.logins,
        installed: &|keyword| ini::get(DRIVER_NAME, keyword, ini::ODBCINST_INI),
        takes_tokens: &target_driver::takes_tokens,
        data_source: &|section, keyword| ini::get_in_section(section, keyword, ini::ODBC_INI),
        data_source_keywords: &|section| ini::keys(section, ini::ODBC_INI),
    })
}
