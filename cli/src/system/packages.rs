//! Which commands install what is missing, on this Linux distribution.

/// A package that we do not bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// The driver manager.
    UnixOdbc,
    /// Microsoft's ODBC Driver 18.
    Driver18,
    /// Kerberos, which Driver 18 is linked with.
    Kerberos,
    /// The certificate authorities.
    Authorities,
    /// OpenSSL, whose libraries Driver 18 looks for itself.
    OpenSsl,
}

/// The families of distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Debian,
    RedHat,
    Suse,
    Alpine,
    Unknown,
}

/// The distribution of this machine.
#[derive(Debug, Clone)]
pub struct Distribution {
    family: Family,
    id: String,
    version: String,
}

impl Distribution {
    /// As `/etc/os-release` says.
    pub fn here() -> Self {
        Self::of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    fn of(os_release: &str) -> Self {
        let value = |key: &str| {
            let line = os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
        };
        let (id, like) = (value("ID"), value("ID_LIKE"));
        let family = [id.as_str()]
            .into_iter()
            .chain(like.split_whitespace())
            .find_map(|word| match word {
                "debian" | "ubuntu" => Some(Family::Debian),
                "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "ol" => Some(Family::RedHat),
                "suse" | "sles" | "opensuse" | "opensuse-leap" => Some(Family::Suse),
                "alpine" => Some(Family::Alpine),
                _ => None,
            });
        Self {
            family: family.unwrap_or(Family::Unknown),
            id,
            version: value("VERSION_ID"),
        }
    }

    /// The commands, one per line.
    pub fn install(&self, package: Package) -> String {
        let names = match package {
            Package::UnixOdbc => ["unixodbc", "unixODBC", "unixODBC", "unixodbc"],
            Package::Kerberos => ["libkrb5-3 libgssapi-krb5-2", "krb5-libs", "krb5", "krb5-libs"],
            Package::Authorities => ["ca-certificates"; 4],
            Package::OpenSsl => ["openssl"; 4],
            Package::Driver18 => return self.driver_18(),
        };
        let [debian, red_hat, suse, alpine] = names;
        match self.family {
            Family::Debian => format!("sudo apt-get install {debian}"),
            Family::RedHat => format!("sudo dnf install {red_hat}"),
            Family::Suse => format!("sudo zypper install {suse}"),
            Family::Alpine => format!("sudo apk add {alpine}"),
            Family::Unknown => format!("Install the package {debian} of your distribution."),
        }
    }

    /// Microsoft's own instructions, for the distributions that they are for.
    fn driver_18(&self) -> String {
        let place = "https://packages.microsoft.com/config";
        let major = self.version.split('.').next().unwrap_or_default();
        match (self.family, self.id.as_str()) {
            (Family::Debian, "debian" | "ubuntu") => format!(
                "curl -sSL -O {place}/{}/{}/packages-microsoft-prod.deb\n\
                 sudo dpkg -i packages-microsoft-prod.deb\n\
                 sudo apt-get update\n\
                 sudo apt-get install msodbcsql18",
                self.id, self.version
            ),
            (Family::RedHat, "rhel" | "rocky" | "almalinux" | "ol" | "centos") => format!(
                "curl -sSL -O {place}/rhel/{major}/packages-microsoft-prod.rpm\n\
                 sudo dnf install ./packages-microsoft-prod.rpm\n\
                 sudo dnf install msodbcsql18"
            ),
            (Family::Suse, "sles") => format!(
                "curl -sSL -O {place}/sles/{major}/packages-microsoft-prod.rpm\n\
                 sudo zypper install ./packages-microsoft-prod.rpm\n\
                 sudo zypper install msodbcsql18"
            ),
            _ => "See https://learn.microsoft.com/sql/connect/odbc/linux-mac/installing-the-microsoft-odbc-driver-for-sql-server"
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distribution_gets_its_own_commands() {
        let debian = Distribution::of("ID=debian\nVERSION_ID=\"12\"\n");
        assert_eq!(debian.install(Package::UnixOdbc), "sudo apt-get install unixodbc");
        assert!(debian.install(Package::Driver18).contains("/config/debian/12/"));
        let rocky = Distribution::of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n");
        assert_eq!(rocky.install(Package::UnixOdbc), "sudo dnf install unixODBC");
        assert!(rocky.install(Package::Driver18).contains("/config/rhel/9/"));
        let mint = Distribution::of("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n");
        assert!(mint.install(Package::Driver18).starts_with("See https://"));
        assert!(
            Distribution::of("")
                .install(Package::UnixOdbc)
                .contains("unixodbc")
        );
    }
}
