"""Tokens: their shape, their scopes, and whom they name."""

import base64
import json

import pytest
from azure.core import credentials
from entra_odbc import AccessToken, AccessTokenInfo, Error, Identity
from entra_odbc._borrowed import AZURE_SQL, Borrowed
from entra_odbc._token import claims_of, owner_of, scope_of


def jwt(claims):
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", json.dumps(claims).encode(), b"s"))


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ("https://database.windows.net/", "https://database.windows.net/.default"),
        ("https://database.windows.net", "https://database.windows.net/.default"),
        ("https://database.windows.net/.default", "https://database.windows.net/.default"),
        ("https://database.windows.net//.default", "https://database.windows.net//.default"),
        ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"),
        ("api://x/user_impersonation", "api://x/user_impersonation"),
    ],
)
def test_a_resource_is_taken_as_its_scope(resource, scope):
    assert scope_of(resource) == scope


def test_a_token_is_like_azure_cores():
    assert AccessToken._fields == credentials.AccessToken._fields
    assert AccessToken("x", 1) == credentials.AccessToken("x", 1)
    theirs = credentials.AccessTokenInfo("x", 1)
    assert AccessTokenInfo("x", 1, "Bearer", None)._asdict() == {
        name: getattr(theirs, name) for name in ("token", "expires_on", "token_type", "refresh_on")
    }


def test_no_repr_shows_a_token():
    for token in (AccessToken("secret", 1), AccessTokenInfo("secret", 1, "Bearer", None)):
        assert "secret" not in repr(token)
        assert "secret" not in f"{token}"


def test_an_owner_is_named_by_tenant_object_client_and_audience():
    claims = {"tid": "t", "oid": "o", "appid": "c", "aud": "a"}
    assert claims_of(jwt(claims)) == claims
    different = [claims, *({**claims, name: "other"} for name in claims)]
    assert len({owner_of(claims) for claims in different}) == 5


@pytest.mark.parametrize(
    ("claims", "principal"),
    [
        ({"upn": "ada@contoso.com", "unique_name": "ada", "appid": "c"}, "ada@contoso.com"),
        ({"app_displayname": "payroll", "appid": "c"}, "payroll"),
        ({"azp": "c"}, "c"),
    ],
)
def test_a_credential_of_somebody_elses_is_whom_its_token_names(claims, principal):
    class Source:
        def get_token(self, *scopes):
            assert scopes == (AZURE_SQL,)
            return AccessToken(jwt({"tid": "t", "oid": "o", "aud": "a", **claims}), 7)

    assert Borrowed(Source()).identity(None, None) == Identity(principal, "t", "o", "c", "a", 7)


@pytest.mark.parametrize("claims", [{}, {"tid": "t"}, {"oid": "o"}, {"tid": "", "oid": "o"}, {"tid": 1, "oid": 2}])
def test_who_is_not_named_has_no_owner(claims):
    assert owner_of(claims) is None


@pytest.mark.parametrize("text", ["", "opaque", "a.b", "a.b.c", "a.!.c", "..", f"a.{'9' * 5}.c", jwt([1]), jwt("x")])
def test_a_token_that_cannot_be_read_names_nobody(text):
    assert claims_of(text) == {}


def test_an_error_says_its_state_and_its_message():
    error = Error("28000", 7000215, "the secret is wrong")
    assert (error.sqlstate, error.native, error.message) == ("28000", 7000215, "the secret is wrong")
    assert str(error) == "[28000] the secret is wrong"
