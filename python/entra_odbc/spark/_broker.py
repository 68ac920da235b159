"""The token broker: hands the executors of one application access tokens of one identity for one audience.

docs/spark.md has its threat model.
"""

from __future__ import annotations

import atexit
import hmac
import json
import secrets
import socket
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler

from .._credential import Credential, credential_of
from .._error import Error
from ._tls import server_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyspark.sql import SparkSession

    from .._borrowed import TokenSource

PATH = "/token"
DEFAULT_SCOPE = "https://database.windows.net/.default"
# Seconds for a handshake, and for a request.
_PATIENCE_S = 10
_LARGEST_REQUEST = 4096
_MOST_CONNECTIONS = 64
# How long Spark's list of executors is taken as it was.
_PEERS_LIVE_S = 5


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
        self._credential = credential_of(credential, {})
        self._scope = scope
        identity = self._credential.identity(scope=scope)
        self._owner = (identity.tenant_id, identity.object_id)
        self._key = secrets.token_urlsafe(32)
        self._application = application
        self._any_address = any_address
        context, certificate = server_context()
        self._server = _Server((listens_on, port), context, self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="entra-odbc-token-broker", daemon=True)
        self._thread.start()
        where = f"[{reached_at}]" if ":" in reached_at else reached_at
        self.options = {
            # Application, address and certificate.
            "tokenBroker": f"{application.id} {where}:{self._server.server_address[1]} {certificate}",
            "tokenBrokerSecret": self._key,
        }
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the broker: executors get no further tokens."""
        atexit.unregister(self.close)
        self._server.end()

    def __enter__(self) -> TokenBroker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TokenBroker({self._application.id})"

    def _answer(self, peer: str, key: str, request: object) -> tuple[int, dict[str, Any]]:
        """The answer to a request: a status of HTTP, and an object."""
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            return 401, {"error": "the key is not this broker's"}
        if not isinstance(request, dict) or request.get("application") != self._application.id:
            return 403, {"error": "the broker belongs to another Spark application"}
        if not self._any_address and not self._application.has_host(peer):
            return 403, {"error": f"no executor of this application runs at {peer}"}
        if not self._application.is_running():
            return 403, {"error": "the application has ended"}
        if _audience(str(request.get("scope"))) != _audience(self._scope):
            return 403, {"error": f"the broker's tokens are for {self._scope}, not for {request.get('scope')}"}
        try:
            token = self._credential.get_token(self._scope)
            identity = self._credential.identity(scope=self._scope)
        except Error as error:
            return 502, {"error": str(error)}
        if (identity.tenant_id, identity.object_id) != self._owner:
            return 502, {"error": "somebody else has signed in at the notebook since the broker started"}
        return 200, {"token": token.token, "expires_on": token.expires_on}


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
                " Use entra_odbc.spark.token_options(), or an identity of the cluster's",
            ) from None
        self._hosts: frozenset[str] = frozenset()
        self._seen = float("-inf")
        self._lock = threading.Lock()

    def is_running(self) -> bool:
        """Whether it goes on; asks Spark."""
        java: Any = self._context._jsc
        return java is not None and not java.sc().isStopped()

    def was_stopped(self) -> bool:
        """Whether this process has stopped it; asks nobody."""
        return self._context._jsc is None

    def has_host(self, address: str) -> bool:
        """Whether it is this machine, or the host of an executor."""
        address = address.removeprefix("::ffff:")
        with self._lock:
            if address not in self._hosts or time.monotonic() - self._seen > _PEERS_LIVE_S:
                self._hosts, self._seen = frozenset(self._addresses()), time.monotonic()
            return address in self._hosts

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
                found += [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
            except OSError:
                continue
        return found


class _Server(socketserver.ThreadingTCPServer):
    """The listener. Each connection has a thread, in which its handshake runs as well."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, broker: TokenBroker) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.broker = broker
        self._context = context
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        try:
            # `process_request_thread` makes the handler.
            super().__init__(address, BaseHTTPRequestHandler)
        except OSError as error:
            raise Error("08001", 0, f"the token broker cannot listen on {address[0]}: {error}. Pass host= and port=") from None

    def end(self) -> None:
        """Ends `serve_forever`, which runs in another thread, and frees the port."""
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
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # For handshake and request together, however slowly their bytes come.
        watched = request.dup()
        deadline = threading.Timer(_PATIENCE_S, _interrupt, (watched,))
        deadline.daemon = True
        deadline.start()
        try:
            with self._context.wrap_socket(request, server_side=True) as stream:
                _Handler(stream, client_address, self, deadline)
        except (OSError, ValueError):
            # A port scan, or a client that went away.
            pass
        finally:
            deadline.cancel()
            watched.close()
            self.shutdown_request(request)
            self._free.release()


def _interrupt(connection: socket.socket) -> None:
    """Ends what waits for the peer."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: _Server

    def __init__(self, stream: ssl.SSLSocket, peer: Any, server: _Server, deadline: threading.Timer) -> None:
        self._deadline = deadline
        super().__init__(stream, peer, server)

    def do_POST(self) -> None:
        """A request for a token."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _LARGEST_REQUEST:
            # Unread, and so without an answer.
            return
        body = self.rfile.read(int(length))
        if self.path != PATH:
            self._send(404, {"error": f"tokens are at {PATH}"})
            return
        # From here on it is the token endpoint that takes the time.
        self._deadline.cancel()
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            request = json.loads(body)
        except ValueError:
            request = None
        try:
            status, answer = self.server.broker._answer(self.client_address[0], key, request)
        except Exception as error:  # noqa: BLE001: the executor is told, in place of a torn connection.
            status, answer = 502, {"error": f"{type(error).__name__} at the notebook"}
        self._send(status, answer)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests are not logged."""
