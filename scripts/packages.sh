# shellcheck shell=sh
# To be sourced from the project's root: installing what scripts need.

say() { printf '%s\n' "$*" >&2; }

# debian_packages <package>…: installs those that are missing; says which they are where it may not.
debian_packages() {
    missing=""
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        say "setup: these Debian packages are missing, and this user may not install them. As root:"
        say "    apt-get install --no-install-recommends$missing"
        return 1
    fi
    say "setup: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # On a new machine, unattended upgrades often run first.
    # shellcheck disable=SC2086
    package_lists && $as_root apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >&2
}

# Brings the package lists up to date. Their lock apt-get does not wait for, whatever DPkg::Lock::Timeout says (apt 2.6).
package_lists() {
    attempts=60
    until printed=$($as_root env LC_ALL=C apt-get -q update 2>&1); do
        attempts=$((attempts - 1))
        case $printed in
            *"Could not get lock"*) [ "$attempts" -gt 0 ] || { say "$printed"; return 1; } ;;
            *) say "$printed"; return 1 ;;
        esac
        [ "$attempts" -lt 59 ] || say "setup: waiting for another program that installs packages"
        sleep 5
    done
}

# debian_file <file> <path on Debian's mirror> <SHA-256>: one package of another release, which is not installed.
debian_file() {
    python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' "http://deb.debian.org/debian/$2" "$1" &&
        echo "$3  $1" | sha256sum --check --quiet >&2
}

# brew_formulae <formula>…: installs those that are missing, by Homebrew.
brew_formulae() {
    if ! command -v brew >/dev/null; then
        say "setup: Homebrew is missing. Install it: https://brew.sh"
        return 1
    fi
    missing=""
    for formula in "$@"; do
        brew list --formula --versions "$formula" >/dev/null 2>&1 || missing="$missing $formula"
    done
    [ -n "$missing" ] || return 0
    say "setup: installing$missing"
    # shellcheck disable=SC2086
    HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet $missing >&2
}

# python_packages <directory> <requirements>…: a virtual environment with exactly what the files name, made
# anew when they change.
python_packages() {
    directory=$1
    shift
    if ! cat "$@" | cmp -s - "$directory/installed.txt"; then
        say "setup: installing Python packages into $directory"
        python3 -m venv --clear "$directory" || return 1
        for file in "$@"; do
            "$directory/bin/python" -m pip install --quiet --disable-pip-version-check -r "$file" >&2 || return 1
        done
        cat "$@" >"$directory/installed.txt"
    fi
}

# node_packages <directory> <where package.json and its lock are>: exactly the packages that those name, made anew
# when they change.
node_packages() {
    directory=$1
    if ! cat "$2"/package*.json | cmp -s - "$directory/installed.txt"; then
        say "setup: installing Node.js packages into $directory"
        rm -rf "$directory" && mkdir "$directory" && cp "$2"/package*.json "$directory" || return 1
        npm ci --prefix "$directory" --ignore-scripts --no-audit --no-fund >&2 || return 1
        # Built here against the system's unixODBC, and with the headers beside this Node.js.
        node=$(node -p 'path.dirname(path.dirname(process.execPath))')
        (cd "$directory/node_modules/odbc" && npm_config_nodedir=$node ../.bin/node-pre-gyp install --build-from-source) \
            >"$directory/build.log" 2>&1 || { cat "$directory/build.log" >&2; return 1; }
        cat "$2"/package*.json >"$directory/installed.txt"
    fi
}
