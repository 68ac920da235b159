#!/bin/sh
# Makes the pictures of the documents, docs/pictures/*.svg: `make pictures`, or some of them: scripts/pictures.sh diagrams
#
#   diagrams     from docs/pictures/sources, the same bytes at each run
#   recordings   the tool on a terminal, among the stand-ins, with the real Driver 18; needs namespaces (root, or a system
#                that lets users have them)
#   notebook     the prompt of examples/notebook, as a browser shows it
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

diagrams() {
    # Pikchr comes with Fossil, whose documents are drawn by it.
    debian_packages fossil
    python3 scripts/pictures/diagrams.py
}

recordings() {
    debian_packages iproute2 util-linux ca-certificates
    python_packages .venv-pictures scripts/pictures/requirements.txt
    scripts/build-demo.sh
    # root needs no user namespace, which some machines forbid.
    map=""
    [ "$(id -u)" = 0 ] || map=--map-root-user
    # Stays empty: what is mounted there is seen in the namespace alone.
    work=$(mktemp -d)
    trap 'rmdir "$work"' EXIT
    # shellcheck disable=SC2086
    unshare $map --mount --net .venv-pictures/bin/python scripts/pictures/recordings.py "$work"
}

notebook() {
    scripts/build-demo.sh
    scripts/setup-examples.sh
    scripts/playground.py .venv-examples/bin/python scripts/pictures/notebook.py
}

[ $# -gt 0 ] || set -- diagrams recordings notebook
for what in "$@"; do
    case $what in
        diagrams | recordings | notebook) "$what" ;;
        *) say "pictures: there are no $what: diagrams, recordings, notebook"; exit 2 ;;
    esac
done
