//! Detects the platform from the environment, in the order of the SDKs for other languages.

use super::{
    app_service::AppService, azure_arc::AzureArc, azure_ml::AzureMl, cloud_shell::CloudShell,
    endpoint::Endpoint, imds::Imds, service_fabric::ServiceFabric,
};
use crate::{Environment, Error, os};
use std::path::Path;

/// The endpoint of this machine.
pub fn endpoint(environment: &Environment) -> Result<Box<dyn Endpoint>, Error> {
    detect(environment, Path::new(os::ARC_AGENT_PROGRAM))
}

/// As azure-identity for Python and Go does it; the agent's program stands last, as in MSAL, so that variables
/// that say something else win.
fn detect(environment: &Environment, arc_program: &Path) -> Result<Box<dyn Endpoint>, Error> {
    let get = |name| environment.get(name);
    if let Some(endpoint) = get("IDENTITY_ENDPOINT") {
        match (get("IDENTITY_HEADER"), get("IDENTITY_SERVER_THUMBPRINT")) {
            (Some(header), Some(thumbprint)) => {
                return Ok(Box::new(ServiceFabric::new(endpoint, header, &thumbprint)?));
            }
            (Some(header), None) => return Ok(Box::new(AppService::new(endpoint, header))),
            (None, _) if get("IMDS_ENDPOINT").is_some() => return Ok(Box::new(AzureArc::new(environment))),
            (None, _) => {}
        }
    } else if let Some(endpoint) = get("MSI_ENDPOINT") {
        return Ok(match get("MSI_SECRET") {
            Some(secret) => Box::new(AzureMl::new(endpoint, secret, environment)),
            None => Box::new(CloudShell::new(endpoint)),
        });
    }
    if arc_program.exists() {
        return Ok(Box::new(AzureArc::new(environment)));
    }
    Ok(Box::new(Imds::new(environment)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(variables: &[&str], arc_program: &str) -> &'static str {
        let value = |name: &str| match name {
            "IDENTITY_SERVER_THUMBPRINT" => "a9993e364706816aba3e25717850c26c9cd0d89d".to_owned(),
            _ => "https://localhost/".to_owned(),
        };
        let variables = variables.iter().map(|name| ((*name).to_owned(), value(name)));
        detect(&Environment::fixed(variables), Path::new(arc_program))
            .unwrap()
            .name()
    }

    #[test]
    fn the_variables_tell_the_platforms_apart_in_the_order_of_the_sdks() {
        let (endpoint, header, thumbprint) = (
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "IDENTITY_SERVER_THUMBPRINT",
        );
        let (msi, secret, imds) = ("MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT");
        for (variables, expected) in [
            (&[endpoint, header, thumbprint, imds, msi][..], "Service Fabric"),
            (&[endpoint, header, imds, msi], "App Service"),
            (&[endpoint, imds, msi, secret], "Arc"),
            (&[msi, secret], "Machine Learning"),
            (&[msi, header], "Cloud Shell"),
            (&[endpoint, msi], "IMDS"),
            (&[imds, header, thumbprint, secret], "IMDS"),
            (&[], "IMDS"),
        ] {
            assert!(on(variables, "/absent").contains(expected), "{variables:?}");
        }
    }

    #[test]
    fn the_agents_program_tells_of_azure_arc_where_no_variable_tells_otherwise() {
        // Any file will do for it here.
        let program = file!();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(program);
        let program = program.to_str().unwrap();
        assert!(Path::new(program).exists(), "{program}");
        assert!(on(&[], program).contains("Arc"));
        assert!(on(&["IDENTITY_ENDPOINT"], program).contains("Arc"));
        assert!(on(&["MSI_ENDPOINT"], program).contains("Cloud Shell"));
        assert!(on(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER"], program).contains("App Service"));
    }
}
