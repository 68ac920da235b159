"""Users who arrive with an Entra token of their own, which was issued for this application.

The token is checked here, and exchanged on the user's behalf by the driver, which also renews what it got.
"""

import threading
import time

import jwt

from .person import Login, Person, braced

# A key that nobody has heard of makes the keys be fetched again, but not for each forged token.
REFETCH_SECONDS = 60


class NotAccepted(Exception):
    """The token is not one for this application; the text says why, without quoting it."""


class Bearer:
    """Checks tokens: signature, issuer, audience, times, tenant, permission."""

    def __init__(self, settings, keys=None):
        base = f"{settings.authority}/{settings.tenant}"
        self._settings = settings
        self._audiences = [settings.client_id, f"api://{settings.client_id}"]
        # Which of the two an application gets is `requestedAccessTokenVersion` in its registration.
        self._issuers = [f"{base}/v2.0", f"https://sts.windows.net/{settings.tenant}/"]
        self._keys = keys or Keys(f"{base}/discovery/v2.0/keys")

    def check(self, token):
        """Who the token is about."""
        try:
            claims = jwt.decode(
                token,
                self._keys.find(jwt.get_unverified_header(token).get("kid")),
                algorithms=["RS256"],
                audience=self._audiences,
                issuer=self._issuers,
                options={"require": ["exp", "nbf", "iss", "aud", "tid", "oid"]},
            )
        except jwt.PyJWTError as error:
            raise NotAccepted(str(error)) from None
        if claims["tid"].lower() != self._settings.tenant.lower():
            raise NotAccepted("the token is another tenant's")
        # Only tokens for acting on a person's behalf have this: no id token, and no application's own token.
        if self._settings.permission not in claims.get("scp", "").split():
            raise NotAccepted(f"the token lacks the permission {self._settings.permission}")
        return Person.of_claims(claims)


class Keys:
    """The keys that Entra signs with."""

    def __init__(self, address, clock=time.monotonic):
        self._client = jwt.PyJWKClient(address, cache_jwk_set=True, lifespan=24 * 3600, timeout=10)
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched = None

    def find(self, key_id):
        with self._lock:
            key = self._known(key_id, refresh=False)
            if key is None and (self._fetched is None or self._clock() - self._fetched >= REFETCH_SECONDS):
                key = self._known(key_id, refresh=True)
                self._fetched = self._clock()
        if key is None:
            raise jwt.InvalidTokenError("the signing key is unknown")
        return key

    def _known(self, key_id, refresh):
        keys = self._client.get_signing_keys(refresh=refresh)
        return next((key for key in keys if key.key_id == key_id), None)


class OnBehalf:
    """Connections sign in with what Entra gives this application for its caller's token."""

    def __init__(self, settings, token):
        self._settings = settings
        self._token = token

    def login(self):
        settings = self._settings
        # No end: the driver renews the token of an open connection.
        return Login(
            "Authentication=ActiveDirectoryOnBehalfOf;"
            f"UID={settings.client_id};PWD={braced(settings.client_secret)};TenantId={settings.tenant};"
            f"UserAssertion={braced(self._token)};"
        )
