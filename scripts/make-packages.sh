#!/bin/sh
# Builds packages for the Rust targets that are named: .deb, .rpm and a tarball for glibc, .apk for musl, each with a
# bill of materials, and their checksums: build/packages/
#
#   make-packages.sh [--built] [<target>…]     for glibc and musl on x86-64 and arm64, if none is named
#
# With --built, build/native/ is taken as it is. VERSION is the version of the packages, OUT the directory for them. The
# same commit and build give the same bytes.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

built=
if [ "${1:-}" = --built ]; then
    built=1
    shift
fi
[ $# != 0 ] || set -- x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl
VERSION=${VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)}
RELEASE=1
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
out=${OUT:-$PWD/build/packages}
export VERSION RELEASE SOURCE_DATE_EPOCH
# Files have the modes that are written here, and texts one order.
umask 022
LC_ALL=C
export LC_ALL

python_packages .venv-wheel python/requirements-wheel.txt
python_packages .venv-packages packaging/requirements.txt
own=$(uname -m)-unknown-linux-gnu
host=build/native/$own
if [ -z "$built" ]; then
    # The tool for this machine writes manual pages and completions for all of them.
    scripts/cross.sh "$own" >&2
    targets=
    for target in "$@"; do
        if [ "$target" != "$own" ]; then
            if ! rustup target add "$target" >&2; then
                say "packages: Rust for $target cannot be had here: its packages are left out"
                continue
            fi
            scripts/cross.sh "$target" >&2
        fi
        targets="$targets $target"
    done
    # shellcheck disable=SC2086
    set -- $targets
fi

work=$PWD/build/packages.work
rm -rf "$out" "$work"
mkdir -p "$out" "$work"
trap 'rm -rf "$work"' EXIT
# With the commit's time, which packages keep of them, too.
cp -R packaging/scripts "$work/"
chmod 755 "$work"/scripts/*
touch -d "@$SOURCE_DATE_EPOCH" "$work"/scripts/*

# stage <target> <prefix> <directory of libraries>: lays the files out below $stage.
stage() {
    case $1 in
        *-gnu) abi=${1%%-*}-linux-gnu.2.28 ;;
        *) abi=${1%%-*}-linux-musl ;;
    esac
    rm -rf "$stage"
    DESTDIR=$stage PREFIX=$2 LIBDIR=$3 LIBRARY=build/native/$1/libentra_odbc.so TOOLS=build/native/$1 \
        PAGES_TOOL=$host/entra-odbc CC="$PWD/.venv-wheel/bin/python -m ziglang cc -target $abi -s" scripts/install.sh
    cp "$work/sbom.json" "$stage$2/share/doc/entra-odbc/sbom.cdx.json"
    cp "$work/notices.txt" "$stage$2/share/doc/entra-odbc/third-party-licences.txt"
    # By the name that Debian's policy asks for.
    cp LICENSE "$stage$2/share/doc/entra-odbc/copyright"
    find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# contents: what nfpm packs, as YAML. Of directories those that are not there everywhere: rpm removes only what a package
# owns.
contents() {
    echo "contents:"
    find "$stage" -mindepth 1 -printf '%y|%m|/%P|%l\n' | sort | while IFS='|' read -r type mode path link; do
        case $type in
            f) printf '  - {src: "%s", dst: "%s", file_info: {mode: 0%s}}\n' "$stage$path" "$path" "$mode" ;;
            l) printf '  - {type: symlink, src: "%s", dst: "%s"}\n' "$link" "$path" ;;
            d)
                case $path in
                    */entra-odbc | */entra-odbc/* | */pkgconfig | */bash-completion* | */fish* | */zsh*) printf '  - {type: dir, dst: "%s", file_info: {mode: 0755}}\n' "$path" ;;
                esac
                ;;
        esac
    done
}

# package <target> <format> <directory of libraries>
package() {
    stage "$1" /usr "$3"
    { sed "s|packaging/scripts/|$work/scripts/|" packaging/nfpm.yaml && contents; } >"$work/nfpm.yaml"
    .venv-packages/bin/nfpm package --config "$work/nfpm.yaml" --packager "$2" --target "$out/" >&2
}

# tarball <target>: with an installer for one user.
tarball() {
    name=entra-odbc-$VERSION-linux-${1%%-*}
    stage "$1" /opt/entra-odbc lib
    mkdir -p "$work/$name"
    rm -rf "$work/$name/files"
    mv "$stage/opt/entra-odbc" "$work/$name/files"
    # Wherever it is unpacked: pkg-config knows where the file is.
    # shellcheck disable=SC2016
    sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|' "$work/$name/files/lib/pkgconfig/entra-odbc.pc"
    mkdir -p "$work/$name/files/share/entra-odbc"
    cp packaging/install-tarball.sh "$work/$name/install.sh"
    cp packaging/install-tarball.sh "$work/$name/files/libexec/entra-odbc/install.sh"
    cp LICENSE "$work/$name/"
    tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
        -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
}

stage=$work/stage
for target in "$@"; do
    case $target in
        x86_64-*) GOARCH=amd64 ;;
        aarch64-*) GOARCH=arm64 ;;
        *) say "packages: there are none for $target"; exit 2 ;;
    esac
    export GOARCH
    python3 packaging/sbom.py "$target" "$VERSION" >"$work/sbom.json"
    python3 packaging/notices.py "$target" >"$work/notices.txt"
    cp "$work/sbom.json" "$out/entra-odbc-$VERSION-$target.cdx.json"
    case $target in
        *-gnu)
            package "$target" deb "lib/${target%%-*}-linux-gnu"
            package "$target" rpm lib64
            tarball "$target"
            ;;
        *-musl) package "$target" apk lib ;;
    esac
done
(cd "$out" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
ls -l "$out"
