"""Token providers: credentials and functions of Python's that connection strings name by `TokenProvider=`."""

from __future__ import annotations

import atexit
import itertools
import weakref
from ctypes import c_void_p, cast

from ._borrowed import no_coroutine
from ._error import Error
from ._library import PROVIDER_CALLBACK, load
from ._string import utf8
from ._token import claims_of, owner_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ._borrowed import TokenSource

    Provider: TypeAlias = TokenSource | Callable[[str], Any]

# What answers for a name, by the number that the library passes back; weak references for credentials that
# somebody else keeps. Numbers and made-up names are never used again: a pool may remember the name. No lock: what
# follows must hold at any point at which Python may collect garbage, and credentials with it.
_providers: dict[int, Callable[[], Any]] = {}
_registered: dict[str, int] = {}
_names: dict[int, str] = {}
_numbers = itertools.count(1)


def register_provider(name: str, provider: Provider | None) -> None:
    """Has `provider` get the tokens for connection strings with `Authentication=TokenProvider;TokenProvider=name`.

    `provider` is a credential of azure-identity, or a function that gets the scope and returns a token: as a `str`,
    or as an object with `token` and `expires_on`. None takes the last one of that name away.

    It is called on a thread of the library's own, at each connect and whenever the token of an open connection is
    to be renewed. What it raises is what the connect fails with; if it does not return within the login timeout, the
    connect fails without it. Open connections get renewed tokens only where the token names the one whom it is
    for (a JWT with tenant and object id, as all of Entra's), and only tokens of the same one.

    >>> entra_odbc.register_provider("azure", DefaultAzureCredential())
    >>> pyodbc.connect("DSN=payroll;Authentication=TokenProvider;TokenProvider=azure")
    """
    if provider is None:
        _unregister(name)
        return
    if not callable(provider) and not callable(getattr(provider, "get_token", None)):
        raise TypeError("a provider is a function, or an object with get_token(), such as azure-identity's")
    _register(name, lambda: provider)


def name_of(source: TokenSource) -> str:
    """The name under which a credential of azure-identity is registered, as long as somebody keeps the credential."""
    key = id(source)
    known = _names.get(key)
    if known is not None:
        return known
    name = f"python-{next(_numbers)}"

    def gone(_: object) -> None:
        _names.pop(key, None)
        _unregister(name)

    try:
        reference: Callable[[], Any] = weakref.ref(source, gone)
    except TypeError:
        # It knows no weak references: kept for good.
        reference = lambda: source  # noqa: E731
    _register(name, reference)
    return _names.setdefault(key, name)


def _register(name: str, reference: Callable[[], Any]) -> None:
    number = next(_numbers)
    _providers[number] = reference
    library = load()
    library.call(library.register_provider, utf8(name), cast(_CALLBACK, c_void_p), number)
    old, _registered[name] = _registered.get(name, 0), number
    _providers.pop(old, None)


def _unregister(name: str) -> None:
    library = load()
    library.call(library.register_provider, utf8(name), None, None)
    _providers.pop(_registered.pop(name, 0), None)


def _answer(number: int, scope: bytes, patience_ms: int, answer: int) -> None:
    library = load()
    try:
        reference = _providers.get(number)
        provider = reference() if reference is not None else None
        if provider is None:
            raise Error("HY000", 0, "the credential is gone: keep it for as long as its connections")
        ask = getattr(provider, "get_token", provider)
        token = no_coroutine(ask(scope.decode()))
        text = token if isinstance(token, str) else token.token
        ends = getattr(token, "expires_on", None) or 0
        owner = owner_of(claims_of(text))
        library.answer_token(answer, utf8(text), int(ends), utf8(owner) if owner else None)
    except BaseException as error:  # noqa: BLE001: nothing may be raised into the library, whatever it is.
        words = f"{type(error).__name__}: {error}".replace("\0", " ")
        library.answer_failure(answer, words.encode("utf-8", "replace"))


# One for all, kept for good: the library may be about to call it at any time.
_CALLBACK = PROVIDER_CALLBACK(_answer)


def _end() -> None:
    """Takes all providers away before the interpreter ends, in which none could be called."""
    for name in list(_registered):
        _unregister(name)


atexit.register(_end)
