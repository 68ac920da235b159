//! Which of the PyPI package's variants of Driver 18 belongs to this Linux distribution with glibc.

/// The directory under `mssql_python_odbc/libs/linux` for a distribution with this `/etc/os-release`.
///
/// The wheel for glibc (18.6.2.2) has three; a distribution that is none of them, nor like one of them, gets
/// the Debian build, which asks the oldest C library of them.
pub fn variant(os_release: &str) -> &'static str {
    let words = ["ID", "ID_LIKE"].into_iter().flat_map(|key| {
        os_release
            .lines()
            .filter_map(move |line| line.trim().strip_prefix(key)?.strip_prefix('='))
            .flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace())
    });
    for word in words {
        match word {
            "debian" | "ubuntu" => return "debian_ubuntu",
            "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "ol" | "amzn" | "azurelinux"
            | "mariner" => {
                return "rhel";
            }
            "suse" | "sles" | "sled" | "opensuse" | "opensuse-leap" | "opensuse-tumbleweed" => return "suse",
            _ => {}
        }
    }
    "debian_ubuntu"
}

#[cfg(test)]
mod tests {
    use super::variant;

    #[test]
    fn a_distribution_is_known_by_its_id_or_by_what_it_is_like() {
        assert_eq!(
            variant("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"),
            "debian_ubuntu"
        );
        assert_eq!(
            variant("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            "debian_ubuntu"
        );
        assert_eq!(variant("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), "rhel");
        assert_eq!(variant("ID_LIKE='suse opensuse'\nID=\"opensuse-leap\"\n"), "suse");
        assert_eq!(variant("ID=arch\n"), "debian_ubuntu");
        assert_eq!(variant(""), "debian_ubuntu");
    }
}
