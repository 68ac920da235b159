#!/bin/sh
# Installs what the tests of long-running hosts need beside scripts/setup.sh: Debian packages, and Python
# packages into .venv-hosts.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# PHP with its ODBC extensions (PDO among them), R with RODBC, Perl with DBI.
debian_packages php-cli php-odbc r-base-core r-cran-rodbc perl libdbi-perl libdbd-odbc-perl
# A keyring with its command, in a D-Bus session of its own.
debian_packages gnome-keyring libsecret-tools dbus
python_packages .venv-hosts tests/requirements.txt tests/requirements-hosts.txt
