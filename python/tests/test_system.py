"""What the system lacks, in words that say what to do."""

import importlib
import sys

import pytest
from entra_odbc import _needs, _system, advice


def test_nothing_is_said_where_nothing_is_missing():
    assert advice([]) == ""


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ("ID=debian\n", "apt-get install --no-install-recommends unixodbc libgssapi-krb5-2"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt-get install --no-install-recommends unixodbc libgssapi-krb5-2"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install unixODBC krb5-libs"),
        ("ID=opensuse-leap\nID_LIKE='suse opensuse'\n", "zypper install unixODBC krb5"),
        ("ID=alpine\n", "apk add unixodbc krb5-libs"),
        ("ID=arch\n", "apt-get install --no-install-recommends unixodbc libgssapi-krb5-2"),
        ("no such lines", "apt-get install --no-install-recommends unixodbc libgssapi-krb5-2"),
    ],
)
def test_the_one_command_is_that_of_the_distribution(release, command, tmp_path, monkeypatch):
    (tmp_path / "os-release").write_text(release)
    family = _needs.family(str(tmp_path / "os-release"))
    monkeypatch.setattr(_system, "family", lambda: family)
    text = advice(["libodbc.so.2", "libgssapi_krb5.so.2"])
    assert text.endswith(f"as root: {command}")
    assert "libodbc.so.2" in text


def test_a_system_without_os_release_is_treated_like_debian(tmp_path):
    assert _needs.family(str(tmp_path / "none")) == 0


@pytest.fixture
def macos(monkeypatch):
    """The package as it is on a Mac."""
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "darwin")
        importlib.reload(_needs)
        importlib.reload(_system)
    yield
    importlib.reload(_needs)
    importlib.reload(_system)


def test_on_a_mac_it_is_homebrew_and_not_root(macos):
    lacking = _system.missing()
    assert lacking == ["/opt/homebrew/opt/unixodbc/lib/libodbc.2.dylib", "/opt/homebrew/opt/openssl/lib/libssl.3.dylib"]
    assert _system.advice(lacking).endswith(" Install it: brew install unixodbc openssl")


def test_what_cannot_be_loaded_is_missing(monkeypatch):
    monkeypatch.setattr(_system, "NEEDED", ((("libno-such.so.9", "libno-such.so.8"), "nothing", ("a", "b", "c")),))
    assert _system.missing() == ["libno-such.so.9"]
