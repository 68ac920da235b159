#!/bin/sh
# Installs the project's package, what Driver 18 needs, and with ACCEPT_EULA=Y Driver 18. Needs root and the network.
#
#   install.sh <directory with the packages>
set -eu

here=$(cd "$(dirname "$0")" && pwd)
package=$(ls "$1"/entra-odbc_*_"$(dpkg --print-architecture)".deb)
export DEBIAN_FRONTEND=noninteractive

apt-get update
# Driver 18 needs Kerberos's libraries even where nobody signs in by Kerberos, and opens OpenSSL's.
apt-get install -y --no-install-recommends "$package" unixodbc ca-certificates openssl libgssapi-krb5-2
if [ "${ACCEPT_EULA:-}" = Y ]; then
    sh "$here/install-driver18.sh"
fi
sh "$here/clean.sh"
