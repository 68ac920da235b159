#!/bin/sh
# Runs a command on a machine that has a network with three others: the network namespaces executor-1, executor-2 and other, at
# 10.55.0.2, .3 and .4. This one is at 10.55.0.1, and the server's name leads here. As root of a user namespace, so that no
# other right is needed.
set -eu
hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
{
    echo "127.0.0.1 localhost"
    echo "10.55.0.1 notebook contoso.database.windows.net"
} >"$hosts"
ENTRA_ODBC_TEST_STANDINS="--listen 0.0.0.0 --sql-port 1433 --name contoso.database.windows.net"
export ENTRA_ODBC_TEST_STANDINS
unshare --user --map-root-user --net --mount --uts sh -c '
    set -e
    hostname notebook
    mount --bind "$1" /etc/hosts
    shift
    # For the names of the namespaces.
    mount -t tmpfs none /run
    ip link set lo up
    ip link add bridge type bridge
    ip address add 10.55.0.1/24 dev bridge
    ip link set bridge up
    number=1
    for machine in executor-1 executor-2 other; do
        number=$((number + 1))
        ip netns add "$machine"
        ip link add "to-$number" type veth peer name eth0 netns "$machine"
        ip link set "to-$number" master bridge up
        ip -n "$machine" link set lo up
        ip -n "$machine" link set eth0 up
        ip -n "$machine" address add "10.55.0.$number/24" dev eth0
    done
    exec "$@"' sh "$hosts" "$@"
