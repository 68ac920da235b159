"""The one exception of this package."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Text of others, fit for a message: each character that breaks, steers or hides text becomes a blank.

    Texts of the library are that already; paths and the loader's words are not.
    """
    return "".join(character if character.isprintable() else " " for character in text)


class Error(Exception):
    """What went wrong: a SQLSTATE, a native error and a message in words.

    The message says what failed, why, and what to do; it never holds a secret.

    Attributes:
        sqlstate: five characters: "28000" Entra refused the sign-in; "08001" the token endpoint cannot be
            reached; "HYT00" no token within the timeout; "HY008" cancelled; "HY000" a keyword is missing,
            contradictory or malformed; "HYC00" not possible here; "IM003" a library is missing.
        native: the AADSTS number where Entra refused, else 0.
        message: the words.
    """

    sqlstate: str
    native: int
    message: str

    def __init__(self, sqlstate: str, native: int, message: str) -> None:
        message = one_line(message)
        super().__init__(sqlstate, native, message)
        self.sqlstate = sqlstate
        self.native = native
        self.message = message

    def __str__(self) -> str:
        return f"[{self.sqlstate}] {self.message}"
