//! The proxy that the environment names for HTTPS, read through our own seam.
//!
//! reqwest would read the process's variables itself, in a privileged program too.

use crate::{Environment, Error, ErrorKind};
use reqwest::{NoProxy, Proxy};

/// The variables in the order in which they win, as curl and reqwest read them.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The proxy for HTTPS requests, unless the environment names none.
pub fn from_environment(environment: &Environment) -> Result<Option<Proxy>, Error> {
    let Some((name, address)) = VARIABLES
        .iter()
        .find_map(|name| Some((*name, environment.get(name)?)))
    else {
        return Ok(None);
    };
    let unusable = |why: &str| {
        // The value may hold a password and is not shown.
        Error::new(
            ErrorKind::Unreachable,
            format!("the proxy that {name} names cannot be used: {why}"),
        )
        .remedy(format!(
            "Set {name} to http://host:port, or list the Entra host in NO_PROXY."
        ))
    };
    if address
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.to_ascii_lowercase().starts_with("socks"))
    {
        return Err(unusable("SOCKS proxies are not supported"));
    }
    let proxy = Proxy::https(address.as_str()).map_err(|_| unusable("it is not a URL"))?;
    let exceptions = environment
        .get("NO_PROXY")
        .or_else(|| environment.get("no_proxy"))
        .and_then(|list| NoProxy::from_string(&list));
    Ok(Some(proxy.no_proxy(exceptions)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for address in ["socks5://user:s3cret@host", "http://user:s3cret@[host"] {
            let error = from_environment(&Environment::fixed([("HTTPS_PROXY", address)])).unwrap_err();
            assert_eq!(error.kind().name(), "unreachable");
            assert!(error.to_string().contains("HTTPS_PROXY") && !error.to_string().contains("s3cret"));
        }
        assert!(
            from_environment(&Environment::fixed([("all_proxy", "http://host:1")]))
                .unwrap()
                .is_some()
        );
        assert!(from_environment(&Environment::empty()).unwrap().is_none());
    }
}
