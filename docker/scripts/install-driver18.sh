#!/bin/sh
# Installs Microsoft's ODBC Driver 18 from Microsoft's package source for this Debian.
#
# Needs root, the network, and ACCEPT_EULA=Y in the environment: the licence is Microsoft's, and yours to accept.
# The steps are those of
# https://learn.microsoft.com/sql/connect/odbc/linux-mac/installing-the-microsoft-odbc-driver-for-sql-server
set -eu

if [ "${ACCEPT_EULA:-}" != Y ]; then
    echo "install-driver18.sh: Microsoft's ODBC Driver 18 comes under Microsoft's licence" >&2
    echo "(https://aka.ms/odbc18eula). Accept it by ACCEPT_EULA=Y, in a build --build-arg ACCEPT_EULA=Y." >&2
    exit 1
fi
export ACCEPT_EULA DEBIAN_FRONTEND=noninteractive

apt-get install -y --no-install-recommends curl

# The package that adds Microsoft's source and the key that signs it.
. /etc/os-release
package=$(mktemp --suffix=.deb)
curl -fsSL -o "$package" "https://packages.microsoft.com/config/debian/$VERSION_ID/packages-microsoft-prod.deb"
dpkg -i "$package"
rm "$package"

apt-get update
apt-get install -y --no-install-recommends msodbcsql18
apt-get purge -y --auto-remove curl
