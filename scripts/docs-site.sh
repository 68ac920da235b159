#!/usr/bin/env bash
# Builds the documents as a site in build/site/html, and ends with an error where a link or an anchor in it leads nowhere.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh
tools=$PWD/build/tools
# tool <crate> <version> [<option of cargo install>…]
tool() {
    "$tools/bin/$1" --version 2>/dev/null | grep -qF "$2" && return
    echo "setup: compiling $1 $2 (once)" >&2
    cargo install --quiet --locked --root "$tools" "$1@$2" "${@:3}"
}
tool mdbook 0.5.4 --no-default-features --features search
tool hyperlink 0.3.2

site=$PWD/build/site
rm -rf "$site"
scripts/documents.sh "$site/src"
# Templates of an example's pages, whose links are the example's own.
rm -rf "$site"/src/examples/*/*/templates
cp docs/site/SUMMARY.md "$site/src/"
cp docs/site/book.toml docs/site/site.css "$site/"
# mdBook makes README.md the index of its directory, and leaves links to it as they were.
find "$site/src" -name README.md -execdir mv {} index.md \;
find "$site/src" -name '*.md' -exec sed -i -E 's#(\]\(([^)]*/)?)README\.md#\1index.md#g' {} +
MDBOOK_LOG=warn "$tools/bin/mdbook" build "$site" 2>&1 | tee "$site/log"
# What mdBook warns of is a page that it could not read as meant.
if [ -s "$site/log" ]; then
    exit 1
fi
"$tools/bin/hyperlink" --check-anchors "$site/html"
echo "$site/html/index.html"
