"""Which pages there are, and that each is reached from the first one by following links."""

import os
import re

from page import ROOT

_LINK = re.compile(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")
CONTENTS = ROOT / "docs/site/SUMMARY.md"


def links(path, base=None):
    """The pages that a page links to, from the project's root."""
    base = base or path.parent
    targets = (link for link in _LINK.findall(path.read_text()) if "://" not in link)
    return {os.path.relpath(os.path.normpath(base / link), ROOT) for link in targets}


def test_every_page_of_the_site_is_reached_from_the_first():
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += links(ROOT / page)
    assert links(CONTENTS, ROOT) - reached == set()


def test_who_comes_with_a_question_finds_its_page_within_two_links():
    first = links(ROOT / "README.md")
    second = set().union(*(links(ROOT / page) for page in first))
    for page in (
        # An app of Databricks' in front of a Managed Instance; a notebook that ends in Spark; a token for Databricks; Django.
        "docs/databricks-app.md",
        "docs/spark.md",
        "docs/start/databricks.md",
        "docs/start/django.md",
    ):
        assert page in first | second, page


def test_the_contents_have_every_page():
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    pages |= {str(path.relative_to(ROOT)) for path in ROOT.glob("examples/*/README.md")}
    assert pages - links(CONTENTS, ROOT) == {"docs/site/SUMMARY.md"}
