//! Django with mssql-django, configured as Microsoft documents it but for the driver's name.

use test_support::{
    host_process::HostProcess, login_name::system_assigned, machine::Machine, registration::DRIVER,
};

use crate::token_lifetime::{assert_restored, wait_for_renewal_and_expiry};

/// A process that answers a request at each word, through all that Django does around one.
fn django(machine: &Machine, settings: &str, options: &str) -> HostProcess {
    HostProcess::start(
        machine,
        &format!(
            "
from wsgiref.util import setup_testing_defaults
import django.conf, django.db, django.http, django.urls
django.conf.settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=['*'],
    DATABASES={{'default': {{
        'ENGINE': 'mssql',
        'NAME': 'master',
        'HOST': 'localhost',
        'PORT': sys.argv[2],
        {settings}
        'OPTIONS': {{'driver': sys.argv[1], 'extra_params': 'Authentication=ActiveDirectoryMsi{options}'}},
    }}}},
)
def who(request):
    with django.db.connection.cursor() as cursor:
        cursor.execute('SELECT SUSER_SNAME()')
        return django.http.HttpResponse(cursor.fetchone()[0])
urlpatterns = [django.urls.path('', who)]
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
while True:
    environ = {{}}
    setup_testing_defaults(environ)
    response = application(environ, lambda status, headers: None)
    say(response.status_code, b''.join(response).decode())
    response.close()
    hear()
"
        ),
        &[DRIVER, &machine.playground.sql_server.port().to_string()],
    )
}

#[test]
fn a_connection_kept_for_good_outlives_its_token_and_its_socket() {
    for settings in [
        "'CONN_MAX_AGE': None,",
        "'CONN_MAX_AGE': None, 'CONN_HEALTH_CHECKS': True,",
    ] {
        let machine = Machine::with_short_lived_tokens();
        let mut host = django(&machine, settings, "");
        let answer = format!("200 {}", system_assigned(&machine));
        assert_eq!(host.read_line(), answer);
        host.write_line("again");
        assert_eq!(host.read_line(), answer);
        assert_eq!(machine.accepted_logins().len(), 1, "kept between requests");
        wait_for_renewal_and_expiry(&machine, 1);
        machine.playground.sql_server.drop_connections();
        host.write_line("again");
        assert_eq!(host.read_line(), answer, "{settings}");
        assert_restored(&machine, 1, 1);
    }
}

#[test]
fn health_checks_open_a_new_connection_where_the_driver_does_not_restore_it() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = django(
        &machine,
        "'CONN_MAX_AGE': None, 'CONN_HEALTH_CHECKS': True,",
        ";ConnectRetryCount=0",
    );
    let answer = host.read_line();
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), answer);
    assert!(!machine.accepted_logins()[1].reconnect);
}

#[test]
fn a_connection_for_each_request_which_is_the_default_asks_for_one_token() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = django(&machine, "", "");
    let answer = host.read_line();
    for _ in 0..4 {
        host.write_line("again");
        assert_eq!(host.read_line(), answer);
    }
    assert_eq!(machine.accepted_logins().len(), 5);
    assert_eq!(machine.managed_identity_requests(), 1);
}
