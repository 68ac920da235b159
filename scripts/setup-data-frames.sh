#!/bin/sh
# Installs what docs/data-frames.md and its tests need beside scripts/setup.sh: Python packages into .venv-data-frames.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

python_packages .venv-data-frames tests/requirements.txt tests/requirements-data-frames.txt
