"""Who somebody is, and how the database gets to know it."""

import time
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Person:
    """A user, known by what never changes and is never given to another: the object id within a tenant.

    Names are for display alone: they change, and are given again to others.
    """

    tenant: str
    object_id: str
    name: str = field(compare=False, default="")

    @classmethod
    def of_claims(cls, claims):
        name = claims.get("preferred_username") or claims.get("upn") or claims.get("name") or ""
        return cls(claims["tid"].lower(), claims["oid"].lower(), name)


@dataclass(frozen=True)
class Login:
    """What one new connection signs in with."""

    keywords: str = field(repr=False)
    """Goes into the connection string; secret."""
    ends: float = float("inf")
    """When, as `time.time()` tells it, the connection is no longer good for new work."""

    def ended(self):
        return time.time() >= self.ends


class SignIn(Protocol):
    """How a person's connections sign in, from now on."""

    def login(self) -> Login:
        """Called for each new connection, on any thread."""


class SignInNeeded(Exception):
    """The person has to sign in again."""


class SignInDeclined(SignInNeeded):
    """The person does not consent to what this application asks for."""


class SignInCancelled(SignInNeeded):
    """The person left Entra's page by Cancel or Back."""


class SignInRefused(SignInNeeded):
    """Entra does not sign the person in."""


def braced(value):
    """A value as connection strings take any."""
    return "{" + value.replace("}", "}}") + "}"
