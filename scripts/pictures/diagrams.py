"""Makes the diagrams of docs/pictures from their sources, by Pikchr.

Pikchr draws; what it leaves to the page is added here: size, font, a light card behind it all (so that it is readable on a
dark page, too), and the title and description that screen readers tell. Both stand in the source, in comments.
"""

import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SOURCES = PICTURES / "sources"
PALETTE = SOURCES / "palette.pikchr"
# Pikchr draws an inch as 144 units, and a browser as 96 pixels.
UNITS = 1.5
FONT_SIZE = 14
MARGIN = 14


def drawn(source):
    """Pikchr's SVG, and its size in units."""
    text = PALETTE.read_text(encoding="utf-8") + source
    result = subprocess.run(["fossil", "pikchr"], input=text, capture_output=True, text=True, check=False)
    found = re.search(r"<svg[^>]*viewBox=\"0 0 ([\d.]+) ([\d.]+)\"[^>]*>\n(.*)</svg>", result.stdout, re.DOTALL)
    if result.returncode or not found:
        sys.exit(f"pictures: {result.stdout}{result.stderr}")
    return found[3], float(found[1]), float(found[2])


def comment(source, name):
    """What the comments of that name say, as one line."""
    return " ".join(re.findall(rf"^# {name}: (.*)$", source, re.MULTILINE))


def colour(name):
    value = re.search(rf"^{name} = 0x(\w{{6}})$", PALETTE.read_text(encoding="utf-8"), re.MULTILINE)[1]
    return tuple(int(value[at : at + 2], 16) for at in (0, 2, 4))


def picture(source):
    body, width, height = drawn(source)
    # A label has an edge of the card's colour, so that a line behind it does not cross it.
    red, green, blue = colour("label")
    body = body.replace(f'fill="rgb({red},{green},{blue})"', f'class="label" fill="rgb({red},{green},{blue})"')
    margin = MARGIN * UNITS
    left, right, bottom = -margin, width + 2 * margin, height + 2 * margin
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc"'
        f' width="{right / UNITS:.0f}" height="{bottom / UNITS:.0f}" viewBox="{left:g} {left:g} {right:.2f} {bottom:.2f}">\n'
        f'<title id="title">{escape(comment(source, "title"))}</title>\n'
        f'<desc id="desc">{escape(comment(source, "desc"))}</desc>\n'
        "<style>"
        f"text {{ font: {FONT_SIZE * UNITS:g}px system-ui, sans-serif }} "
        "text.label { paint-order: stroke; stroke: #fff; stroke-width: 6; stroke-linejoin: round } "
        "text[font-weight] { font-weight: 600 } text[font-style] { font-style: italic } "
        f'text[font-size="80%"] {{ font-size: {(FONT_SIZE - 1.5) * UNITS:g}px }}'
        "</style>\n"
        f'<rect x="{left + 1:g}" y="{left + 1:g}" width="{right - 2:.2f}" height="{bottom - 2:.2f}" rx="12"'
        ' fill="#fff" stroke="#d0d5da"/>\n'
        f"{body}</svg>\n"
    )


def main():
    for path in sorted(SOURCES.glob("*.pikchr")):
        if path != PALETTE:
            (PICTURES / f"{path.stem}.svg").write_text(picture(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
