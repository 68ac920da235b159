#!/bin/sh
# Installs Debian's pyodbc. Needs root and the network.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends python3 python3-pyodbc
sh "$(dirname "$0")/clean.sh"
