#!/usr/bin/env bash
# Runs a command in the root directory of another Linux system, with this repository at its usual path there:
#
#   in-root.sh <root> <command>…
#
# In namespaces of its own: what it mounts, nobody else sees, and with the command all that it started ends. Needs root.
# A system for arm64 on another processor runs under QEMU. It is registered in a user namespace of its own, which Linux
# can since 6.7: the machine's own list of interpreters stays as it is.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$1" && pwd)
shift

foreign=""
namespaces=(--mount --pid --fork --kill-child --uts --propagation private)
if [ -e "$root/.arm64" ] && [ "$(uname -m)" != aarch64 ]; then
    foreign=yes
    namespaces+=(--user "--map-users=0,0,65536" "--map-groups=0,0,65536" --setuid 0 --setgid 0)
fi

# Before the namespaces: which ids a user namespace may have is written in these two files, and not for root.
read -r -d '' allow_ids <<'SCRIPT' || true
set -e
if [ -n "$1" ]; then
    mount -t tmpfs tmpfs /mnt
    echo root:0:65536 >/mnt/ids
    mount --bind /mnt/ids /etc/subuid
    mount --bind /mnt/ids /etc/subgid
    umount -l /mnt
fi
shift
exec "$@"
SCRIPT

read -r -d '' enter <<'SCRIPT' || true
set -e
foreign=$1 repository=$2 root=$3
shift 3
# Driver 18 looks up the machine's own name at each connect, and waits for an answer.
hostname "$(awk '{ name = $2 } END { print name }' "$root/etc/hosts")"
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
# Not the machine's own: programs here have process ids, and so names of files, that others have as well.
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
# After /tmp, where the repository may be.
mkdir -p "$root$repository" "$repository/target/tmp"
mount --rbind "$repository" "$root$repository"
mount -t tmpfs tmpfs "$root$repository/target/tmp"
touch "$root/etc/resolv.conf"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
if [ -n "$foreign" ]; then
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
fi
# The mount becomes the root of its namespace: in a mere chroot nobody may make a user namespace.
cd "$root"
mount --move . /
exec chroot . /bin/sh -c 'cd "$0" && exec "$@"' "$repository" "$@"
SCRIPT

exec unshare --mount --propagation private sh -c "$allow_ids" sh "$foreign" \
    unshare "${namespaces[@]}" sh -c "$enter" sh "$foreign" "$repository" "$root" "$@"
