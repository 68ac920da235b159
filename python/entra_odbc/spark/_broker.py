"""The token broker: hands the executors of one application access tokens of one identity for one audience.

docs/spark.md has its threat model.
"""

from __future__ import annotations

import atexit
import hmac
import json
import os
import secrets
import socket
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler

from .._credential import Credential, credential_of
from .._error import Error, one_line
from .._token import claims_of
from ._sign_in import UNKNOWN_HOST
from ._tls import server_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyspark.sql import SparkSession

    from .._borrowed import TokenSource
    from .._token import AccessToken

PATH = "/token"
DEFAULT_SCOPE = "https://database.windows.net/.default"
# Seconds for a handshake, and for a request.
_PATIENCE_S = 10
_LARGEST_REQUEST = 4096
_MOST_CONNECTIONS = 64
_MOST_STRANGERS = 8
# How long Spark's list of executors is taken as it was, for a host that is on it and for another.
_KNOWN_FOR_S = 5
_UNKNOWN_FOR_S = 1
# For how long a token goes to all who ask.
_SHARED_FOR_S = 30


class TokenBroker:
    """Hands tokens of `credential` to the executors of this Spark application, as long as the application runs.

    >>> broker = entra_odbc.spark.TokenBroker(spark, credential)
    >>> spark.read.format("entra_odbc").options(**broker.options).option("connection", "SERVER=…;DATABASE=…")…

    `credential` is a Credential, one of azure-identity, or keywords as those of a connection string; the person signs in
    now, not when the first executor asks. `scope` is whom the tokens are for (Azure SQL). The broker listens on `host`
    (the driver's address, spark.driver.bindAddress or spark.driver.host) and `port` (any), and `address` is how executors
    reach it, where that differs. It answers this machine and the hosts of the application's executors only;
    `any_address=True` answers all who have the key, for executors behind address translation.

    Threads may use it at once. `close()` ends it, and so does the end of the application.
    """

    def __init__(
        self,
        spark: SparkSession,
        credential: Credential | TokenSource | str,
        *,
        scope: str = DEFAULT_SCOPE,
        host: str | None = None,
        port: int = 0,
        address: str | None = None,
        any_address: bool = False,
    ) -> None:
        application = _Application(spark)
        configured = spark.sparkContext.getConf()
        reached_at = address or configured.get("spark.driver.host") or socket.gethostname()
        listens_on = host or configured.get("spark.driver.bindAddress") or reached_at
        self._application, self._any_address = application, any_address
        self._key = secrets.token_urlsafe(32)
        self._tokens = _Tokens(credential_of(credential, {}), scope)
        context, certificate = server_context()
        self._server = _Server((listens_on.strip("[]"), port), context, self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="entra-odbc-token-broker", daemon=True)
        self._thread.start()
        where = f"[{reached_at}]" if ":" in reached_at and not reached_at.startswith("[") else reached_at
        self.options = {
            # Application, address and certificate.
            "tokenBroker": f"{application.id} {where}:{self._server.server_address[1]} {certificate}",
            "tokenBrokerSecret": self._key,
        }
        self._process = os.getpid()
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the broker: executors get no further tokens."""
        atexit.unregister(self.close)
        # A forked child has no thread that serves.
        self._server.end(serves=self._process == os.getpid())

    def __enter__(self) -> TokenBroker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TokenBroker({self._application.id})"

    def _knows(self, peer: str) -> bool:
        return self._any_address or self._application.has_host(peer)

    def _answer(self, peer: str, key: str, request: object) -> tuple[int, dict[str, Any]]:
        """The answer to a request: a status of HTTP, and an object."""
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            return 401, {"error": "the key is not this broker's"}
        if not isinstance(request, dict) or request.get("application") != self._application.id:
            return 403, {"error": "the broker belongs to another Spark application"}
        if not self._knows(peer):
            told = f"no executor of this application runs at {peer}. Behind address translation: TokenBroker(…, any_address=True)"
            return UNKNOWN_HOST, {"error": told}
        if not self._application.is_running():
            return 403, {"error": "the application has ended"}
        if _audience(str(request.get("scope"))) != _audience(self._tokens.scope):
            told = f"the broker's tokens are for {self._tokens.scope}, not for {request.get('scope')}: TokenBroker(…, scope=…)"
            return 403, {"error": told}
        try:
            token = self._tokens.get()
        except Exception as error:  # noqa: BLE001: a credential of others may raise anything, and the executor is told.
            return 502, {"error": one_line(f"{type(error).__name__}: {error}")}
        return 200, {"token": token.token, "expires_on": token.expires_on}


class _Tokens:
    """Access tokens of one identity for one scope."""

    def __init__(self, credential: Credential, scope: str) -> None:
        self.scope = scope
        self._credential = credential
        self._lock = threading.Lock()
        self._token = credential.get_token(scope)
        self._owner = _owner(self._token)
        self._good_until = 0.0

    def get(self) -> AccessToken:
        """A token that lives on; one request for all who ask while it is made."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                token = self._credential.get_token(self.scope)
                if _owner(token) != self._owner:
                    raise Error("28000", 0, "somebody else has signed in at the notebook since the broker started")
                # Credentials of azure-identity do not keep all tokens: this one does for a burst of executors.
                self._token, lives = token, token.expires_on - time.time()
                self._good_until = time.monotonic() + min(lives / 4, _SHARED_FOR_S)
            return self._token


def _owner(token: AccessToken) -> tuple[object, object]:
    claims = claims_of(token.token)
    tenant, identity = claims.get("tid"), claims.get("oid")
    if not tenant or not identity:
        raise Error("28000", 0, "the token does not say whom it is for (tid and oid): a broker hands out tokens of Entra's")
    return tenant, identity


def _audience(scope: str) -> str:
    return scope.removesuffix("/.default").rstrip("/").lower()


class _Application:
    """The Spark application that a broker belongs to."""

    def __init__(self, spark: SparkSession) -> None:
        try:
            self._context = spark.sparkContext
            self.id = self._context.applicationId
        except Exception:  # noqa: BLE001: PySpark has a class of its own for each way to lack one.
            raise Error(
                "HYC00",
                0,
                "a token broker needs the driver in this process, and Spark Connect has it elsewhere."
                " Use entra_odbc.spark.token_options(spark, …), or an identity of the cluster's",
            ) from None
        self._known: frozenset[str] = frozenset()
        self._asked = float("-inf")
        self._asking = threading.Lock()

    def is_running(self) -> bool:
        """Whether it goes on; asks Spark."""
        java: Any = self._context._jsc
        return java is not None and not java.sc().isStopped()

    def was_stopped(self) -> bool:
        """Whether this process has stopped it; asks nobody."""
        return self._context._jsc is None

    def has_host(self, address: str) -> bool:
        """Whether it is this machine, or the host of an executor, as of some seconds ago."""
        address = address.removeprefix("::ffff:")
        patience = _KNOWN_FOR_S if address in self._known else _UNKNOWN_FOR_S
        if time.monotonic() - self._asked > patience:
            # One asks Spark and DNS, and whoever waits meanwhile takes what that one finds.
            with self._asking:
                if time.monotonic() - self._asked > patience:
                    self._known, self._asked = frozenset(self._addresses()), time.monotonic()
        return address in self._known

    def _addresses(self) -> list[str]:
        java: Any = self._context._jsc
        if java is None:
            return []
        # The driver is among them.
        hosts = {executor.host() for executor in java.sc().statusTracker().getExecutorInfos()}
        hosts.update(("localhost", self._context.getConf().get("spark.driver.host") or "localhost"))
        found = []
        for host in hosts:
            try:
                found += [str(entry[4][0]) for entry in socket.getaddrinfo(host.strip("[]"), None)]
            except OSError:
                continue
        return found


class _Server(socketserver.ThreadingTCPServer):
    """The listener. Each connection has a thread, in which its handshake runs as well."""

    allow_reuse_address = True
    daemon_threads = True
    # All workers of a cluster may start at once.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, broker: TokenBroker) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.broker = broker
        self._context = context
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._free_for_strangers = threading.BoundedSemaphore(_MOST_STRANGERS)
        try:
            # `process_request_thread` makes the handler.
            super().__init__(address, BaseHTTPRequestHandler)
        except OSError as error:
            raise Error("08001", 0, f"the token broker cannot listen on {address[0]}: {error}. Pass host= and port=") from None

    def end(self, *, serves: bool) -> None:
        """Ends `serve_forever`, which runs in another thread, if it does, and frees the port."""
        if serves:
            self.shutdown()
        self.server_close()

    def service_actions(self) -> None:
        # Twice a second. The thread that serves cannot wait for its own end.
        if self.broker._application.was_stopped():
            threading.Thread(target=self.broker.close, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            # No thread can be started.
            self._free.release()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: there is nobody to tell but whoever asked, and that one's connection is closed."""

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        is_stranger = False
        try:
            # Strangers are told why they get nothing, but cannot keep executors waiting.
            is_stranger = not self.broker._knows(client_address[0])
            if not is_stranger or self._free_for_strangers.acquire(blocking=False):
                try:
                    self._serve(request, client_address)
                finally:
                    if is_stranger:
                        self._free_for_strangers.release()
        except (OSError, ValueError, RuntimeError):
            # A port scan, a client that went away, or no more threads and files.
            pass
        finally:
            self._free.release()
            self.shutdown_request(request)

    def _serve(self, request: Any, client_address: Any) -> None:
        with request.dup() as watched:
            # For handshake and request together, however slowly their bytes come.
            deadline = threading.Timer(_PATIENCE_S, _interrupt, (watched,))
            deadline.daemon = True
            deadline.start()
            try:
                with self._context.wrap_socket(request, server_side=True) as stream:
                    _Handler(stream, client_address, self, deadline)
            finally:
                deadline.cancel()


def _interrupt(connection: socket.socket) -> None:
    """Ends what waits for the peer."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _Limited:
    """A file of which no more than the largest request is read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = _LARGEST_REQUEST

    def readline(self, size: int = -1) -> bytes:
        """A line, or what is left of one."""
        return self._counted(self._file.readline(min(size, self._left) if size >= 0 else self._left))

    def read(self, size: int) -> bytes:
        """So many bytes, or what may be had of them."""
        return self._counted(self._file.read(min(size, self._left)))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        return data


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: _Server

    def __init__(self, stream: ssl.SSLSocket, peer: Any, server: _Server, deadline: threading.Timer) -> None:
        self._deadline = deadline
        super().__init__(stream, peer, server)

    def setup(self) -> None:
        """Limits what is read."""
        super().setup()
        self.rfile: Any = _Limited(self.rfile)

    def do_POST(self) -> None:
        """A request for a token."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isascii() or not length.isdigit():
            return
        body = self.rfile.read(int(length))
        # From here on it is the token endpoint that takes the time.
        self._deadline.cancel()
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            request = json.loads(body)
        except ValueError:
            request = None
        status, answer = self.server.broker._answer(self.client_address[0], key, request)
        told = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(told)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Nothing: whoever does not ask for a token gets no answer."""
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests are not logged."""
