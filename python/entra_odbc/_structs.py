"""The structs that hosts hand to Driver 18 as SQL_COPT_SS_ACCESS_TOKEN, and how long they live.

Driver 18 (18.6, Linux) does not copy the struct: it keeps the address, and reads it when it connects and whenever
it restores a lost connection. Nobody tells this package when the driver has done with it: pyodbc (5.5) lets go of it
as soon as it has connected, and unixODBC's pool keeps connections that the program has closed. So a struct is never
freed. Once its own token has ended, the newest token of the same identity is written into it: a connection that is
restored then finds a living one, and a process holds two or three structs for each identity, however long it runs.
"""

from __future__ import annotations

from ctypes import c_char_p, c_void_p, cast, memmove
from time import time

from ._fork import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable


class _Struct:
    """A `bytes`, since pyodbc (5.5) copies a bytearray and frees the copy while the driver still has its address.

    It is written over all the same, which nobody notices but who reads it through the address: whoever holds the
    object has a token that has ended.
    """

    __slots__ = ("address", "data", "expires_on")

    def __init__(self, data: bytes, expires_on: int) -> None:
        # A copy of its own, as it will be written over.
        self.data = bytes(bytearray(data))
        self.address = cast(c_char_p(self.data), c_void_p).value or 0
        self.expires_on = expires_on

    def write(self, data: bytes, expires_on: int) -> None:
        """Puts another token in; who reads meanwhile gets a token that the server refuses, as it would the old one."""
        memmove(self.address, data, len(data))
        self.expires_on = expires_on


_lock = Lock()
_held: dict[Hashable, list[_Struct]] = {}


def pack(token: str) -> bytes:
    """The struct for a token: its length in bytes, then UTF-16."""
    data = token.encode("utf-16-le")
    return len(data).to_bytes(4, "little") + data


def hold(data: bytes, expires_on: int, owner: str | None) -> bytes:
    """A struct with this content that stays where it is for good.

    `owner` names the identity of the token; None, where that is unknown, makes it a struct that nothing else is
    ever written into.
    """
    with _lock:
        structs = _held.setdefault(owner or data, [])
        for struct in structs:
            if struct.data.startswith(data):
                return struct.data
        now = time()
        ended = [struct for struct in structs if 0 < struct.expires_on <= now and len(struct.data) >= len(data)]
        for struct in ended:
            struct.write(data, expires_on)
        if ended:
            return ended[0].data
        struct = _Struct(data, expires_on)
        structs.append(struct)
        return struct.data


def held() -> int:
    """How many structs there are."""
    with _lock:
        return sum(map(len, _held.values()))
