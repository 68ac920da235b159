"""The .rpm, by rpm of this machine in a bare Debian system. No system of Red Hat's can be had here, and its packages
have other names, so dependencies are only read (`--nodeps`)."""

import os
import subprocess
import unittest

import microsoft
from root import DRIVER, Root, difference, package, system_identity

INI = "etc/odbcinst.ini"
OTHER = "[Other]\r\nDriver =/other.so"


class Rpm(unittest.TestCase):
    def setUp(self):
        self.root = Root("bookworm")
        self.addCleanup(self.root.remove)
        self.root.apt("install", "unixodbc", "odbcinst", "libgssapi-krb5-2", "openssl")
        self.root.write(INI, OTHER)
        microsoft.lay_out(self.root.path)
        self.file, self.newer = (package(".x86_64.rpm", os.environ[name]) for name in ("PACKAGES", "NEWER_PACKAGES"))

    def rpm(self, *arguments):
        command = ["rpm", "--root", self.root.path, "--dbpath", "/var/lib/rpm", "--nodeps", *arguments]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(0, result.returncode, result.stdout)
        return result.stdout

    def test_installed_used_upgraded_and_erased_leaves_the_system_as_it_was(self):
        before = self.root.snapshot()
        self.rpm("--install", self.file)
        registered = self.root.read(INI)
        self.assertIn(f"[{DRIVER}]", registered)
        self.assertIn("Driver = /usr/lib64/libentra_odbc.so\n", registered)
        self.assertIn(system_identity(), self.root.isql())
        self.assertIn(system_identity(), self.root.isql(("entra-odbc", "connect", "--query", "SELECT SUSER_SNAME()")))
        self.rpm("--upgrade", self.newer)
        self.assertEqual(registered, self.root.read(INI))
        self.rpm("--erase", "entra-odbc")
        self.assertEqual(OTHER, self.root.read(INI))
        self.assertEqual({}, difference(before, self.root.snapshot()))

    def test_an_edited_entry_is_kept(self):
        self.rpm("--install", self.file)
        edited = self.root.read(INI) + "TrustedServers = db.contoso.example\n"
        self.root.write(INI, edited)
        self.rpm("--upgrade", self.newer)
        self.rpm("--erase", "entra-odbc")
        self.assertEqual(edited, self.root.read(INI))

    def test_what_it_requires_has_the_names_of_red_hats_and_suses_packages(self):
        command = ["rpm", "--query", "--package", self.file, "--requires"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
        for name in ("libodbc.so.2()(64bit)", "unixODBC", "libc.so.6(GLIBC_2.28)(64bit)"):
            self.assertIn(name, names)
