"""Users whom the application signs in itself: authorization code with PKCE, by Entra's own library.

The database's scope is asked for directly, so there is nothing to exchange.
"""

import time
from urllib.parse import quote

import msal

from .person import Login, Person, SignInCancelled, SignInDeclined, SignInNeeded, SignInRefused, braced


class Account:
    """One browser's sign-in. Its tokens are in a cache of its own, which no other user's can get into."""

    def __init__(self, settings):
        self._settings = settings
        self._client = msal.ConfidentialClientApplication(
            settings.client_id,
            client_credential=settings.client_secret,
            authority=f"{settings.authority}/{settings.tenant}",
            # Asks Microsoft whether the authority is one; ours is from our own settings.
            instance_discovery=False,
            token_cache=msal.TokenCache(),
        )

    def start(self, redirect_uri):
        """What is to be remembered until the browser is back; `auth_uri` is where it goes."""
        return self._client.initiate_auth_code_flow([self._settings.scope], redirect_uri=redirect_uri)

    def finish(self, flow, answer):
        """Who signed in. State, nonce and PKCE are checked by the library."""
        try:
            result = self._client.acquire_token_by_auth_code_flow(flow, answer)
        except ValueError as error:  # Another state than the one that the browser left with.
            raise SignInNeeded(str(error)) from None
        if "access_token" not in result:
            raise _refusal(result)
        person = Person.of_claims(result["id_token_claims"])
        if person.tenant != self._settings.tenant.lower():
            raise SignInRefused("the account is another tenant's")
        return person

    def login(self):
        """With a living token: the library renews it by the refresh token where need be."""
        [account] = self._client.get_accounts()
        result = self._client.acquire_token_silent_with_error([self._settings.scope], account=account)
        if not result or "access_token" not in result:
            raise SignInNeeded((result or {}).get("error_description", "the sign-in has ended"))
        return Login(f"AccessToken={braced(result['access_token'])};", ends=time.time() + result["expires_in"])

    def sign_out_address(self, back_to):
        return (
            f"{self._settings.authority}/{self._settings.tenant}/oauth2/v2.0/logout"
            f"?post_logout_redirect_uri={quote(back_to, safe='')}"
        )


def _refusal(result):
    """Why Entra has sent the browser back without a sign-in.

    It says `access_denied` also where it refuses by itself, by a Conditional Access policy for instance, and then gives a
    number; AADSTS65004 (UserDeclinedConsent) is the person's own No to the permissions.
    """
    words = result.get("error_description") or result.get("error")
    if "AADSTS65004" in words:
        return SignInDeclined(words)
    if result.get("error") == "access_denied" and "AADSTS" not in words:
        return SignInCancelled(words)
    return SignInRefused(words)
