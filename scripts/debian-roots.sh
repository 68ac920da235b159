# shellcheck shell=bash
# To be sourced from the project's root, with scripts/packages.sh: Debian systems below build/roots, for tests.

# What tests of the driver need, as scripts/setup.sh has it for this machine.
# shellcheck disable=SC2034 # Used where this is sourced.
TEST_PACKAGES="unixodbc unixodbc-dev odbcinst libkrb5-3 libgssapi-krb5-2 ca-certificates openssl
    gcc g++ libc6-dev binutils make pkg-config procps python3 python3-venv util-linux mount
    odbc-postgresql postgresql valgrind iproute2 hostname"

MIRROR=http://deb.debian.org/debian

# in_root <root> <command>…: runs it in that system, with nothing of this machine's environment.
in_root() {
    scripts/in-root.sh "$1" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        TMPDIR=/tmp LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "${@:2}"
}

# debian_root <root> <suite> <architecture> <packages>…: that system with these packages. Made anew where another was asked
# for last time, or none is complete.
debian_root() {
    local root=$1 suite=$2 architecture=$3
    shift 3
    local wanted="$suite $architecture $*"
    [ "$(cat "$root/installed.txt" 2>/dev/null)" != "$wanted" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "making a system for tests needs root"
        return 1
    fi
    say "setup: making $root ($suite, $architecture)"
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --foreign --arch="$architecture" --variant=minbase "$suite" "$root" "$MIRROR" >"$root.log"
    [ "$architecture" != arm64 ] || touch "$root/.arm64"
    # For an architecture that is not the machine's, debootstrap links these to themselves.
    [ ! -L "$root/proc" ] || rm "$root/proc"
    mkdir -p "$root/proc" "$root/etc"
    printf '127.0.0.1\tlocalhost %s\n::1\tlocalhost\n' "$(basename "$root")" >"$root/etc/hosts"
    # In a user namespace, which that name stands for, nobody makes device nodes.
    in_root "$root" container=lxc /debootstrap/debootstrap --second-stage >>"$root.log"
    # Lists of a testing suite that nobody has renewed for a while are good enough.
    [ "$architecture" = "$(dpkg --print-architecture)" ] || in_root "$root" dpkg --add-architecture "$(dpkg --print-architecture)"
    in_root "$root" apt-get -q -o Acquire::Check-Valid-Until=false update >>"$root.log"
    in_root "$root" apt-get -q install -y --no-install-recommends "$@" >>"$root.log"
    echo "$wanted" >"$root/installed.txt"
}

# root_python <root> <requirements>…: what these files name, in a virtual environment in that system: /opt/tests.
root_python() {
    local root=$1
    shift
    ! cat "$@" | cmp -s - "$root/opt/installed.txt" || return 0
    # Whom this machine trusts, a proxy perhaps, and that system may not.
    cp /etc/ssl/certs/ca-certificates.crt "$root/opt/"
    in_root "$root" python3 -m venv --clear /opt/tests
    for file in "$@"; do
        in_root "$root" PIP_CERT=/opt/ca-certificates.crt /opt/tests/bin/python -m pip install --quiet \
            --disable-pip-version-check -r "$file"
    done
    cat "$@" >"$root/opt/installed.txt"
}

# root_driver <root> <variant>: the path there of Driver 18 as PyPI has it for that family of distributions.
root_driver() {
    local found=("$1"/opt/tests/lib/python3*/site-packages/mssql_python_odbc/libs/linux/"$2"/*/lib/libmsodbcsql-18.*.so.*)
    printf '%s\n' "${found[0]#"$1"}"
}
