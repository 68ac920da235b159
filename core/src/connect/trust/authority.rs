//! Which host Entra's tokens may be asked from.

use super::Administrator;
use entra_auth::{Error, parameters::authority::normalized};

/// Entra's hosts (from azure-identity's and MSAL's lists of known authorities).
const ENTRA_HOSTS: [&str; 7] = [
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// The authority to ask: `Authority=` of the string, else the administrator's, else the cloud's own.
///
/// A string may only name a known Entra host or one that the administrator named.
pub fn authority(
    asked: Option<&str>,
    administrator: &Administrator,
    of_cloud: &str,
) -> Result<String, Error> {
    let Some(asked) = asked else {
        let named = administrator.authorities().next();
        return Ok(named.unwrap_or(of_cloud).to_owned());
    };
    let refused = |why: &str| {
        Error::invalid(format!("Authority= {why}")).remedy(
            "Use a known Entra host, or set AZURE_AUTHORITY_HOST, or Authority= in our odbcinst.ini section.",
        )
    };
    let Some(wanted) = normalized(asked) else {
        return Err(refused(
            "is not an https URL or host name without path, user or query",
        ));
    };
    let known = ENTRA_HOSTS
        .iter()
        .any(|host| wanted.strip_prefix("https://") == Some(host));
    if known || administrator.authorities().any(|named| named == wanted) {
        Ok(wanted)
    } else {
        Err(refused("names a host that is not known as Entra's"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entra_auth::Environment;

    fn administrator() -> Administrator {
        let variables = [("AZURE_AUTHORITY_HOST", "https://entra.example:8443/")];
        Administrator::read(&Environment::fixed(variables), |key| {
            (key == super::super::AUTHORITY).then(|| "login.section.example".to_owned())
        })
    }

    #[test]
    fn a_string_names_only_entras_hosts_or_the_administrators() {
        let administrator = administrator();
        let of_cloud = "https://login.microsoftonline.com";
        let asked = |text| authority(Some(text), &administrator, of_cloud).map_err(|error| error.to_string());
        assert_eq!(
            asked("login.microsoftonline.us").unwrap(),
            "https://login.microsoftonline.us"
        );
        assert_eq!(
            asked("https://LOGIN.microsoftonline.us/").unwrap(),
            "https://login.microsoftonline.us"
        );
        assert_eq!(
            asked("https://entra.example:8443").unwrap(),
            "https://entra.example:8443"
        );
        // Of the section as well, although the variable is what counts where the string names none.
        assert_eq!(
            asked("login.section.example").unwrap(),
            "https://login.section.example"
        );
        for bad in [
            "https://evil.example",
            "http://login.microsoftonline.com",
            "https://login.microsoftonline.com@evil.example",
            "https://login.microsoftonline.com.evil.example",
            "https://login.microsoftonline.com:444",
            "https://login.microsoftonline.com/tenant",
            "",
            "%%",
        ] {
            assert!(asked(bad).unwrap_err().contains("Authority="), "{bad}");
        }
        assert_eq!(
            authority(None, &administrator, of_cloud).unwrap(),
            "https://entra.example:8443"
        );
        assert_eq!(
            authority(None, &Administrator::default(), of_cloud).unwrap(),
            of_cloud
        );
    }
}
