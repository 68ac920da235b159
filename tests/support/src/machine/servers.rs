//! How the machine's hosts reach its servers, and what the servers have seen of them.

use std::time::Duration;

use standins::sql_server::Login;

use crate::{
    machine::Machine,
    registration::{DRIVER, STOCK_DRIVER},
};

impl Machine {
    /// `DRIVER=` and `SERVER=` through the library, then `rest`.
    pub fn string(&self, rest: &str) -> String {
        format!("DRIVER={{{DRIVER}}};{}{rest}", self.server())
    }

    /// The same through Microsoft's driver alone.
    pub fn bare_string(&self, rest: &str) -> String {
        format!("DRIVER={{{STOCK_DRIVER}}};{}{rest}", self.server())
    }

    /// `SERVER=` of the stand-in.
    pub fn server(&self) -> String {
        format!("SERVER=localhost,{};", self.playground.sql_server.port())
    }

    /// A token for a person, good for an hour.
    pub fn user_token(&self, name: &str) -> String {
        self.playground.user_token(name, Duration::from_hours(1))
    }

    /// How many token requests have reached the machine's own endpoint.
    pub fn managed_identity_requests(&self) -> usize {
        self.playground.managed_identity.record().requests().len()
    }

    /// The logins so far, all of which were accepted.
    pub fn accepted_logins(&self) -> Vec<Login> {
        let logins = self.playground.sql_server.logins();
        assert!(
            logins.iter().all(|login| login.identity().is_some()),
            "{logins:#?}"
        );
        logins
    }
}
