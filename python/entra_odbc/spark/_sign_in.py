"""Who signs in on an executor, and the connection string for it."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import random
import re
import ssl
import time
from dataclasses import dataclass

from .._connect import WHO, driver
from .._error import Error
from .._fork import Lock
from .._providers import register_provider
from .._string import ended, joined, pairs, plain
from .._token import AccessToken, claims_of
from ._tls import NAME, client_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._options import Options

# For an answer, and for trying again where there is none.
_PATIENCE_S = 12
# The broker's status for a host on which no executor of the application runs.
UNKNOWN_HOST = 503
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
        string, secrets = options.connection(), options.get("connectionSecrets") or ""
        who = next((name for name, *_ in pairs(ended(string) + secrets) if plain(name) in WHO), None)
        if ways and who is not None:
            ways.append(f"{who}= in the connection string")
        if len(ways) > 1:
            raise Error("HY000", 0, f"{' and '.join(ways)}: only one of them can say who signs in")
        broker, key = options.get("tokenBroker"), options.get("tokenBrokerSecret")
        if broker is not None:
            _check_broker(broker, key, application)
        token = options.get("accessToken")
        if token is not None:
            check_life(token, options.number("accessTokenNeededFor", _NEEDED_FOR_S))
        return cls(string, secrets, application, broker, key, token)

    def connection_string(self) -> str:
        """The connection string for this process, in which its tokens come from where they should."""
        string = ended(self.connection) + ended(self.secrets)
        if self.broker is not None:
            string += _provided(f"broker {self.broker} {_digest(self.broker_secret)}", self._from_broker)
        elif self.token is not None:
            string += _provided(f"token {_digest(self.token)}", self._fixed)
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
        ends = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with _Pinned(host.strip("[]"), int(port), certificate) as connection:
                    connection.request("POST", "/token", body, headers)
                    answer = connection.getresponse()
                    status, given = answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                # Executors that start together may ask for more than it answers at once. Where nobody listens, it is over.
                final = (ssl.SSLCertVerificationError, ConnectionRefusedError)
                if isinstance(error, final) or time.monotonic() > ends:
                    raise Error(
                        "08001",
                        0,
                        f"the token broker in the notebook's process, at {address}, does not answer ({error})."
                        " Is the session over, or a firewall between it and the executors?",
                    ) from None
            else:
                if status == 200:
                    return AccessToken(given["token"], given["expires_on"])
                # Spark tells of a new executor a little later than that starts.
                if status != UNKNOWN_HOST or time.monotonic() > ends:
                    raise Error("28000", 0, f"the token broker refused: {given.get('error')}")
            time.sleep(random.uniform(0.2, 1))


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


def _check_broker(broker: str, key: str | None, application: str) -> None:
    parts = broker.split(" ")
    if len(parts) != 3 or key is None or not re.fullmatch(r"[\w-]{43}", key, re.ASCII):
        raise Error(
            "HY000", 0, "the options tokenBroker and tokenBrokerSecret belong together: take both from TokenBroker(…).options"
        )
    if parts[0] != application:
        raise Error("28000", 0, "the token broker belongs to another Spark application. Start one in this: TokenBroker(spark, …)")


def _digest(secret: str | None) -> str:
    return hashlib.sha256(str(secret).encode()).hexdigest()


# Of what sources this process has providers, the latest last.
_names: dict[str, str] = {}
_numbers = itertools.count(1)
_MOST_PROVIDERS = 64
_lock = Lock()


def _provided(source: str, provider: Callable[[str], AccessToken]) -> str:
    """Keywords that name the provider; the same ones for each task of this process, so that they share tokens."""
    with _lock:
        name = _names.get(source)
    if name is None:
        name = f"spark-{next(_numbers)}"
        register_provider(name, provider)
        with _lock:
            # Another thread may have been faster; this one's is good as well.
            _names[source] = name
            old = _names.pop(next(iter(_names))) if len(_names) > _MOST_PROVIDERS else None
        if old is not None:
            register_provider(old, None)
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
