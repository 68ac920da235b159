"""What pyodbc and Driver 18 need of the system: loading it, and the command that installs what is missing."""

from __future__ import annotations

import ctypes
import os

from ._error import Error

_UNIXODBC = ("unixodbc", "unixODBC", "unixODBC")
_KERBEROS = ("libgssapi-krb5-2", "krb5-libs", "krb5")

# The names that will do, what it is, and which package has it: of Debian, of Red Hat and of SUSE.
_NEEDED = (
    (("libodbc.so.2",), "the ODBC driver manager", _UNIXODBC),
    (("libodbcinst.so.2",), "the ODBC driver manager's installer", _UNIXODBC),
    (("libkrb5.so.3",), "Kerberos", _KERBEROS),
    (("libgssapi_krb5.so.2",), "Kerberos", _KERBEROS),
    (("libssl.so.3", "libssl.so.1.1", "libssl.so.10"), "OpenSSL", ("libssl3", "openssl-libs", "libopenssl3")),
    (("libstdc++.so.6",), "the C++ library", ("libstdc++6", "libstdc++", "libstdc++6")),
)
_COMMANDS = ("apt-get install --no-install-recommends", "dnf install", "zypper install")
_FAMILIES = (
    ("debian", "ubuntu"),
    ("rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn", "azurelinux", "mariner"),
    ("suse", "sles", "sled", "opensuse", "opensuse-leap", "opensuse-tumbleweed"),
)
_WHEELS_OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "system")


def load_odbc() -> None:
    """Loads what pyodbc and Driver 18 need: the system's unixODBC and Kerberos, or, where it has none, the wheel's.

    `connect` and `driver` do so by themselves. Call it before `import pyodbc` on a system without unixODBC.
    Raises Error (IM003), with the one command that installs what is missing.

    >>> entra_odbc.load_odbc()
    >>> import pyodbc
    """
    lacking = advice()
    if lacking:
        raise Error("IM003", 0, lacking)


def missing() -> list[str]:
    """The shared libraries that pyodbc and Driver 18 need, and neither the system nor this wheel has."""
    return [names[0] for names, *_ in _NEEDED if not any(map(_loads, names))]


def advice(lacking: list[str] | None = None) -> str:
    """What is missing, and the one command that installs it; "" where nothing is.

    >>> print(entra_odbc.advice())
    """
    lacking = missing() if lacking is None else lacking
    if not lacking:
        return ""
    family = _family()
    wanted = [(names[0], use, packages) for names, use, packages in _NEEDED if names[0] in lacking]
    what = ", ".join(f"{name} ({use})" for name, use, _ in wanted)
    packages = dict.fromkeys(packages[family] for *_, packages in wanted)
    return f"missing: {what}. Install it as root: {_COMMANDS[family]} {' '.join(packages)}"


def _loads(name: str) -> bool:
    """Loads a library; the loader knows it by its name from then on, wherever it came from."""
    for place in (name, os.path.join(_WHEELS_OWN, name)):
        try:
            ctypes.CDLL(place)
        except OSError:
            continue
        return True
    return False


def _family(path: str = "/etc/os-release") -> int:
    """Whose packages this distribution uses; Debian's where it says nothing."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            entries = dict(line.strip().split("=", 1) for line in file if "=" in line)
    except OSError:
        return 0
    words = " ".join(entries.get(key, "").strip("\"'") for key in ("ID", "ID_LIKE")).split()
    found = (family for word in words for family, names in enumerate(_FAMILIES) if word in names)
    return next(found, 0)
