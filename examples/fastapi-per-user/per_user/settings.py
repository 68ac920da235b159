"""What the application is told by its environment."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    database: str
    """A connection string in which only the sign-in is missing."""
    tenant: str
    client_id: str
    client_secret: str = field(repr=False)
    authority: str = "https://login.microsoftonline.com"
    permission: str = "user_impersonation"
    """The permission of this application's own (`scp`) that callers must have been given."""
    scope: str = "https://database.windows.net/.default"
    """What is asked for where the application signs users in itself."""
    max_people: int = 200
    """How many people may have connections at a time."""
    connections_each: int = 5
    wait_seconds: float = 10
    """For how long a request waits for one of its person's connections, so that nobody keeps the others out for long."""
    idle_seconds: float = 300
    """After how long without a request a person's connections are closed."""
    session_seconds: float = 8 * 3600
    """After how long without a request a person is signed out."""

    @classmethod
    def of_environment(cls, variables=os.environ):
        try:
            return cls(
                database=variables["DATABASE"].rstrip(";") + ";",
                tenant=variables["APP_TENANT_ID"],
                client_id=variables["APP_CLIENT_ID"],
                client_secret=variables["APP_CLIENT_SECRET"],
                authority=variables.get("AZURE_AUTHORITY_HOST", cls.authority).rstrip("/"),
                connections_each=int(variables.get("APP_CONNECTIONS_EACH", cls.connections_each)),
                idle_seconds=float(variables.get("APP_IDLE_SECONDS", cls.idle_seconds)),
            )
        except KeyError as missing:
            raise SystemExit(f"The environment variable {missing} is missing; see README.md.") from None
