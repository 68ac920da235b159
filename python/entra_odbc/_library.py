"""The library as ctypes sees it: where it lies, and the C functions that this package calls.

`include/entra_odbc.h` describes each function. The ODBC driver manager loads the same file as a driver, so that
tokens, providers and prompts are one for both.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_void_p

from ._error import Error
from ._fork import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NAME = "libentra_odbc.dylib" if sys.platform == "darwin" else "libentra_odbc.so"


class Prompt(ctypes.Structure):
    """`entra_prompt`."""

    _fields_ = [("message", c_char_p), ("url", c_char_p), ("user_code", c_char_p), ("expires_in_s", c_uint32)]


PROMPT_CALLBACK = CFUNCTYPE(None, c_void_p, POINTER(Prompt))
PROMPT_END_CALLBACK = CFUNCTYPE(None, c_void_p, POINTER(Prompt), c_char_p)
PROVIDER_CALLBACK = CFUNCTYPE(None, c_void_p, c_char_p, c_uint32, c_void_p)
TOKEN_CALLBACK = CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
LOG_CALLBACK = CFUNCTYPE(None, c_void_p, c_int32, c_char_p)

_ERROR = POINTER(c_void_p)
_OUT = POINTER(c_void_p)

# Result and arguments. These may wait, take locks of the library's or call back: ctypes lets other threads run.
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "credential_from_string": (c_int32, c_char_p, _OUT, _ERROR),
    "credential_free": (None, c_void_p),
    "credential_get_token": (c_int32, c_void_p, c_char_p, c_uint32, c_void_p, _OUT, _ERROR),
    # Begins a request and returns; the callback, passed as an address, is told how it ended.
    "credential_request_token": (c_int32, c_void_p, c_char_p, c_uint32, c_void_p, c_void_p, c_void_p, _ERROR),
    "cancellation_new": (c_void_p,),
    "cancellation_cancel": (None, c_void_p),
    "cancellation_free": (None, c_void_p),
    "stock_connection_string": (c_int32, c_char_p, _OUT, _ERROR),
    # A callback is passed as an address, so that it can be NULL.
    "on_prompt": (None, c_void_p, c_void_p),
    "on_prompt_end": (None, c_void_p, c_void_p),
    "register_provider": (c_int32, c_char_p, c_void_p, c_void_p, _ERROR),
    "answer_token": (c_int32, c_void_p, c_char_p, c_int64, c_char_p),
    "answer_failure": (c_int32, c_void_p, c_char_p),
    "on_log": (c_int32, c_void_p, c_void_p, c_int32, _ERROR),
}

# These only read an object of the caller's own, or free it: not worth letting other threads run.
_ACCESSORS: dict[str, tuple[Any, ...]] = {
    "odbc_version": (c_char_p,),
    "error_sqlstate": (c_char_p, c_void_p),
    "error_native": (c_int32, c_void_p),
    "error_message": (c_char_p, c_void_p),
    "error_free": (None, c_void_p),
    "token_text": (c_char_p, c_void_p),
    "token_expires_on": (c_int64, c_void_p),
    "token_principal": (c_char_p, c_void_p),
    "token_tenant_id": (c_char_p, c_void_p),
    "token_object_id": (c_char_p, c_void_p),
    "token_client_id": (c_char_p, c_void_p),
    "token_audience": (c_char_p, c_void_p),
    "token_access_token": (c_void_p, c_void_p, POINTER(c_size_t)),
    "token_free": (None, c_void_p),
    "text_value": (c_char_p, c_void_p),
    "text_free": (None, c_void_p),
}


class Library:
    """The loaded library; its functions are attributes without their prefix `entra_`."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...

    def __init__(self, path: str) -> None:
        # One file, opened twice: the loader gives the same library.
        for loader, functions in ((ctypes.CDLL, _FUNCTIONS), (ctypes.PyDLL, _ACCESSORS)):
            loaded = loader(path)
            for name, (result, *arguments) in functions.items():
                function = loaded[f"entra_{name}"]
                function.restype = result
                function.argtypes = arguments
                setattr(self, name, function)

    def error(self, taken: c_void_p) -> Error:
        """The exception for an `entra_error`, which is freed."""
        try:
            sqlstate, message = (
                function(taken).decode("utf-8", "replace") for function in (self.error_sqlstate, self.error_message)
            )
            return Error(sqlstate, self.error_native(taken), message)
        finally:
            self.error_free(taken)

    def token(self, taken: c_void_p) -> tuple[str, int]:
        """The text and the end of an `entra_token`, which is freed."""
        try:
            return self.token_text(taken).decode(), self.token_expires_on(taken)
        finally:
            self.token_free(taken)

    def call(self, function: Callable[..., int], *arguments: object) -> None:
        """Calls a function whose last parameter is an `entra_error **`, and raises what it fails with."""
        error = c_void_p()
        if function(*arguments, ctypes.byref(error)):
            raise self.error(error)


def find() -> str:
    """The file: what the variable ENTRA_ODBC_LIBRARY names, else the one in this package."""
    path = os.environ.get("ENTRA_ODBC_LIBRARY") or os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME)
    if not os.path.isfile(path):
        raise Error("IM003", 0, f"the library {path} does not exist. Install entra-odbc from a wheel for this platform.")
    return path


_lock = Lock()
_loaded: Library | None = None


def load() -> Library:
    """The library, loaded by the first call."""
    global _loaded
    if _loaded is None:
        begins = False
        with _lock:
            if _loaded is None:
                path = find()
                try:
                    _loaded = Library(path)
                except (OSError, AttributeError) as error:
                    raise Error("IM003", 0, f"the library {path} cannot be loaded: {error}") from None
                begins = True
        if begins:
            from ._prompts import begin

            # Calls the notebook's code, for which no lock is held.
            begin(_loaded)
    return _loaded
