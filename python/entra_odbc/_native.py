"""Sign-in by the library: an `entra_credential`, and the tokens it gives."""

from __future__ import annotations

import threading
from ctypes import byref, c_size_t, c_void_p, string_at
from time import time

from . import _structs
from ._library import load
from ._string import utf8
from ._token import Identity, owner

# The library renews its tokens long before their end. Nearer to it than this, asking may mean waiting.
_SURE = 300.0
_LONGEST = 0xFFFF_FFFF

_CLAIMS = ("principal", "tenant_id", "object_id", "client_id", "audience")


class Native:
    """Keywords of a connection string, and the library's credential for them."""

    def __init__(self, string: str) -> None:
        self.string = string
        self._library = library = load()
        # The struct that was handed out last: its content, itself, the end of its token.
        self._last = (b"", b"", 0)
        self._sure_until = 0.0
        handle = c_void_p()
        library.call(library.credential_from_string, utf8(string), byref(handle))
        self._handle = handle.value

    def __del__(self) -> None:
        # Not there where the constructor failed.
        handle = getattr(self, "_handle", None)
        if handle is not None:
            self._library.credential_free(handle)

    def token(self, scope: str | None, timeout: float | None) -> tuple[str, int]:
        """A token's text and end."""
        return self._library.token(self._acquire(scope, timeout))

    def identity(self, scope: str | None, timeout: float | None) -> Identity:
        """Whom the token names."""
        library = self._library
        token = self._acquire(scope, timeout)
        try:
            return self._named(token)
        finally:
            library.token_free(token)

    def struct(self, scope: str | None, timeout: float | None) -> tuple[bytes, int]:
        """The struct for Driver 18, held for good, and the end of its token."""
        library = self._library
        token = self._acquire(scope, timeout)
        try:
            size = c_size_t()
            data = string_at(library.token_access_token(token, byref(size)), size.value)
            last = self._last
            # The token of last time, as nearly always: its struct is at hand. The whole of it is compared, since the
            # same credential may mean someone else meanwhile.
            if data == last[0]:
                return last[1], last[2]
            identity = self._named(token)
        finally:
            library.token_free(token)
        named = owner(identity.tenant_id, identity.object_id, identity.client_id, identity.audience)
        struct = _structs.hold(data, identity.expires_on, named)
        self._last = (data, struct, identity.expires_on)
        return struct, identity.expires_on

    def arguments(self, scope: str | None, timeout: float | None) -> tuple[object, ...]:
        """With what a function of the library is called that gets a token."""
        milliseconds = 0 if timeout is None else int(max(1, min(timeout * 1000, _LONGEST)))
        return self._handle, utf8(scope) if scope else None, milliseconds

    def _named(self, token: c_void_p) -> Identity:
        library = self._library
        claims = {claim: getattr(library, f"token_{claim}")(token).decode("utf-8", "replace") for claim in _CLAIMS}
        return Identity(**claims, expires_on=library.token_expires_on(token))

    def _acquire(self, scope: str | None, timeout: float | None) -> c_void_p:
        """An `entra_token`, to be freed."""
        library = self._library
        arguments = self.arguments(scope, timeout)
        token, error = c_void_p(), c_void_p()
        if time() < self._sure_until or threading.current_thread() is not threading.main_thread():
            failed = library.credential_get_token(*arguments, None, byref(token), byref(error))
        else:
            from ._interrupt import interruptible

            failed = interruptible(library, arguments, token, error)
        if failed:
            self._sure_until = 0.0
            raise library.error(error)
        self._sure_until = library.token_expires_on(token) - _SURE
        return token
