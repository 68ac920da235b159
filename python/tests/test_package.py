"""The package as such: what it offers, that help() tells it, and what importing it costs."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import entra_odbc
import pytest


@pytest.mark.parametrize("name", entra_odbc.__all__)
def test_everything_offered_is_there_and_documented(name):
    thing = getattr(entra_odbc, name)
    assert thing.__doc__.strip()
    if isinstance(thing, type):
        for method, value in vars(thing).items():
            assert method.startswith("_") or not callable(value) or value.__doc__, method


def test_help_tells_all_of_it():
    command = [sys.executable, "-c", "import entra_odbc; help(entra_odbc)"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}).stdout
    for name in entra_odbc.__all__:
        assert f"{name}(" in text, name
    # The table that `make docs` writes has a row for each.
    table = (Path(__file__).parents[2] / "docs/keywords.md").read_text().split("<!--")[1]
    kinds = re.findall(r"^\| \[`(\w+)`", table, re.MULTILINE)
    assert len(kinds) > 15
    for kind in kinds:
        assert re.search(rf"^ +{kind}  ", text, re.MULTILINE), kind


def test_importing_it_imports_next_to_nothing():
    program = "import sys; before = set(sys.modules); import entra_odbc; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", program]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}).stdout
    assert set(out.split()) == {"__future__", "entra_odbc"}


def test_there_is_nothing_else():
    with pytest.raises(AttributeError):
        entra_odbc.no_such_thing  # noqa: B018
    assert set(entra_odbc.__all__) <= set(dir(entra_odbc))


def test_texts_of_others_neither_break_nor_steer_a_message():
    for code in [*range(0x20), *range(0x7F, 0xA0), 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), 0x2066, 0xFEFF]:
        message = str(entra_odbc.Error("HY000", 0, f"the library a{chr(code)}b does not exist"))
        assert message == "[HY000] the library a b does not exist"
    assert str(entra_odbc.Error("HY000", 0, "Zoë: 中文 = {x}")) == "[HY000] Zoë: 中文 = {x}"


def test_the_version_is_the_librarys(machine):
    program = "import entra_odbc; from entra_odbc._library import load; print(load().odbc_version().decode(), entra_odbc.__version__)"
    ours, package = machine.python(program).split()
    assert ours == package


def test_the_log_reaches_a_logger(machine):
    program = """
    import entra_odbc, logging, threading
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(name)s %(message)s", level="DEBUG")
    logging.getLogger("azure").disabled = True
    logger = logging.getLogger("entra")
    # Lines arrive on a thread of the library's.
    decided = threading.Event()
    logger.addFilter(lambda record: record.levelname == "INFO" and decided.set() or True)
    entra_odbc.log_to(logger, "debug")
    entra_odbc.Credential(**PRINCIPAL).get_token()
    assert decided.wait(60)
    entra_odbc.log_to(None)
    """
    text = machine.python(program)
    assert "INFO entra event=token_acquired" in text
    assert machine.standins.description["app"]["secret"] not in text


@pytest.mark.parametrize("call", [
    lambda: entra_odbc.log_to("entra_odbc"),
    lambda: entra_odbc.log_to(logging.getLogger(), "loud"),
    lambda: entra_odbc.log_to(logging.getLogger(), ["info"]),
])
def test_what_is_no_logger_or_level_is_refused_at_once(call):
    with pytest.raises((TypeError, ValueError), match="logger is one of|level is one of"):
        call()
