#!/bin/sh
# Adds a user without privileges, and a directory that is theirs. Needs root.
#
#   add-user.sh <name> <directory>
set -eu

name=$1
directory=$2

useradd --create-home --shell /bin/sh "$name"
install -d -o "$name" -g "$name" "$directory"
