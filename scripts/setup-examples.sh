#!/bin/sh
# Installs what the examples and their tests need beside scripts/setup.sh: Chromium with its driver from Debian, and
# Python packages into .venv-examples.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

debian_packages chromium chromium-driver
python_packages .venv-examples examples/*/requirements.txt examples/requirements-test.txt
