#!/bin/sh
# Unregisters the driver, when the package is removed; not when it is replaced by another version of it.
#
# dpkg says `remove` or why else it calls; rpm says how many versions will be left; apk says the version, and runs this
# at the removal only.
set -u
case ${1:-} in
    upgrade | deconfigure | failed-upgrade | [1-9]) exit 0 ;;
esac
[ -x /usr/bin/entra-odbc ] || exit 0
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/bin/entra-odbc uninstall --package || exit 0
