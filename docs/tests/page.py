"""What a page has a reader do, in the order in which it stands there."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

# A fence with its language and whatever else it says, and its content without the fence's own indentation.
_BLOCK = re.compile(r"(?ms)^(?P<indent> *)```(?P<language>\w*)(?P<more>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$")
# A line that names the file that the next block is.
_FILE = re.compile(r"`(?P<name>[^`]+)`:\n+\Z")


@dataclass
class Commands:
    """A block of shell commands."""

    text: str
    # A server, which goes on while the next commands run.
    background: bool = False
    # What the page says that the commands print; `…` stands for anything.
    printed: list[str] = field(default_factory=list)


@dataclass
class File:
    """A block that is the content of a file."""

    name: str
    text: str
    printed: list[str] = field(default_factory=list)


class Page:
    """A page of the documents."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()

    def blocks(self):
        """Language, further words, text, and the name of the file that a block is, of each block."""
        for found in _BLOCK.finditer(self.text):
            name = _FILE.search(self.text, 0, found.start())
            indent = found["indent"]
            text = "".join(line.removeprefix(indent) for line in found["text"].splitlines(keepends=True))
            yield found["language"], found["more"].strip(), text, name and name["name"]

    def steps(self) -> list[Commands | File]:
        """Files to write and commands to run, each with what the page says is printed then."""
        steps: list[Commands | File] = []
        for language, more, text, name in self.blocks():
            if name and language != "text":
                steps.append(File(name, text))
            elif language == "sh":
                assert more in ("", "background"), f"{self.path}: {more}"
                steps.append(Commands(text, background=more == "background"))
            elif language == "text":
                assert steps, f"{self.path}: nothing is printed by nothing"
                steps[-1].printed = text.splitlines()
        return steps


def is_printed(wanted: list[str], printed: str) -> bool:
    """Whether the lines are what is printed, one after another; a line of `…` alone stands for any number of lines."""
    pattern = "\n".join(".*" if line == "…" else "[^\n]*".join(map(re.escape, line.split("…"))) for line in wanted)
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    return re.fullmatch(pattern, "\n".join(lines), re.DOTALL) is not None
