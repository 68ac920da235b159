#!/bin/sh
# Types a device code at the stand-in Entra's page and signs in there, as a person does with a browser.
#
#   enter-code.sh <code> [<name> <password>]
set -eu

code=$1
# Known to everybody: a person of the stand-in Entra.
name=ada@contoso.com
password='Ada;{1815}=&+ byron'
if [ $# -gt 1 ]; then
    name=$2
    password=$3
fi

exec python3 - "$AZURE_AUTHORITY_HOST/common/oauth2/deviceauth" "$code" "$name" "$password" <<'END'
import html
import re
import sys
import urllib.parse
import urllib.request

url, code, name, password = sys.argv[1:]
form = urllib.parse.urlencode({"user_code": code, "username": name, "password": password})
with urllib.request.urlopen(url, form.encode()) as answer:
    page = answer.read().decode()
trouble = re.search("<p id='trouble'>([^<]+)", page)
if trouble:
    sys.exit(html.unescape(trouble[1]))
END
