"""The tarball, in the home of a user who is not root."""

import os
import subprocess
import unittest

import microsoft
from root import DRIVER, Root, difference, package, system_identity

USER = "1000:1000"
HOME = "home/ada"


class Tarball(unittest.TestCase):
    def setUp(self):
        self.root = Root("bookworm")
        self.addCleanup(self.root.remove)
        self.root.apt("install", "unixodbc", "odbcinst", "libgssapi-krb5-2", "openssl", "pkg-config")
        microsoft.lay_out(self.root.path)
        os.makedirs(self.root.file(HOME))
        os.chown(self.root.file(HOME), 1000, 1000)
        for directories in ("PACKAGES", "NEWER_PACKAGES"):
            archive = package("-x86_64.tar.gz", os.environ[directories])
            subprocess.run(["tar", "-xzf", archive, "-C", self.root.file("tmp")], check=True)
        self.versions = sorted(name for name in os.listdir(self.root.file("tmp")) if name.startswith("entra-odbc-"))
        self.assertEqual(2, len(self.versions))

    def run_as_user(self, *command, **variables):
        return self.root.run(*command, user=USER, HOME=f"/{HOME}", **variables)

    def test_installed_used_upgraded_and_removed_leaves_the_home_as_it_was(self):
        before = self.root.snapshot()
        for version in self.versions:
            out = self.run_as_user(f"/tmp/{version}/install.sh")
            self.assertIn("Registered" if version == self.versions[0] else "Nothing to change", out)
        self.assertIn(f"[{DRIVER}]", self.root.read(f"{HOME}/.odbcinst.ini"))
        self.assertIn(system_identity(), self.root.isql(HOME=f"/{HOME}"))
        connect = (f"/{HOME}/.local/bin/entra-odbc", "connect", "--query", "SELECT SUSER_SNAME()")
        self.assertIn(system_identity(), self.root.isql(connect, HOME=f"/{HOME}"))
        flags = self.run_as_user(
            "pkg-config", "--libs", "--cflags", "entra-odbc", PKG_CONFIG_PATH=f"/{HOME}/.local/lib/pkgconfig"
        )
        self.assertIn(f"-I/{HOME}/.local/lib/pkgconfig/../../include", flags)
        self.run_as_user(f"/{HOME}/.local/libexec/entra-odbc/install.sh", "--uninstall")
        self.assertEqual({}, difference(before, self.root.snapshot()))

    def test_an_edited_entry_and_files_of_others_are_kept(self):
        self.run_as_user(f"/tmp/{self.versions[0]}/install.sh")
        edited = self.root.read(f"{HOME}/.odbcinst.ini") + "TrustedServers = db.contoso.example\n"
        self.root.write(f"{HOME}/.odbcinst.ini", edited)
        self.root.write(f"{HOME}/.local/bin/other", "")
        self.run_as_user(f"/tmp/{self.versions[1]}/install.sh")
        self.run_as_user(f"/{HOME}/.local/libexec/entra-odbc/install.sh", "--uninstall")
        self.assertEqual(edited, self.root.read(f"{HOME}/.odbcinst.ini"))
        self.assertEqual([".local/bin/other"], [
            name for name, what in self.root.snapshot(HOME).items() if what.startswith("-") and name != ".odbcinst.ini"
        ])
