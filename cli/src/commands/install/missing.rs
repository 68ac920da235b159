//! What this machine lacks for connections by the driver, all of it at once.

use crate::{
    odbc::{
        driver_manager::{self, DriverManager},
        target_driver::{NotFound, TargetDriver, openssl},
    },
    system::{
        loader,
        os::OPENSSL,
        packages::{Distribution, Package},
    },
    ui::failure::Failure,
};
use entra_auth::{Environment, http::Places};

/// What is missing, and how it is installed.
#[derive(Debug, Default)]
pub struct Missing {
    /// Without these the registration would be of no use.
    needed_first: Vec<String>,
    /// Without these no connection can be made.
    needed_later: Vec<String>,
    packages: Vec<Package>,
    /// Settings to be corrected, and what no package has.
    remedies: Vec<String>,
}

impl Missing {
    /// Looks for what does not depend on the target driver.
    pub fn look(environment: &Environment) -> Self {
        let mut missing = Self::default();
        if DriverManager::find(environment).is_none() {
            let what = "unixODBC is not installed, and so nothing would load the driver";
            missing.needed_first.push(what.to_owned());
            missing.packages.push(Package::UnixOdbc);
        }
        if openssl(environment).is_none() {
            let what = format!(
                "OpenSSL, which Driver 18 needs for TLS, is not installed ({})",
                OPENSSL.join(" or ")
            );
            missing.needed_later.push(what);
            missing.packages.push(Package::OpenSsl);
        }
        let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
        let is_named = named.iter().any(|name| environment.get(name).is_some());
        let places = Places::from_environment(environment);
        if !is_named && places.bundle().is_none() && places.count_in_store().is_none() {
            let what = "this machine has no CA certificates, so no server can prove who it is";
            missing.needed_later.push(what.to_owned());
            missing.packages.push(Package::Authorities);
        }
        missing
    }

    /// Adds our own library.
    pub fn add_library(&mut self, failure: Failure) -> Result<(), Failure> {
        let Failure::Refused { what, remedy, .. } = failure else {
            return Err(failure);
        };
        self.needed_first.push(what);
        self.remedies.push(remedy);
        Ok(())
    }

    /// Adds the target driver, or what it is linked with.
    pub fn add_target_driver(
        &mut self,
        target_driver: Result<TargetDriver, NotFound>,
        environment: &Environment,
    ) -> Option<TargetDriver> {
        let target_driver = match target_driver {
            Ok(target_driver) => target_driver,
            Err(not_found) => {
                self.needed_first.push(not_found.words().join(". "));
                if not_found.is_missing() {
                    self.packages.push(Package::Driver18);
                    self.remedies.push(
                        "Where Driver 18 is installed elsewhere, name it: --real-driver PATH.".to_owned(),
                    );
                } else {
                    self.remedies.push(not_found.remedy());
                }
                return None;
            }
        };
        let libraries =
            loader::missing(&target_driver.path, &driver_manager::preloaded(environment)).unwrap_or_default();
        if !libraries.is_empty() {
            self.needed_later.push(format!(
                "Driver 18 is linked with libraries that are not installed: {}",
                libraries.join(", ")
            ));
            match Package::with_libraries(&libraries) {
                Some(package) => self.packages.push(package),
                None => self.remedies.push(Package::NO_KNOWN_PACKAGE.to_owned()),
            }
        }
        Some(target_driver)
    }

    /// The refusal of everything that is missing, where the registration would be of no use.
    pub fn refusal(&self) -> Option<Failure> {
        let first = self.needed_first.first()?;
        let rest = self.needed_first.iter().skip(1).chain(&self.needed_later);
        let mut what = first.clone();
        for more in rest {
            what.push_str(". And ");
            what.push_str(more);
        }
        Some(Failure::refused(what, self.remedy()))
    }

    /// What will keep the registered driver from connecting, and what to do.
    pub fn warnings(self) -> (Vec<String>, String) {
        let remedy = self.remedy();
        let missing = self.needed_first.into_iter().chain(self.needed_later);
        (missing.collect(), remedy)
    }

    fn remedy(&self) -> String {
        let mut lines = self.remedies.clone();
        if !self.packages.is_empty() {
            lines.push(Distribution::current().install_commands(&self.packages));
        }
        lines.join("\n")
    }
}
