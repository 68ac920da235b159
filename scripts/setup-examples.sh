#!/bin/sh
# Installs what the examples and their tests need beside scripts/setup.sh: Chromium with its driver from Debian, and
# Python packages into .venv-examples.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

debian_packages chromium chromium-driver
# databricks-app names the wheel beside it, which is not there; its tests check that the others name the rest.
for file in examples/*/requirements.txt; do
    [ "$file" = examples/databricks-app/requirements.txt ] || set -- "$@" "$file"
done
python_packages .venv-examples "$@" examples/requirements-test.txt
