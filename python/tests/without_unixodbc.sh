#!/bin/sh
# Runs a command on this system as it would be without unixODBC and Kerberos:
#
#   without_unixodbc.sh <command>…
#
# In a mount namespace of its own, with an overlay over the directory of libraries from which they are removed; nothing
# outside sees it. Needs no root where users may make namespaces.
set -eu
if [ -z "${WITHOUT_UNIXODBC:-}" ]; then
    WITHOUT_UNIXODBC=1 exec unshare --user --map-root-user --mount "$0" "$@"
fi
unset WITHOUT_UNIXODBC
libraries=/usr/lib/$(uname -m)-linux-gnu
scratch=/run
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work"
mount -t overlay overlay -o "lowerdir=$libraries,upperdir=$scratch/upper,workdir=$scratch/work" "$libraries"
rm -f "$libraries"/libodbc* "$libraries"/libltdl* "$libraries"/libkrb5* "$libraries"/libgssapi_krb5*
exec "$@"
