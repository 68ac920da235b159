"""Connection strings: joining keywords, quoting values, asking for a keyword."""

from __future__ import annotations

from ._error import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def quoted(value: str) -> str:
    """A value as it stands in a connection string: in braces where it has to be."""
    plain = value and value == value.strip() and not any(sign in value for sign in ";{}[]()?*=!@")
    return value if plain else "{" + value.replace("}", "}}") + "}"


def joined(keywords: Mapping[str, object]) -> str:
    """Keywords as a connection string. True and False become yes and no; what is None is left out."""
    if any(not name.strip() or any(sign in name for sign in "=;{}\0") for name in keywords):
        raise Error("HY000", 0, "a keyword is empty or has one of = ; { } in it. Pass keyword and value apart.")
    words = {True: "yes", False: "no"}
    return "".join(
        f"{name}={quoted(words[value] if isinstance(value, bool) else str(value))};"
        for name, value in keywords.items()
        if value is not None
    )


# What Driver 18 passes over before a keyword.
_BEFORE_A_NAME = "; \t\n\v\f\r"


def pairs(string: str) -> Iterator[tuple[str, str, str]]:
    """The keywords of a connection string in order: name in lower case, value as written, and the whole piece."""
    position = 0
    while position < len(string):
        name, equals, _ = string[position:].partition("=")
        begin = position + len(name) + len(equals)
        if equals and string[begin : begin + 1] == "{":
            # To the brace that is not doubled. Only one that stands first quotes: blanks before it are the value's.
            end = begin + 1
            while (end := string.find("}", end)) >= 0 and string[end + 1 : end + 2] == "}":
                end += 2
            end = string.find(";", end) if end >= 0 else -1
        else:
            end = string.find(";", begin if equals else position)
            if ";" in name.strip(_BEFORE_A_NAME):
                # Words without a value, up to the semicolon behind them.
                end, equals = string.find(";", position + len(name) - len(name.lstrip(_BEFORE_A_NAME))), ""
        end = len(string) if end < 0 else end
        if equals:
            yield name.strip(_BEFORE_A_NAME).lower(), string[begin:end].strip(), string[position : end + 1]
        position = end + 1


def plain(name: str) -> str:
    """A keyword without what makes no difference in it, in lower case."""
    return "".join(name.split()).replace("_", "").replace("-", "").lower()


def without(string: str, *names: str) -> str:
    """The string without these keywords."""
    return "".join(piece for name, _, piece in pairs(string) if name not in names)


def ended(string: str) -> str:
    """The string, ready for another keyword behind it."""
    return string if not string.strip() or string.rstrip().endswith(";") else f"{string};"


def utf8(text: str) -> bytes:
    """Text for a C function, which would end at a NUL."""
    if not isinstance(text, str):
        raise TypeError(f"text is a str, not {type(text).__name__}")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise Error("HY000", 0, "the text holds half a character (a lone surrogate). Pass valid Unicode.") from None
    if b"\0" in encoded:
        raise Error("HY000", 0, "the text holds a NUL character. Pass it without.")
    return encoded
