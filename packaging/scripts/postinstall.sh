#!/bin/sh
# Registers the driver in the system's odbcinst.ini, when the package is installed for the first time. An upgrade changes
# nothing there: the library keeps its path, and whoever has unregistered the driver does not find it registered again.
#
# dpkg says `configure`, with the version that was there before; rpm says how many versions will be there; apk says the
# version, and runs this at the first installation only.
set -u
case ${1:-} in
    configure) [ -z "${2:-}" ] || exit 0 ;;
    abort-remove | 1) ;;
    abort-* | [2-9]) exit 0 ;;
esac
# The system's files, whatever the environment of whoever installs says. A file that is not understood is left as it is,
# with a message, and is no reason to leave the package half installed.
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/bin/entra-odbc install --package || exit 0
