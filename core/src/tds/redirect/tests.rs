//! Servers that redirect, servers that do not, and servers that will not say.

use super::*;
use crate::tds::scripted::{ScriptedServer, TENANT};
use standins::sql_server::{Fault, Login, SqlError};

fn rule_out(redirects: &RedirectCache, target: &Target, services: &Services) -> Result<(), Error> {
    redirects.rule_out_redirect(target, Instant::now() + Duration::from_secs(10), services)
}

#[test]
fn a_server_that_redirects_is_refused_and_one_that_does_not_is_asked_once() {
    let bench = ScriptedServer::new(&format!("https://login.example/{TENANT}"));
    let (redirects, services) = (RedirectCache::new(), bench.services());
    let rule_out = || rule_out(&redirects, &bench.target(), &services);
    bench.server.inject(Fault::RouteLogin {
        host: "gateway.example".into(),
        port: 11_000,
    });
    let error = rule_out().unwrap_err().to_string();
    assert!(
        error.contains("gateway.example,11000") && error.contains("entra-odbc explain trust"),
        "{error}"
    );
    for _ in 0..3 {
        rule_out().unwrap();
    }
    // The refusal is not remembered, the good answer is. A login is in the record once its client has left.
    let is_second = |login: &Login| login.connection == 2;
    assert!(
        bench
            .server
            .wait_for_login(Duration::from_secs(10), is_second)
            .is_some()
    );
    assert_eq!(bench.server.logins().len(), 2);
}

#[test]
fn a_server_that_cannot_be_asked_about_redirects_is_not_trusted() {
    let bench = ScriptedServer::new("https://login.example/t");
    let unreachable = Target {
        port: 1,
        ..bench.target()
    };
    let error = rule_out(&RedirectCache::new(), &unreachable, &bench.services()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
}

#[test]
fn a_server_that_refuses_the_question_about_redirects_is_asked_again() {
    let bench = ScriptedServer::new(&format!("https://login.example/{TENANT}"));
    let (redirects, services) = (RedirectCache::new(), bench.services());
    let rule_out = || rule_out(&redirects, &bench.target(), &services);
    let busy = SqlError::new(40613, "Database is not currently available.");
    bench.server.inject(Fault::RefuseLogin(busy));
    let error = rule_out().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("not currently available"), "{error}");
    rule_out().unwrap();
}
