"""What pyodbc and Driver 18 need of a system, and the command that installs it there."""

from __future__ import annotations

import sys

# Each: the names that will do, what it is, and which package has it, of each family of systems.
if sys.platform == "darwin":
    # Homebrew's places on machines with Apple's processors and with Intel's. pyodbc's wheels (5.5) name unixODBC by its path
    # there, and Driver 18 (18.6) looks there for OpenSSL. Kerberos comes with the system.
    _PREFIXES = ("/opt/homebrew/opt", "/usr/local/opt")
    NEEDED = (
        (
            tuple(f"{prefix}/unixodbc/lib/libodbc.2.dylib" for prefix in _PREFIXES),
            "the ODBC driver manager",
            ("unixodbc",),
        ),
        (tuple(f"{prefix}/openssl/lib/libssl.3.dylib" for prefix in _PREFIXES), "OpenSSL", ("openssl",)),
    )
    COMMANDS = ("Install it: brew install",)
else:
    _UNIXODBC = ("unixodbc", "unixODBC", "unixODBC", "unixodbc")
    _KERBEROS = ("libgssapi-krb5-2", "krb5-libs", "krb5", "krb5-libs")
    _OPENSSL = ("libssl3", "openssl-libs", "libopenssl3", "libssl3")
    _CXX = ("libstdc++6", "libstdc++", "libstdc++6", "libstdc++")
    NEEDED = (
        (("libodbc.so.2",), "the ODBC driver manager", _UNIXODBC),
        (("libodbcinst.so.2",), "the ODBC driver manager's installer", _UNIXODBC),
        (("libkrb5.so.3",), "Kerberos", _KERBEROS),
        (("libgssapi_krb5.so.2",), "Kerberos", _KERBEROS),
        (("libssl.so.3", "libssl.so.1.1", "libssl.so.10"), "OpenSSL", _OPENSSL),
        (("libstdc++.so.6",), "the C++ library", _CXX),
    )
    COMMANDS = (
        "Install it as root: apt-get install --no-install-recommends",
        "Install it as root: dnf install",
        "Install it as root: zypper install",
        "Install it as root: apk add",
    )
_FAMILIES = (
    ("debian", "ubuntu"),
    ("rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn", "azurelinux", "mariner"),
    ("suse", "sles", "sled", "opensuse", "opensuse-leap", "opensuse-tumbleweed"),
    ("alpine",),
)


def family(path: str = "/etc/os-release") -> int:
    """Whose packages this system uses, as an index of COMMANDS; the first where it does not say."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            entries = dict(line.strip().split("=", 1) for line in file if "=" in line)
    except OSError:
        return 0
    words = " ".join(entries.get(key, "").strip("\"'") for key in ("ID", "ID_LIKE")).split()
    found = (family for word in words for family, names in enumerate(_FAMILIES) if word in names)
    return next(found, 0)
