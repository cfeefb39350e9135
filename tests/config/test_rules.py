"""Who may wait and who may serve, as the operator writes it; contradictions are refused."""

from __future__ import annotations

import pytest

from callbackd.config.build import settings_of
from callbackd.config.file import read
from callbackd.domain.settings import DialPolicy, Exit, Need, Reserve, Way
from tests.config.test_file import mistakes, written

BASE = """
[ari]
password = "secret"
[queues.support]
{support}
[queues.sales]
{sales}
[agents.alice]
endpoint = "PJSIP/agent1"
queues = ["support", "sales"]
{alice}
"""


def text(support: str = "", sales: str = "", alice: str = "") -> str:
    return BASE.format(support=support, sales=sales, alice=alice)


def settings(tmp_path, **parts: str):
    return settings_of(read(written(tmp_path, text(**parts))))


def test_every_rule_of_the_door_is_read(tmp_path):
    rules = (
        settings(
            tmp_path,
            support="""
        [queues.support.entry]
        max_places = 20
        full = "queue:sales"
        closed = "callback"
        holiday = "dialplan:7000"
        no_agents = "queue:sales"
        all_paused = "wait"
        max_wait_s = 600
        max_wait = "queue:sales"
        empty_after_s = "PT1M"
        empty_when_paused = true
        empty = "dialplan:voicemail"
        key = "9"
        key_exit = "dialplan:7000"
        """,
        )
        .queues["support"]
        .rules
    )
    assert (rules.max_places, rules.full, rules.holiday) == (
        20,
        Exit(Way.QUEUE, "sales"),
        Exit(Way.DIALPLAN, "7000"),
    )
    assert (rules.no_agents.to, rules.all_paused.way, rules.max_wait_s) == ("sales", Way.WAIT, 600.0)
    assert (rules.empty_after_s, rules.empty_when_paused, rules.empty.to) == (60.0, True, "voicemail")
    assert (rules.key, rules.key_exit) == ("9", Exit(Way.DIALPLAN, "7000"))


def test_dial_policy_skills_and_penalties_are_read(tmp_path):
    found = settings(
        tmp_path,
        support="""
        dial = "look_ahead"
        group = "desk"
        [queues.support.skills.polish]
        level = 3
        relax = [[60, 2], [120, 0]]
        [queues.support.penalties]
        limit = 0
        widen = [[30, 5], [90, "any"]]
        [queues.support.reserves]
        waited_s = 300
        """,
        alice="""
        phones = ["PJSIP/desk1"]
        reserve = "callbacks"
        accept_key = "1"
        wrap_up_s = 3
        [agents.alice.skills]
        polish = 3
        [agents.alice.penalties]
        support = 2
        """,
    )
    support, alice = found.queues["support"], found.agents["alice"]
    assert support.needs == (Need("polish", 3, ((60.0, 2), (120.0, 0))),)
    assert (support.penalties.limit, support.penalties.widen) == (0, ((30.0, 5), (90.0, None)))
    assert (support.dial, support.group, support.reserves.waited_s) == (DialPolicy.LOOK_AHEAD, "desk", 300.0)
    assert (alice.reserve, alice.accept_key, alice.wrap_up_s) == (Reserve.CALLBACKS, "1", 3.0)
    assert (alice.skills, alice.penalties, alice.phones) == ({"polish": 3}, {"support": 2}, ("PJSIP/desk1",))


CONTRADICTIONS = {
    "an exit that is no way": (
        {"support": '[queues.support.entry]\nfull = "elsewhere"'},
        "queues.support.entry.full: write 'wait', 'callback', 'queue:<name>' or 'dialplan:<extension>'",
    ),
    "an exit to nowhere": (
        {"support": '[queues.support.entry]\nfull = "queue:sails"'},
        "queues.support.entry.full: there is no queue 'sails'; known are support, sales",
    ),
    "a circle of one": (
        {"support": '[queues.support.entry]\nfull = "queue:support"'},
        "queues.support.entry.full: callers would go round in a circle, support -> support",
    ),
    "a circle of two": (
        {
            "support": '[queues.support.entry]\nmax_wait_s = 60\nmax_wait = "queue:sales"',
            "sales": '[queues.sales.entry]\nfull = "queue:support"',
        },
        "queues.sales.entry.full: callers would go round in a circle, sales -> support -> sales",
    ),
    "no place at all": (
        {"support": "[queues.support.entry]\nmax_places = 0"},
        "queues.support.entry.max_places: input should be greater than or equal to 1",
    ),
    "a longest wait that leads nowhere": (
        {"support": '[queues.support.entry]\nmax_wait_s = 60\nmax_wait = "wait"'},
        "queues.support.entry.max_wait: 'wait' does nothing after max_wait_s",
    ),
    "an empty queue that leads nowhere": (
        {"support": '[queues.support.entry]\nempty_after_s = 60\nempty = "wait"'},
        "queues.support.entry.empty: 'wait' does nothing when the queue is empty",
    ),
    "an exit key that is the offer's": (
        {"support": '[queues.support.entry]\nkey = "1"'},
        "queues.support.entry.key: '1' takes the callback; choose another digit",
    ),
    "a key that leads nowhere": (
        {"support": '[queues.support.entry]\nkey = "9"\nkey_exit = "wait"'},
        "queues.support.entry.key_exit: 'wait' leads nowhere",
    ),
    "a skill that nobody has": (
        {"support": "[queues.support.skills.polish]"},
        "queues.support.skills.polish: no agent has the skill 'polish'",
    ),
    "a level that nobody reaches": (
        {"support": "[queues.support.skills.polish]\nlevel = 5", "alice": "[agents.alice.skills]\npolish = 2"},
        "queues.support.skills.polish: level 5 is wanted in the end, and the queue's best agent has 2",
    ),
    "a skill that grows harder": (
        {
            "support": "[queues.support.skills.polish]\nrelax = [[60, 2]]",
            "alice": "[agents.alice.skills]\npolish = 2",
        },
        "queues.support.skills.polish.relax: the levels [1, 2] must fall from step to step",
    ),
    "steps out of order": (
        {
            "support": "[queues.support.skills.polish]\nlevel = 3\nrelax = [[60, 2], [30, 1]]",
            "alice": "[agents.alice.skills]\npolish = 3",
        },
        "queues.support.skills.polish.relax: the times must grow from step to step",
    ),
    "a limit that narrows": (
        {"support": "[queues.support.penalties]\nlimit = 5\nwiden = [[60, 2]]"},
        "queues.support.penalties.widen: the limits [5, 2] must grow from step to step",
    ),
    "a penalty for a queue that is not served": (
        {"alice": "[agents.alice.penalties]\nsails = 2"},
        "agents.alice.penalties.sails: the agent does not serve 'sails'; add it to agents.alice.queues or take it out",
    ),
    "money without rates": (
        {"alice": "[limits]\nmoney_day = 20"},
        "limits.money_day: nothing is known to cost anything; add [limits.rates], or leave money_day out",
    ),
    "a share of more than all": (
        {"support": "[queues.support.offer]\nshare = 1.5"},
        "queues.support.offer.share: input should be less than or equal to 1",
    ),
    "two phones for one call": (
        {"alice": "", "support": ""},
        "agents.alice.endpoint: string should match pattern",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_refused_naming_the_field_and_the_way_out(tmp_path, name):
    parts, said = CONTRADICTIONS[name]
    whole = text(**parts)
    if name == "two phones for one call":
        whole = whole.replace("PJSIP/agent1", "PJSIP/agent1&PJSIP/agent2")
    found = mistakes(tmp_path, whole)
    assert [sentence for sentence in found if sentence.startswith(said)], found


def test_a_chain_that_ends_is_no_circle(tmp_path):
    found = settings(tmp_path, support='[queues.support.entry]\nfull = "queue:sales"')
    assert found.queues["support"].rules.full.to == "sales"
