"""Two people's requests, interleaved and at once."""

import asyncio

import httpx

from conftest import COOKIE

REQUESTS = 200


def test_each_of_200_requests_is_answered_as_its_own_user(app, playground):
    people = [playground.ada, playground.grace]
    tokens = [playground.token(person) for person in people]
    sessions = [app.sign_in(person) for person in people]
    # Each way in, in turn.
    ways = [
        lambda person: {"Authorization": f"Bearer {tokens[person]}"},
        lambda person: {"X-MS-TOKEN-AAD-ACCESS-TOKEN": tokens[person]},
        lambda person: {"Cookie": f"{COOKIE}={sessions[person]}"},
    ]

    async def ask_all():
        limits = httpx.Limits(max_connections=REQUESTS)
        async with httpx.AsyncClient(base_url=app.address, timeout=120, limits=limits) as client:

            async def ask(number):
                return await client.get("/me", headers=ways[number // 2 % 3](number % 2))

            return await asyncio.gather(*map(ask, range(REQUESTS)))

    answers = asyncio.run(ask_all())
    assert [answer.status_code for answer in answers] == [200] * REQUESTS
    users = [answer.json()["database_user"] for answer in answers]
    assert users == [people[number % 2]["name"] for number in range(REQUESTS)]
    objects = {answer.json()["object_id"] for answer in answers}
    assert len(objects) == 2

    # The pools were used: five connections each at most, and each signed in as one of the two.
    logins = playground.logins()
    for person in people:
        of_person = [login for login in logins if login["claims"]["upn"] == person["name"]]
        assert 1 <= len(of_person) <= 5
    assert len(logins) <= 10
