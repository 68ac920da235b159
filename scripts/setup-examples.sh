#!/bin/sh
# Installs what the examples and their tests need beside scripts/setup.sh: Chromium with its driver from Debian, and
# Python packages into .venv-examples.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

debian_packages unixodbc libkrb5-3 libgssapi-krb5-2 ca-certificates unixodbc-dev pkg-config gcc g++ libc6-dev python3 python3-venv chromium chromium-driver
python_packages .venv-examples examples/*/requirements.txt examples/requirements-test.txt
