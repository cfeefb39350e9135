"""The entrance: which language, which queue; and keys that come before their question."""

from __future__ import annotations

from callbackd.domain.commands import DialCustomer, Play
from callbackd.domain.events import CallArrived, DigitPressed, LegsSeen
from callbackd.domain.ids import LegId
from callbackd.domain.lives.dialogue import Stage
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.phrase import CallbackHello, Fixed, Greeting, LanguageChoice, Menu
from callbackd.domain.settings import EntryRules, Exit, Slots, Way
from callbackd.domain.settings import Menu as MenuSettings
from callbackd.domain.speech.speaking import REPLY_S
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, queue, settings

MAIN = MenuSettings(
    "main",
    otherwise=SUPPORT,
    choices={"1": SUPPORT, "2": SALES, "3": "bills", "0": SUPPORT},
    languages={"1": "en", "2": "hr", "9": "uk"},
)
BILLS = MenuSettings("bills", otherwise=SALES, choices={"1": SALES, "9": "main"})
TONGUES = MenuSettings("tongues", otherwise=SALES, languages={"1": "en", "2": "pl"})
LANGUAGES = [LanguageChoice(1, "en"), LanguageChoice(2, "hr"), LanguageChoice(9, "uk")]


def centre(**changes):
    queues = [queue(SUPPORT, **changes), queue(SALES, **changes)]
    menus = {menu.name: menu for menu in (MAIN, BILLS, TONGUES)}
    return Centre(settings(queues, [agent("alice", SUPPORT, SALES)], menus=menus))


def last_heard(house, leg="anna"):
    plays = [said for said in house.said if getattr(said, "phrases", None) is not None and said.leg == leg]
    return (list(plays[-1].phrases), plays[-1].language)


def arrives(house, leg="anna", number=ANNA, to="main", **more):
    house.calls(leg, number, to, **more)
    return house


# --- the way through --------------------------------------------------------------------------------------------------


def test_a_caller_is_asked_for_the_language_then_for_the_queue_and_stands_in_its_line():
    house = arrives(centre())
    assert last_heard(house) == ([Greeting("main"), *LANGUAGES], "en")
    house.presses("anna", "2")
    assert last_heard(house) == ([Menu("main")], "hr")
    assert house.entries == {}
    house.presses("anna", "2")
    entry = house.entry("anna")
    assert (entry.queue, entry.language, entry.state) == (SALES, "hr", EntryState.WAITING)


def test_a_menu_behind_a_menu_is_read_with_its_own_sounds():
    house = arrives(centre())
    house.presses("anna", "13")
    assert house.last(Play).queue == "bills"
    assert last_heard(house) == ([Menu("bills")], "en")


def test_nobody_is_greeted_twice():
    house = arrives(centre())
    house.presses("anna", "11")
    assert house.heard("anna").count(Greeting("main")) == 1
    assert Greeting(SUPPORT) not in house.heard("anna")


def test_the_language_goes_with_the_caller_into_the_callback():
    house = arrives(centre())
    house.presses("anna", "91")
    house.wait(60)
    house.takes_callback("anna")
    house.logs_in("alice")
    dial = house.last(DialCustomer)
    assert (dial.language, dial.hello) == ("uk", (CallbackHello(SUPPORT),))


def test_callers_are_not_asked_for_a_language_that_the_dialplan_gives():
    house = arrives(centre(), language="hr")
    assert last_heard(house) == ([Greeting("main"), Menu("main")], "hr")


def test_a_menu_leads_to_another_and_back():
    house = arrives(centre(), language="en")
    house.presses("anna", "3")
    assert last_heard(house) == ([Menu("bills")], "en")
    house.presses("anna", "9")
    assert last_heard(house) == ([Menu("main")], "en")
    house.presses("anna", "31")
    assert house.entry("anna").queue == SALES


def test_a_menu_may_ask_for_the_language_alone():
    house = arrives(centre(), to="tongues")
    house.presses("anna", "2")
    assert (house.entry("anna").queue, house.entry("anna").language) == (SALES, "pl")


def test_each_question_may_be_answered_before_it_is_over_and_after():
    house = arrives(centre())
    house.hears_out("anna")
    house.presses("anna", "1")
    house.hears_out("anna")
    house.presses("anna", "1")
    assert house.entry("anna").queue == SUPPORT


# --- no key, wrong keys ----------------------------------------------------------------------------------------------


def test_a_wrong_key_is_asked_again_twice_then_everybody_is_let_through():
    house = arrives(centre())
    house.presses("anna", "8")
    assert last_heard(house)[0] == [Fixed.WRONG_KEY, *LANGUAGES]
    house.presses("anna", "8")
    house.presses("anna", "8")
    assert last_heard(house) == ([Menu("main")], "en")
    house.presses("anna", "#")
    assert last_heard(house)[0] == [Fixed.WRONG_KEY, Menu("main")]
    house.presses("anna", "*")
    house.presses("anna", "7")
    assert house.entry("anna").queue == SUPPORT


def test_callers_who_press_nothing_are_let_through_after_three_readings():
    house = arrives(centre())
    for _ in range(6):
        assert house.entries == {}
        house.hears_out("anna")
        house.wait(REPLY_S)
    assert (house.entry("anna").queue, house.entry("anna").language) == (SUPPORT, "en")


def test_a_caller_who_hangs_up_in_a_menu_leaves_nothing_behind():
    house = arrives(centre())
    house.hangs_up("anna")
    assert house.entries == {}
    assert house.acd.state.dialogues == {}
    assert house.acd.next_deadline() is None


# --- others than the usual -------------------------------------------------------------------------------------------


def test_callers_with_a_callback_hear_that_instead_of_being_asked():
    house = centre()
    house.calls("before", ANNA, SUPPORT)
    house.takes_callback("before")
    arrives(house)
    assert Fixed.ALREADY_MENU in last_heard(house)[0]


def test_a_caller_who_was_in_a_line_before_is_not_asked_again():
    house = centre()
    house.hear(CallArrived(LegId("anna"), "main", ANNA, stood_in=SALES, stood_since=house.now - 60))
    assert house.entry("anna").queue == SALES


def test_a_closed_queue_behind_the_menu_says_so():
    house = arrives(centre(rules=EntryRules(no_agents=Exit(Way.CALLBACK)), slots=Slots()), language="en")
    house.presses("anna", "1")
    assert Fixed.NOBODY_HERE in last_heard(house)[0]
    assert Greeting(SUPPORT) not in last_heard(house)[0]


def test_an_arrival_reported_twice_asks_once():
    house = arrives(centre())
    asked = len(house.heard("anna"))
    arrives(house)
    assert len(house.heard("anna")) == asked


def test_a_caller_in_a_menu_who_is_gone_when_we_look_is_forgotten():
    house = arrives(centre())
    house.hear(LegsSeen(frozenset()))
    assert house.acd.state.dialogues == {}


# --- keys before their question ---------------------------------------------------------------------------------------


def early(house, leg, digit):
    """Pressed when what is being said cannot be heard yet."""
    return house.hear(DigitPressed(LegId(leg), digit))


def test_a_key_before_the_question_is_no_answer_to_it():
    house = centre()
    house.hear(CallArrived(LegId("anna"), "main", ANNA), answer_plays=False)
    early(house, "anna", "2")
    assert house.acd.state.dialogues["anna"].stage is Stage.LANGUAGE
    assert "before the question began" in house.reasons("key 2 ignored")


def test_a_key_that_is_pressed_twice_answers_one_question():
    """The second one comes before the next question can be heard."""
    house = arrives(centre())
    house.hear(DigitPressed(LegId("anna"), "1"), answer_plays=False)
    early(house, "anna", "1")
    assert house.acd.state.dialogues["anna"].stage is Stage.MENU
    assert house.entries == {}


def test_in_the_line_a_key_takes_a_callback_at_any_moment():
    house = centre()
    house.hear(CallArrived(LegId("ben"), SUPPORT, BEN), answer_plays=False)
    early(house, "ben", "1")
    assert house.acd.state.dialogues["ben"].stage is Stage.CONFIRMING


def test_a_key_that_confirmed_by_accident_promises_nothing():
    house = centre()
    house.calls("ben", BEN, SUPPORT)
    house.hear(DigitPressed(LegId("ben"), "1"), answer_plays=False)
    early(house, "ben", "1")
    assert house.callbacks == {}
