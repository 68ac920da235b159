#!/bin/sh
# Runs the images of scripts/test-docker.sh, which starts this in a network of its own.
set -eu
cd "$(dirname "$0")/../.."
. scripts/count.sh
ip link set lo up
work=$(mktemp -d)
buildah() { command buildah --storage-driver vfs --root "$STORAGE/storage" --runroot "$STORAGE/run" "$@"; }

# Driver 18 as Microsoft's package lays it out.
mkdir -p "$work/microsoft/lib64" "$work/playground"
cp "$DRIVER18"/lib/libmsodbcsql-18.*.so.* "$work/microsoft/lib64/"
cp -R "$DRIVER18/share" "$work/microsoft/"
chmod 755 "$work"
chown 65534:65534 "$work/playground"

standins=$(buildah from --pull-never entra-odbc-standins)
client=$(buildah from --pull-never entra-odbc-client)
runtime=$(buildah from --pull-never entra-odbc)
stop() {
    [ -z "${servers:-}" ] || kill "$servers" 2>/dev/null || true
    buildah rm "$standins" "$client" "$runtime" >/dev/null
    rm -rf "$work" "$log"
}
trap stop EXIT

# The servers, by the image's own entry point; once they are ready, they print where they are.
mkfifo "$work/ready"
buildah run --volume "$work/playground:/playground" "$standins" sh /usr/local/bin/run-standins.sh /playground \
    >"$work/ready" 2>"$work/standins.log" &
servers=$!
exec 3<"$work/ready"
if ! read -r _ <&3; then
    cat "$work/standins.log" >&2
    exit 1
fi

# in_image <container> <command>…: with Driver 18 mounted, and as compose.yaml runs the client.
in_image() {
    container=$1
    shift
    buildah run --volume "$work/microsoft:/opt/microsoft/msodbcsql18:ro" --volume "$work/playground:/playground:ro" \
        --env AZURE_AUTHORITY_HOST=https://localhost:14331 --env SSL_CERT_FILE=/playground/ca.pem \
        --env AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:14332 "$container" "$@"
}
string='DRIVER={ODBC Driver 18 Entra for SQL Server};SERVER=localhost,14330;TrustServerCertificate=yes;Authentication=ActiveDirectoryMsi'

below_120_mb() {
    size=$(du -s --bytes "$(buildah mount "$runtime")" | cut -f 1)
    echo "$((size / 1000000)) MB"
    [ "$size" -lt 120000000 ]
}
no_compiler() {
    root=$(buildah mount "$runtime")
    ! ls "$root"/usr/bin/*gcc* "$root"/usr/bin/cc "$root"/usr/bin/rustc "$root"/usr/bin/cargo "$root"/usr/bin/zig 2>/dev/null
}
not_root() { [ "$(buildah run "$runtime" id -u)" = 65534 ]; }
registered() { grep -F '[ODBC Driver 18 Entra for SQL Server]' "$(buildah mount "$runtime")/etc/odbcinst.ini"; }
explains_the_missing_driver() {
    echo | buildah run --env HOME=/ "$runtime" isql -b -v -k "$string" >"$work/answer" 2>&1 || true
    cat "$work/answer"
    grep -q IM003 "$work/answer"
}
tool_connects() { in_image "$runtime" entra-odbc connect "$string" --query 'SELECT SUSER_SNAME()'; }
playground() { in_image "$client" sh /opt/entra-odbc/scripts/play.sh; }

# As a platform that trusts nobody runs it: another user, of no name and no home, and nothing can be written. By the tool,
# since unixODBC's isql ends with a segmentation fault, whatever it is to do, where HOME is not set.
locked_down() {
    root=$(buildah mount "$runtime")
    mkdir -p "$root/opt/microsoft/msodbcsql18" "$root/playground"
    # In quotes: expanded by the inner shell.
    # shellcheck disable=SC2016
    unshare --mount sh -euc '
        mount --bind "$1" "$1"
        mount --bind "$2/microsoft" "$1/opt/microsoft/msodbcsql18"
        mount --bind "$2/playground" "$1/playground"
        mount -t proc proc "$1/proc"
        mount -o remount,ro,bind "$1"
        if chroot --userspec=4711:4711 "$1" touch /tmp/x 2>/dev/null; then exit 1; fi
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin AZURE_AUTHORITY_HOST=https://localhost:14331 \
            AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:14332 SSL_CERT_FILE=/playground/ca.pem \
            chroot --userspec=4711:4711 "$1" entra-odbc connect "$3" --query "SELECT SUSER_SNAME()"
    ' sh "$root" "$work" "$string" | tee "$work/answer"
    grep -q '@' "$work/answer"
}

check 'the image is below 120 MB without Driver 18' below_120_mb
check 'there is no compiler in it' no_compiler
check 'it does not run as root' not_root
check 'the driver is registered' registered
check 'without Driver 18, a connect says what is missing' explains_the_missing_driver
check 'the tool connects' tool_connects
check 'an unknown user without a home connects where nothing can be written' locked_down
check 'the playground signs in by all its ways' playground
counted
