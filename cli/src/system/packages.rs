//! The commands that install missing packages on this Linux distribution, or by Homebrew.

use crate::system::{os, own_files};

/// A package that the driver or the tool needs.
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
    /// OpenSSL, which Driver 18 loads itself.
    OpenSsl,
}

impl Package {
    /// What to say of libraries of which no package is known.
    pub const NO_KNOWN_PACKAGE: &str = "Install the packages with these libraries.";

    /// The package of libraries that Driver 18 is linked with.
    pub fn with_libraries(names: &[String]) -> Option<Self> {
        let has = |part: &str| names.iter().any(|name| name.contains(part));
        if has("krb5") || has("gssapi") {
            Some(Self::Kerberos)
        } else if has("odbcinst") {
            Some(Self::UnixOdbc)
        } else {
            None
        }
    }
}

/// The families of distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Debian, Ubuntu and what is made of them.
    Debian,
    /// Red Hat, Fedora and what is made of them.
    RedHat,
    /// SUSE and openSUSE.
    Suse,
    /// Alpine.
    Alpine,
    /// Homebrew on macOS.
    Homebrew,
    /// Any other.
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
    /// That of this machine.
    pub fn current() -> Self {
        Self::parse(&os::release())
    }

    /// That of a machine with this `/etc/os-release`.
    pub fn parse(os_release: &str) -> Self {
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
                "macos" => Some(Family::Homebrew),
                _ => None,
            });
        Self {
            family: family.unwrap_or(Family::Unknown),
            id,
            version: value("VERSION_ID"),
        }
    }

    /// Whose packages it has.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The commands that install a package, one per line.
    pub fn install_command(&self, package: Package) -> String {
        self.install_commands(&[package])
    }

    /// The commands that install all of them, one per line.
    pub fn install_commands(&self, packages: &[Package]) -> String {
        let mut names = Vec::new();
        for name in packages.iter().filter_map(|package| self.package_name(*package)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let names = names.join(" ");
        let mut commands = Vec::new();
        if !names.is_empty() {
            commands.push(match self.family {
                Family::Debian => format!("sudo apt-get install {names}"),
                Family::RedHat => format!("sudo dnf install {names}"),
                Family::Suse => format!("sudo zypper install {names}"),
                Family::Alpine => format!("sudo apk add {names}"),
                Family::Homebrew => format!("brew install {names}"),
                Family::Unknown => format!("Install with your distribution's package manager: {names}"),
            });
        }
        if packages.contains(&Package::Driver18) {
            commands.push(if own_files::is_python_package() {
                "pip install mssql-python-odbc".to_owned()
            } else {
                self.driver_18_commands()
            });
        }
        commands.join("\n")
    }

    /// Its name here; `None` for the driver, which is in a repository of Microsoft's.
    fn package_name(&self, package: Package) -> Option<&'static str> {
        let [debian, red_hat, suse, alpine, homebrew] = match package {
            Package::UnixOdbc => ["unixodbc", "unixODBC", "unixODBC", "unixodbc", "unixodbc"],
            Package::Kerberos => [
                "libkrb5-3 libgssapi-krb5-2",
                "krb5-libs",
                "krb5",
                "krb5-libs",
                "krb5",
            ],
            Package::Authorities => ["ca-certificates"; 5],
            Package::OpenSsl => ["openssl"; 5],
            Package::Driver18 => return None,
        };
        Some(match self.family {
            Family::Debian | Family::Unknown => debian,
            Family::RedHat => red_hat,
            Family::Suse => suse,
            Family::Alpine => alpine,
            Family::Homebrew => homebrew,
        })
    }

    /// Microsoft's instructions, for the distributions that have packages of the driver.
    fn driver_18_commands(&self) -> String {
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
            (Family::Homebrew, _) => "brew tap microsoft/mssql-release https://github.com/Microsoft/homebrew-mssql-release\n\
                                      brew install msodbcsql18"
                .to_owned(),
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
        let debian = Distribution::parse("ID=debian\nVERSION_ID=\"12\"\n");
        assert_eq!(
            debian.install_command(Package::UnixOdbc),
            "sudo apt-get install unixodbc"
        );
        assert!(
            debian
                .install_command(Package::Driver18)
                .contains("/config/debian/12/")
        );
        let rocky = Distribution::parse("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n");
        assert_eq!(
            rocky.install_command(Package::UnixOdbc),
            "sudo dnf install unixODBC"
        );
        assert!(
            rocky
                .install_command(Package::Driver18)
                .contains("/config/rhel/9/")
        );
        let mint = Distribution::parse("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n");
        assert!(
            mint.install_command(Package::Driver18)
                .starts_with("See https://")
        );
        assert!(
            Distribution::parse("")
                .install_command(Package::UnixOdbc)
                .contains("unixodbc")
        );
    }
}
