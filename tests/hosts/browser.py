"""A browser with a person before it: PERSON, unless a page names someone, with PERSONS_PASSWORD.

Fills the forms that it meets and follows where they lead. The page that it comes to in the end is written to the file
PERSONS_PAGE, if there is one.
"""

import html
import os
import re
import sys
import urllib.parse
import urllib.request

ANSWERS = {"username": os.environ["PERSON"], "password": os.environ["PERSONS_PASSWORD"]}


def look(address, fields=None):
    body = urllib.parse.urlencode(fields).encode() if fields else None
    with urllib.request.urlopen(address, body, timeout=30) as page:
        return page.url, page.read().decode()


def value(tag, name):
    found = re.search(rf"\b{name}='([^']*)'", tag)
    return html.unescape(found[1]) if found else ""


address, page = look(sys.argv[1])
for _ in range(5):
    form = re.search(r"<form\b[^>]*>.*?</form>", page, re.DOTALL)
    if not form:
        with open(os.environ.get("PERSONS_PAGE", os.devnull), "w", encoding="utf-8") as shown:
            shown.write(page)
        sys.exit(0)
    fields = {value(tag, "name"): value(tag, "value") for tag in re.findall(r"<input\b[^>]*>", form[0])}
    fields.update((name, answer) for name, answer in ANSWERS.items() if fields.get(name) == "")
    # A button is pressed only where it is all that there is to do.
    button = re.search(r"<button\b[^>]*name='[^>]*>", form[0])
    if button and not ANSWERS.keys() & fields.keys():
        fields[value(button[0], "name")] = value(button[0], "value")
    action = value(form[0].partition(">")[0], "action")
    address, page = look(urllib.parse.urljoin(address, action), fields)
sys.exit("the forms have no end")
