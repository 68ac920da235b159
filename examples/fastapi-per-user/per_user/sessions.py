"""Sessions that live at the server: the browser has nothing but a number that nobody guesses.

They are in this process's memory, so all of a user's requests must come to it. Several processes need a store that
they share, for instance Redis, with the token caches in it encrypted.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from .person import Person

MOST = 10_000


@dataclass(eq=False)
class Session:
    id: str = field(repr=False)
    used: float
    flow: dict | None = field(default=None, repr=False)
    """A sign-in on its way: state, nonce and the PKCE verifier."""
    person: Person | None = None
    account: object = field(default=None, repr=False)


class Sessions:
    def __init__(self, seconds, clock=time.monotonic, most=MOST):
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions = OrderedDict()  # id -> Session, the longest unused first

    def new(self, **what):
        """Always under a new number, so that nobody can plant one that they know on somebody else."""
        session = Session(secrets.token_urlsafe(32), self._clock(), **what)
        with self._lock:
            self._forget_old()
            while len(self._sessions) >= self._most:
                # Anybody can begin a sign-in, so those on their way make room before those who are signed in.
                oldest = next(iter(self._sessions.values()))
                gone = next((old for old in self._sessions.values() if not old.person), oldest)
                del self._sessions[gone.id]
            self._sessions[session.id] = session
        return session

    def find(self, session_id):
        with self._lock:
            self._forget_old()
            session = self._sessions.get(session_id)
            if session:
                session.used = self._clock()
                self._sessions.move_to_end(session_id)
            return session

    def end(self, session):
        with self._lock:
            self._sessions.pop(session.id, None)

    def _forget_old(self):
        while self._sessions:
            oldest = next(iter(self._sessions.values()))
            if oldest.used + self._seconds > self._clock():
                return
            del self._sessions[oldest.id]
