"""A new machine for each page: nothing is installed, and Azure is there, as far as names and ports go.

The tests run in a network namespace (network.sh) in which `contoso.database.windows.net` leads to the stand-in SQL Server, so
that a page's commands can be run as they stand there.
"""

import contextlib
import json
import os
import signal
import subprocess
import textwrap
from pathlib import Path

from page import ROOT, Commands, File, Page, is_printed

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "demo"
WHEELS = ROOT / "build/docs-wheels"
TIMEOUT = 240


class Machine:
    """A directory with the programs, settings and home of one user."""

    def __init__(self, directory: Path, standins: dict) -> None:
        self.directory = directory
        for name in ("home", "etc", "usr"):
            (directory / name).mkdir()
        (directory / "etc/odbcinst.ini").write_text("")
        (directory / "etc/odbc.ini").write_text("")
        browser = f"{ROOT / '.venv/bin/python'} {ROOT / 'tests/hosts/browser.py'} %s"
        self.variables = {
            # What a package manager installs, in place of the system's (docs/tests/commands).
            "PATH": f"{Path(__file__).with_name('commands')}:{directory / 'usr/bin'}:{os.environ['PATH']}",
            "HOME": str(directory / "home"),
            "LC_ALL": "C.UTF-8",
            "LD_LIBRARY_PATH": str(directory / "usr/lib"),
            "ODBCSYSINI": str(directory / "etc"),
            "ODBCINI": str(directory / "home/.odbc.ini"),
            # Where Azure's Entra is, and who vouches for its servers.
            "AZURE_AUTHORITY_HOST": standins["authority"],
            "SSL_CERT_FILE": standins["ca"],
            # A person who signs in wherever a browser is opened.
            "BROWSER": browser,
            "PERSON": standins["user"]["name"],
            "PERSONS_PASSWORD": standins["user"]["password"],
            # What PyPI has.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(WHEELS),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COMPILE": "1",
            # For docs/tests/commands.
            "SOURCES": str(ROOT),
            "BUILT": str(TARGET),
            "SYSTEM": str(directory / "usr"),
            "MICROSOFTS_DRIVER": os.environ["ENTRA_ODBC_TEST_DRIVER"],
        }
        # The files of a release that pages install by name.
        for wheel in (ROOT / "build/wheel").glob("*manylinux*x86_64.whl"):
            (directory / "home" / wheel.name).symlink_to(wheel)
        (directory / "home/.curlrc").write_text("retry-connrefused\nretry = 30\n")

    def follow(self, page: Page) -> None:
        """Does what the page says, and fails where something else is printed than it says."""
        script = ["cd"]
        steps = page.steps()
        for number, step in enumerate(steps):
            if isinstance(step, File):
                self.write(step)
            elif step.background:
                script.append(f"{step.text.strip()} >{self.output(number)} 2>&1 &")
            else:
                script.append(f"{{\n{step.text}}} >{self.output(number)} 2>{self.output(number, 'err')}")
        self.run("\n".join(script))
        for number, step in enumerate(steps):
            if isinstance(step, Commands) and step.printed:
                printed = self.output(number).read_text()
                assert is_printed(step.printed, printed), f"{step.text}{self.said()}"

    def write(self, file: File) -> None:
        """Writes a page's file, which is in the home directory where nothing else is said."""
        path = self.directory / "home" / file.name.removeprefix("~/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)

    def output(self, number: int, kind: str = "out") -> Path:
        return self.directory / f"{number}.{kind}"

    def run(self, script: str, **variables: str) -> str:
        """What a script prints that must succeed; whatever it has left running is ended."""
        path = self.directory / "script.sh"
        path.write_text(f"set -eu\n{script}\n")
        output = self.directory / "script.txt"
        # To a file, not a pipe, which a server would hold open.
        with output.open("w") as written:
            process = subprocess.Popen(
                ["bash", path],
                env=self.variables | variables,
                cwd=self.directory / "home",
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            status = process.wait(timeout=TIMEOUT)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        out = output.read_text()
        assert status == 0, f"ended with {status}\n{script}\n{out}\n{self.said()}"
        return out

    def said(self) -> str:
        files = sorted(self.directory.glob("*.out")) + sorted(self.directory.glob("*.err"))
        return "\n".join(f"{file.name}:\n{textwrap.indent(file.read_text(), '  ')}" for file in files)


def start_standins(directory: Path) -> subprocess.Popen:
    """The stand-ins with Azure's ports and names; the first line that they print describes them."""
    command = [TARGET / "standins", "--directory", directory, "--sql-port", "1433"]
    for name in ("contoso.database.windows.net", "login.microsoftonline.com"):
        command += ["--name", name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def described(process: subprocess.Popen) -> dict:
    return json.loads(process.stdout.readline())
