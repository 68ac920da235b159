"""The sessions by themselves: bounded, and not to be pushed out by those who have not signed in."""

from per_user.person import Person
from per_user.sessions import Sessions


def test_sign_ins_on_their_way_push_nobody_out_who_is_signed_in():
    sessions = Sessions(60, most=3)
    ada = sessions.new(person=Person("contoso", "ada"))
    flows = [sessions.new(flow={"state": str(number)}) for number in range(5)]
    assert sessions.find(ada.id) is ada
    assert [bool(sessions.find(flow.id)) for flow in flows] == [False, False, False, True, True]


def test_where_all_are_signed_in_the_longest_unused_makes_room():
    sessions = Sessions(60, most=2)
    ada, grace = (sessions.new(person=Person("contoso", name)) for name in ["ada", "grace"])
    sessions.find(ada.id)
    flow = sessions.new(flow={"state": "1"})
    assert sessions.find(flow.id) is flow
    assert sessions.find(ada.id) is ada
    assert sessions.find(grace.id) is None
