"""Makes the pictures of the tool at work: runs it on a terminal, and draws what that shows in the end.

No character of what is printed is changed or left out. Only lines that are longer than the picture are broken at a space
and go on below the column in which their last field began, where a terminal would break them within words. Everything that
is in a picture comes from the tool as it is built here, Microsoft's Driver 18, unixODBC and the stand-ins; see machine.py for
where that runs. The device code and the times differ from run to run.
"""

import io
import os
import pty
import re
import shlex
import subprocess
import sys
from xml.sax.saxutils import escape

import machine
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

PICTURES = machine.ROOT / "docs" / "pictures"
# How many units Rich makes a character wide, and a line high; and how wide it is in the picture.
CHARACTER, LINE, PIXELS = 12, 24.4, 8
LEFT, TOP = 16, 14
BROWSER = machine.ROOT / "tests/hosts/browser.py"
DSN = ["Server=contoso.database.windows.net", "Database=payroll", "Authentication=ActiveDirectoryDefault"]

# A dark terminal, which is readable on a light and on a dark page.
THEME = TerminalTheme(
    (30, 34, 42),
    (220, 223, 228),
    [(60, 66, 78), (240, 128, 128), (143, 206, 143), (229, 192, 123), (120, 180, 240), (200, 150, 220), (110, 200, 205)]
    + [(220, 223, 228)],
)
# Rich's own template loads a font from elsewhere; this one has the reader's.
TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" SIZE>
<title id="title">TITLE</title>
<desc id="desc">DESCRIPTION</desc>
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
{styles}
</style>
<defs>
{lines}
</defs>
<rect x="1" y="1" width="WIDTH" height="HEIGHT" rx="10" fill="#1e222a" stroke="#3d4452"/>
<g transform="translate(PLACE)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def on_a_terminal(command, variables, watch):
    """What a terminal is sent by the command. `watch` is told all of it whenever there is more."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(command, env=variables, cwd=machine.HOME, stdin=its_end, stdout=its_end, stderr=its_end) as process:
        os.close(its_end)
        sent = b""
        while more := read(terminal):
            sent += more
            watch(sent.decode(errors="replace"))
    os.close(terminal)
    if process.returncode:
        sys.exit(f"pictures: {command} ended with {process.returncode}:\n{sent.decode()}")
    return sent.decode()


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""  # That is how Linux says that nobody has the other end any more.


def shown(sent, columns):
    """The lines that stand on the terminal in the end, those that are too long broken."""
    # Of a progress line, which the tool erases, nothing is left.
    text = Text.from_ansi(re.sub(r"[^\n]*\r\x1b\[2K", "", sent.replace("\r\n", "\n")))
    for line in text.split("\n"):
        *_, field = [0, *(gap.end() for gap in re.finditer(r"^ +|  +", line.plain))]
        while len(line) > columns:
            space = line.plain.rfind(" ", field + 1, columns + 1)
            first, rest = line.divide([columns if space < 0 else space])
            yield first
            line = Text(" " * field).append_text(rest if space < 0 else rest[1:])
        yield line


def picture(name, description, columns, run):
    """Draws a command and what it printed."""
    command, sent = run
    lines = [Text.assemble(("$ ", "bold green"), (command, "bold")), *shown(sent.rstrip(), columns)]
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=True)
    width, height = CHARACTER * columns + 2 * LEFT, LINE * len(lines) + 2 * TOP
    scale = PIXELS / CHARACTER
    template = TEMPLATE
    for word, value in {
        "TITLE": f"Terminal: {command}",
        "DESCRIPTION": f"{description} Recorded against the project's stand-ins for Entra and SQL Server.",
        "SIZE": f'width="{width * scale:.0f}" height="{height * scale:.0f}" viewBox="0 0 {width:g} {height:g}"',
        "WIDTH": f"{width - 2:g}",
        "HEIGHT": f"{height - 2:g}",
        "PLACE": f"{LEFT}, {TOP}",
    }.items():
        template = template.replace(word, escape(value))
    svg = console.export_svg(theme=THEME, code_format=template, unique_id=name, font_aspect_ratio=CHARACTER / 20)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


class Shell:
    """Runs commands as they would be typed."""

    def __init__(self, told):
        self.told = told
        self.variables = machine.environment(told)

    def run(self, command, watch=lambda text: None):
        return command, on_a_terminal(shlex.split(command), self.variables, watch)

    def sign_in(self):
        """A person who enters the code that they see, once."""
        entered = []

        def watch(text):
            code = re.search(r"the page (\S+) and enter the code (\w+) ", text)
            if code and not entered:
                entered.append(code[2])
                person = {"PERSON": self.told["user"]["name"], "PERSONS_PASSWORD": self.told["user"]["password"]}
                browser = [sys.executable, BROWSER, f"{code[1]}?otc={code[2]}"]
                subprocess.run(browser, env=os.environ | person | {"SSL_CERT_FILE": self.told["ca"]}, check=True, timeout=60)

        return watch


def main(work):
    machine.own_files(work)
    machine.installed()
    with machine.standins(work) as told:
        shell = Shell(told)
        shell.run("entra-odbc install")
        shell.run(shlex.join(["entra-odbc", "install", "--dsn", "payroll", *DSN]))
        picture(
            "login",
            "It shows a page and a code, and says who has signed in.",
            62,
            shell.run("entra-odbc login --device-code", shell.sign_in()),
        )
        picture(
            "doctor",
            "All is well: installation, Entra, server, trust, sign-in, token and login.",
            88,
            shell.run("entra-odbc doctor DSN=payroll"),
        )
        picture(
            "connect-repeat",
            "The server, who has signed in, and how long each part of 20 connects took.",
            88,
            shell.run("entra-odbc connect DSN=payroll --repeat 20"),
        )


if __name__ == "__main__":
    main(sys.argv[1])
