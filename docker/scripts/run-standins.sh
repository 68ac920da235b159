#!/bin/sh
# Runs the stand-ins on the ports that the playground's client knows.
#
#   run-standins.sh <directory for the authority's certificate>
set -eu

directory=$1

# The certificate tells that all is ready; one of the last run must not.
rm -f "$directory/ca.pem"
exec standins --detached --directory "$directory" \
    --sql-port 14330 --entra-port 14331 --managed-identity-port 14332 --control-port 14333
