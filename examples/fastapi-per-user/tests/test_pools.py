"""The pools by themselves: bounded, emptied when idle, closed at sign-out."""

import pytest
import sqlalchemy

from per_user.bearer import OnBehalf
from per_user.person import Person
from per_user.pools import Pools, TooManyPeople
from per_user.settings import Settings


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def settings(playground):
    base = Settings.of_environment()
    return Settings(**vars(base) | {"max_people": 2, "connections_each": 2, "idle_seconds": 10})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pools(settings, clock):
    pools = Pools(settings, clock)
    yield pools
    pools.close_all()


ADA, GRACE, EDITH = (Person("contoso", name) for name in ("ada", "grace", "edith"))


def who(connection):
    return connection.execute(sqlalchemy.text("SELECT SUSER_SNAME()")).scalar_one()


@pytest.fixture
def ada(playground, settings):
    return OnBehalf(settings, playground.token(playground.ada))


@pytest.fixture
def grace(playground, settings):
    return OnBehalf(settings, playground.token(playground.grace))


def test_a_person_uses_their_own_connection_again(pools, ada, grace, playground):
    for _ in range(3):
        with pools.connection(ADA, ada) as connection:
            assert who(connection) == playground.ada["name"]
        with pools.connection(GRACE, grace) as connection:
            assert who(connection) == playground.grace["name"]
    assert len(playground.logins()) == 2


def test_the_longest_unused_make_room_but_nobody_who_is_busy(pools, ada, clock):
    with pools.connection(ADA, ada):
        with pools.connection(GRACE, ada):
            with pytest.raises(TooManyPeople), pools.connection(EDITH, ada):
                pass
        with pools.connection(EDITH, ada):
            assert pools.people() == {ADA, EDITH}


def test_idle_people_lose_their_connections(pools, ada, clock, playground):
    with pools.connection(ADA, ada) as connection:
        session = connection.connection.dbapi_connection
        clock.now = 100.0
        pools.close_idle()
        assert who(connection) == playground.ada["name"], "whoever is busy is not idle"
    clock.now = 109.0
    pools.close_idle()
    assert pools.people() == {ADA}
    clock.now = 110.0
    pools.close_idle()
    assert pools.people() == set()
    assert session.closed


def test_sign_out_ends_idle_connections_now_and_busy_ones_after_their_request(pools, ada, playground):
    with pools.connection(ADA, ada) as first, pools.connection(ADA, ada) as second:
        busy, idle = (connection.connection.dbapi_connection for connection in (first, second))
        second.close()
        pools.close(ADA)
        assert idle.closed
        assert not busy.closed
        assert who(first) == playground.ada["name"]
    assert busy.closed
    with pools.connection(ADA, ada) as connection:
        assert connection.connection.dbapi_connection not in (busy, idle)
    assert len(playground.logins()) == 3


def test_a_login_that_fails_leaves_room_for_the_next(pools, settings, ada, playground):
    bad = OnBehalf(settings, "nonsense")
    for _ in range(5):
        with pytest.raises(sqlalchemy.exc.DBAPIError), pools.connection(ADA, bad):
            pass
    with pools.connection(ADA, ada) as connection:
        assert who(connection) == playground.ada["name"]


def test_nobody_sees_a_secret_in_what_is_printed(settings, ada):
    assert settings.client_secret not in repr(settings)
    assert settings.client_secret not in repr(ada.login())
