"""A pool of connections for each person: nobody gets a connection that somebody else signed in."""

import threading
import time
from collections import OrderedDict
from contextlib import contextmanager

import pyodbc
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

# One pool is enough: unixODBC's knows connections by their strings alone.
pyodbc.pooling = False


class TooManyPeople(Exception):
    """As many people as may be have requests running at this moment."""


class Pools:
    """The pools of all people. Bounded: whoever has been away for longest makes room."""

    def __init__(self, settings, clock=time.monotonic):
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._pools = OrderedDict()  # Person -> _Pool, the longest unused first

    @contextmanager
    def connection(self, person, sign_in):
        """A connection as this person. New ones sign in by `sign_in`, the latest that is known."""
        pool, removed = self._enter(person, sign_in)
        _close(removed)
        try:
            with pool.engine.connect() as connection:
                yield connection
        finally:
            self._leave(pool)

    def close(self, person):
        """Ends a person's connections: idle ones now, others as soon as their request is done."""
        with self._lock:
            pool = self._pools.pop(person, None)
        _close([pool] if pool else [])

    def close_idle(self):
        """Ends the connections of everyone who has been away for long enough."""
        with self._lock:
            removed = self._take(lambda pool: pool.used + self._settings.idle_seconds <= self._clock())
        _close(removed)

    def close_all(self):
        with self._lock:
            removed = list(self._pools.values())
            self._pools.clear()
        _close(removed)

    def people(self):
        """Who has a pool."""
        with self._lock:
            return set(self._pools)

    def _enter(self, person, sign_in):
        removed = []
        with self._lock:
            pool = self._pools.get(person)
            if pool is None:
                room = self._settings.max_people - 1
                if len(self._pools) > room:
                    removed = self._take(lambda _: len(self._pools) > room)
                if len(self._pools) > room:
                    raise TooManyPeople
                pool = self._pools[person] = _Pool(self._settings)
            pool.sign_in = sign_in
            pool.requests += 1
            self._pools.move_to_end(person)
        return pool, removed

    def _leave(self, pool):
        with self._lock:
            pool.requests -= 1
            pool.used = self._clock()
            # Somebody signed out meanwhile, and this request has brought its connection back.
            last = pool.closed and pool.requests == 0
        _close([pool] if last else [])

    def _take(self, condition):
        """Removes the pools that fulfil the condition and have no request running."""
        removed = []
        for person, pool in list(self._pools.items()):
            if pool.requests == 0 and condition(pool):
                removed.append(self._pools.pop(person))
        return removed


class _Pool:
    """One person's connections."""

    def __init__(self, settings):
        self.sign_in = None
        self.requests = 0
        self.used = 0.0
        self.closed = False
        # A lost connection is noticed by the ping and opened anew. Driver 18's own recovery is turned off: outside
        # autocommit it restores connections without the transaction that it takes to be open (error 3971).
        self._database = f"{settings.database}ConnectRetryCount=0;"
        self.engine = sqlalchemy.create_engine(
            "mssql+pyodbc://",
            pool_size=settings.connections_each,
            max_overflow=0,
            pool_timeout=settings.wait_seconds,
            pool_pre_ping=True,
        )
        event.listen(self.engine, "do_connect", self._connect)
        event.listen(self.engine, "checkout", _discard_ended)

    def _connect(self, _dialect, record, _arguments, _parameters):
        login = self.sign_in.login()
        record.info["login"] = login
        return pyodbc.connect(self._database + login.keywords)

    def close(self):
        self.closed = True
        # Not the engine's `dispose`, which would leave connections that are in use to a pool that nobody knows.
        self.engine.pool.dispose()


def _discard_ended(_connection, record, _fairy):
    """Has the pool open a new connection in place of one whose sign-in has ended."""
    if record.info["login"].ended():
        raise sqlalchemy.exc.DisconnectionError("the token has ended")


def _close(pools):
    """Outside the lock: closing a connection speaks to the server."""
    for pool in pools:
        pool.close()
