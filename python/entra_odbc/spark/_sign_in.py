"""Who signs in on an executor, and the connection string for it."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
from dataclasses import dataclass

from .._connect import driver
from .._error import Error
from .._providers import register_provider
from .._string import ended, joined, pairs, plain
from .._token import AccessToken, claims_of
from ._tls import NAME, client_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._options import Options

_PATIENCE_S = 15
# How long a token has to live yet if nobody says how long the job takes.
_NEEDED_FOR_S = 600


@dataclass(frozen=True, repr=False)
class SignIn:
    """The options that say who signs in. Goes to executors as part of a task."""

    connection: str
    secrets: str
    application: str
    broker: str | None
    broker_secret: str | None
    token: str | None

    @classmethod
    def of(cls, options: Options, application: str) -> SignIn:
        """What the options say; an Error where they contradict each other, or a token ends too soon."""
        ways = [name for name in ("tokenBroker", "accessToken") if options.get(name)]
        string = options.connection()
        names = [plain(name) for name, *_ in pairs(string)]
        if ways and "authentication" in names:
            ways.append("Authentication= in the option connection")
        if len(ways) > 1:
            raise Error("HY000", 0, f"{' and '.join(ways)}: only one of them can say who signs in")
        broker = options.get("tokenBroker")
        if broker is not None and broker.split(" ")[0] != application:
            raise Error(
                "28000", 0, "the token broker belongs to another Spark application. Start one in this: TokenBroker(spark, …)"
            )
        token = options.get("accessToken")
        if token is not None:
            check_life(token, options.number("accessTokenNeededFor", _NEEDED_FOR_S))
        return cls(string, options.get("connectionSecrets") or "", application, broker, options.get("tokenBrokerSecret"), token)

    def connection_string(self) -> str:
        """The connection string for this process, in which its tokens come from where they should."""
        string = ended(self.connection) + ended(self.secrets)
        if self.broker is not None:
            string += _provided(f"broker {self.broker}", self._from_broker)
        elif self.token is not None:
            string += _provided(f"token {hashlib.sha256(self.token.encode()).hexdigest()}", self._fixed)
        if not any(name in ("driver", "dsn", "filedsn") for name, *_ in pairs(string)):
            string = f"DRIVER={{{driver()}}};{string}"
        return string

    def _fixed(self, _scope: str) -> AccessToken:
        token = self.token or ""
        ends = _end_of(token)
        if ends <= time.time():
            raise Error("28000", 0, "the token that was fetched when the job was planned has ended. Read again with a new one")
        return AccessToken(token, ends)

    def _from_broker(self, scope: str) -> AccessToken:
        _, address, certificate = str(self.broker).split(" ")
        body = json.dumps({"application": self.application, "scope": scope})
        headers = {"Authorization": f"Bearer {self.broker_secret}", "Content-Type": "application/json"}
        host, _, port = address.rpartition(":")
        try:
            with _Pinned(host.strip("[]"), int(port), certificate) as connection:
                connection.request("POST", "/token", body, headers)
                answer = connection.getresponse()
                status, given = answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Error(
                "08001",
                0,
                f"the token broker in the notebook's process, at {address}, does not answer ({error})."
                " Is the session over, or a firewall between it and the executors?",
            ) from None
        if status != 200:
            raise Error("28000", 0, f"the token broker refused: {given.get('error')}")
        return AccessToken(given["token"], given["expires_on"])


class _Pinned(http.client.HTTPSConnection):
    """A connection to the broker with this certificate."""

    def __init__(self, host: str, port: int, certificate: str) -> None:
        self._tls = client_context(certificate)
        super().__init__(host, port, timeout=_PATIENCE_S, context=self._tls)

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        # By the certificate's own name, whatever the machine is called.
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=NAME)

    def __enter__(self) -> _Pinned:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


_names: dict[str, str] = {}
_lock = threading.Lock()


def _provided(source: str, provider: Callable[[str], AccessToken]) -> str:
    """Keywords that name the provider; the same ones for each task of this process, so that they share tokens."""
    with _lock:
        name = _names.get(source)
        if name is None:
            name = _names[source] = f"spark-{len(_names) + 1}"
            register_provider(name, provider)
    return joined({"Authentication": "TokenProvider", "TokenProvider": name})


def _end_of(token: str) -> int:
    ends = claims_of(token).get("exp")
    if not isinstance(ends, int):
        raise Error("HY000", 0, "the option accessToken is no access token of Entra's: it does not say when it ends")
    return ends


def check_life(token: str, needed_s: int) -> None:
    """An Error where the token ends earlier than it is needed."""
    left = int(_end_of(token) - time.time())
    if left < needed_s:
        raise Error(
            "28000",
            0,
            f"the token lives for {max(left, 0)} s, and the job needs it for {needed_s} s (the option accessTokenNeededFor)."
            " Fetch a new one right before the read, divide the job, or use a token broker or the cluster's own identity",
        )
