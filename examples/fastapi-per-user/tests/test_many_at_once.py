"""Two people's requests, interleaved and at once."""

import asyncio

import httpx

REQUESTS = 200


def test_each_of_200_requests_is_answered_as_its_own_user(app, playground):
    people = [playground.ada, playground.grace]
    # Each way in that a token has, in turn.
    headers = [
        lambda token: {"Authorization": f"Bearer {token}"},
        lambda token: {"X-MS-TOKEN-AAD-ACCESS-TOKEN": token},
    ]
    tokens = [playground.token(person) for person in people]

    async def ask_all():
        limits = httpx.Limits(max_connections=REQUESTS)
        async with httpx.AsyncClient(base_url=app.address, timeout=120, limits=limits) as client:

            async def ask(number):
                header = headers[number // 2 % 2](tokens[number % 2])
                return await client.get("/me", headers=header)

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
