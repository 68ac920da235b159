#!/bin/sh
# Copies the documents that belong together by their links into a directory, laid out as here: for `make install`, and for
# `make docs-site`. Links lead from one to another; tests check that they lead to nothing else.
set -eu
cd "$(dirname "$0")/.."
destination=$1
list=$(mktemp)
trap 'rm -f "$list"' EXIT
for path in README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md LICENSE python/README.md docker docs examples; do
    find "$path" -type f ! -path '*/__pycache__/*' ! -path '*/.*' ! -path 'docs/site/*' ! -path 'docs/tests/*' \
        ! -path '*/tests/*' ! -path '*/target/*'
done >"$list"
while IFS= read -r file; do
    install -d -m 755 "$destination/$(dirname "$file")"
    install -m 644 "$file" "$destination/$file"
done <"$list"
