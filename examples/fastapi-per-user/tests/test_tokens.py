"""Which tokens the application takes from its callers."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from per_user.bearer import Bearer, Keys, NotAccepted
from per_user.settings import Settings


def status(app, token, header="Authorization"):
    value = f"Bearer {token}" if header == "Authorization" else token
    with app.client(headers={header: value}) as client:
        answer = client.get("/me")
    if answer.status_code == 401:
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert token not in answer.text
    return answer.status_code


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_callers_own_token_is_taken_by_either_header(app, playground):
    token = playground.token(playground.ada)
    assert status(app, token) == 200
    assert status(app, token, "X-MS-TOKEN-AAD-ACCESS-TOKEN") == 200


def test_without_a_token_or_with_databricks_there_is_nobody(app, playground):
    with app.client(headers={"X-Forwarded-Access-Token": playground.token(playground.ada)}) as client:
        answer = client.get("/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_expired_token_is_refused(app, playground):
    playground.lifetime(0)
    token = playground.token(playground.ada)
    assert status(app, token) == 401


def test_a_token_for_another_audience_is_refused(app, playground):
    for scope in ["https://database.windows.net/.default", "https://graph.microsoft.com/.default"]:
        assert status(app, playground.token(playground.ada, scope)) == 401


def test_an_id_token_is_no_access_token(app, playground):
    token = playground.token(playground.ada, f"api://{playground.portal}/user_impersonation openid")
    assert status(app, token) == 401


def test_forged_tokens_are_refused(app, playground):
    good = playground.token(playground.ada)
    header, claims, signature = good.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    grace = part(told | {"upn": playground.grace["name"], "oid": "00000000-0000-0000-0000-000000000001"})
    own_key = rsa.generate_private_key(65537, 2048)
    key_id = jwt.get_unverified_header(good)["kid"]
    forged = [
        f"{header}.{grace}.{signature}",
        f"{header}.{claims}.",
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{grace}.",
        jwt.encode(told, own_key, "RS256", headers={"kid": key_id}),
        jwt.encode(told, own_key, "RS256", headers={"kid": "unheard-of"}),
        jwt.encode(told, "a secret of thirty-two characters", "HS256", headers={"kid": key_id}),
        "nonsense",
    ]
    assert [status(app, token) for token in forged] == [401] * len(forged)
    assert playground.logins() == []


SETTINGS = Settings("", tenant="5f2c1f4e-0000-4a8e-9d57-3c1d2e6b7a90", client_id="the-app", client_secret="")
KEY = rsa.generate_private_key(65537, 2048)


class OneKey:
    def find(self, _key_id):
        return KEY.public_key()


def token(**changes):
    now = int(time.time())
    claims = {
        "aud": "the-app",
        "iss": f"{SETTINGS.authority}/{SETTINGS.tenant}/v2.0",
        "nbf": now - 300,
        "exp": now + 300,
        "tid": SETTINGS.tenant,
        "oid": "9d8c7b6a-5f4e-4d3c-8b2a-1f0e9d8c7b6a",
        "scp": "openid user_impersonation",
    }
    claims |= changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, KEY, "RS256")


def test_tokens_of_both_versions_name_the_person():
    bearer = Bearer(SETTINGS, OneKey())
    second = bearer.check(token(preferred_username="ada@contoso.com"))
    first = bearer.check(
        token(aud="api://the-app", iss=f"https://sts.windows.net/{SETTINGS.tenant}/", upn="ada.new@contoso.com")
    )
    assert first == second, "a new name makes no other person"
    assert (second.name, first.name) == ("ada@contoso.com", "ada.new@contoso.com")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.microsoftonline.com/another/v2.0"},
        {"iss": "https://login.example/5f2c1f4e-0000-4a8e-9d57-3c1d2e6b7a90/v2.0"},
        {"iss": None},
        {"aud": "another-app"},
        {"aud": None},
        {"tid": "00000000-0000-4a8e-9d57-3c1d2e6b7a90"},
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"nbf": int(time.time()) + 300},
        {"oid": None},
        {"scp": None},
        {"scp": "user_impersonation_of_another"},
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(changes):
    bearer = Bearer(SETTINGS, OneKey())
    bearer.check(token())
    with pytest.raises(NotAccepted):
        bearer.check(token(**changes))


def test_unknown_keys_are_asked_for_once_in_a_minute(playground):
    now = 0.0
    keys = Keys(f"{playground.authority}/{playground.tenant}/discovery/v2.0/keys", clock=lambda: now)
    playground.forget()
    for now in [0.0, 1.0, 59.0, 61.0]:
        with pytest.raises(jwt.PyJWTError):
            keys.find("unheard-of")
    assert keys.find(jwt.get_unverified_header(playground.token(playground.ada))["kid"])
    assert len(playground.requests("/keys")) == 3, "at first, for the first unknown key, and a minute later"
