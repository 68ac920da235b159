"""The .deb in bare Debian systems: installed, used, upgraded, removed."""

import os
import tempfile
import unittest

import microsoft
from root import DRIVER, Root, difference, package, system_identity

INI = "etc/odbcinst.ini"
# A neighbour with everything that a program which writes the file anew would change.
NEIGHBOUR = "; by hand\n[Other]\r\nDriver =/other.so \n\n\n# the end"
EDIT = "TrustedServers = db.contoso.example\n"


class Debian(unittest.TestCase):
    release = "bookworm"

    def setUp(self):
        self.root = Root(self.release)
        self.addCleanup(self.root.remove)
        self.deb = self.root.bring(package("_amd64.deb"))
        self.newer = self.root.bring(package("_amd64.deb", os.environ["NEWER_PACKAGES"]))

    def with_neighbour(self):
        self.root.apt("install", "unixodbc")
        self.root.write(INI, NEIGHBOUR)

    def microsofts(self, version="18.6.2.1-1"):
        with tempfile.TemporaryDirectory() as directory:
            return self.root.bring(microsoft.deb(directory, version))

    def is_registered(self):
        return DRIVER in self.root.run("odbcinst", "-q", "-d", check=False)

    def test_installed_used_and_purged_leaves_the_system_as_it_was(self):
        # Something of others' in /opt, which dpkg else removes with Microsoft's package, its last owner.
        self.root.write("opt/other", "")
        before = self.root.snapshot()
        out = self.root.apt("install", self.deb)
        # Without Microsoft's driver it is registered all the same, and the installation says what is missing.
        self.assertIn("Registered", out)
        self.assertIn("msodbcsql18", out)
        self.assertTrue(self.is_registered())
        self.root.apt("install", "unixodbc")
        self.assertIn("[IM003]", self.root.isql())
        # It comes later.
        self.root.apt("install", self.microsofts())
        self.assertIn(system_identity(), self.root.isql())
        # By the tool and the program through which it connects.
        connect = ("entra-odbc", "connect", "--query", "SELECT SUSER_SNAME()")
        self.assertIn(system_identity(), self.root.isql(connect))
        self.root.run("entra-odbc", "status")
        self.root.apt("purge --autoremove", "msodbcsql18")
        self.assertTrue(self.is_registered())
        self.root.apt("purge --autoremove", "entra-odbc", "unixodbc")
        self.assertEqual({}, difference(before, self.root.snapshot()))

    def test_entries_of_others_keep_every_byte(self):
        self.with_neighbour()
        before = self.root.snapshot()
        self.root.apt("install", self.deb)
        self.assertTrue(self.root.read(INI).startswith(NEIGHBOUR))
        self.root.apt("remove", "entra-odbc")
        self.assertEqual(NEIGHBOUR, self.root.read(INI))
        # A second time.
        self.root.run("dpkg", "--remove", "entra-odbc")
        self.root.apt("autoremove")
        self.assertEqual({}, difference(before, self.root.snapshot()))

    def test_upgrades_leave_the_registration_alone(self):
        self.with_neighbour()
        self.root.apt("install", self.deb)
        registered = self.root.read(INI)
        self.root.apt("install", self.newer)
        self.assertEqual(registered, self.root.read(INI))
        self.assertTrue(self.is_registered())
        self.root.apt("install --reinstall", "unixodbc", "odbcinst", "libodbc2", "libodbcinst2", "unixodbc-common")
        self.assertEqual(registered, self.root.read(INI))
        self.root.apt("install", self.microsofts())
        self.root.apt("install", self.microsofts("18.7.0.0-1"))
        self.assertIn(system_identity(), self.root.isql())
        self.root.apt("remove", "msodbcsql18")
        self.assertTrue(self.is_registered())
        self.root.apt("remove", "entra-odbc")
        self.assertFalse(self.is_registered())
        self.assertIn("[Other]", self.root.read(INI))

    def test_an_edited_entry_is_kept(self):
        self.root.apt("install", self.deb)
        edited = self.root.read(INI) + EDIT
        self.root.write(INI, edited)
        self.root.apt("install", self.newer)
        self.assertEqual(edited, self.root.read(INI))
        self.assertIn("stays", self.root.apt("remove", "entra-odbc"))
        self.assertEqual(edited, self.root.read(INI))
        self.root.apt("install", self.deb)
        self.assertEqual(edited, self.root.read(INI))

    def test_a_driver_that_was_unregistered_stays_so(self):
        self.root.apt("install", self.deb)
        self.root.run("entra-odbc", "uninstall")
        self.root.apt("install", self.newer)
        self.assertFalse(self.is_registered())
        self.root.apt("purge", "entra-odbc")

    def test_a_file_that_makes_no_sense_is_left_as_it_is(self):
        self.root.apt("install", "odbcinst")
        self.root.write(INI, "what is this\n")
        self.assertIn("is left as it is", self.root.apt("install", self.deb))
        self.root.apt("purge", "entra-odbc")
        self.assertEqual("what is this\n", self.root.read(INI))


class NextDebian(Debian):
    release = "trixie"
