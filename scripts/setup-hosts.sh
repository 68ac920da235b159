#!/bin/sh
# Installs what the tests of further hosts need beside scripts/setup.sh: Debian packages, Python packages into
# .venv-hosts, and Node.js packages into .node-hosts.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# PHP with its ODBC extensions (PDO among them), R with RODBC, Perl with DBI.
debian_packages php-cli php-odbc r-base-core r-cran-rodbc perl libdbi-perl libdbd-odbc-perl
# A keyring with its command, in a D-Bus session of its own.
debian_packages gnome-keyring libsecret-tools dbus
python_packages .venv-hosts tests/requirements.txt tests/requirements-hosts.txt python/tests/requirements.txt

# A Node.js of another origin will do as well.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    debian_packages nodejs npm
fi
node_packages .node-hosts tests/hosts/node
