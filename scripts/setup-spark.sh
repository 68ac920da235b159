#!/bin/sh
# Installs what the Spark data source, its example and its tests need beside scripts/setup.sh: Java from Debian, and Python
# packages into .venv-spark.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

debian_packages openjdk-17-jre-headless iproute2 util-linux
python_packages .venv-spark tests/requirements.txt tests/requirements-spark.txt
