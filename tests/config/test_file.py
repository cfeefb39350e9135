"""The operator's file: every mistake at once, each with its field and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callbackd.cli.main import app
from callbackd.config.build import prompt_settings, secret, settings_of
from callbackd.config.file import read
from callbackd.config.mistakes import ConfigError
from callbackd.config.reference import section_names
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.numbers import Refused, check
from callbackd.domain.settings import Dialling, Reports, Strategy
from callbackd.prompts.settings import SHIPPED

ROOT = Path(__file__).parents[2]
GOOD = """
[ari]
password = "secret"
[queues.support]
[agents.alice]
endpoint = "PJSIP/agent1"
queues = ["support"]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "callbackd.toml"
    path.write_text(text)
    return path


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(written(tmp_path, text))
    return caught.value.mistakes


def test_the_example_is_complete_and_right():
    settings = settings_of(read(ROOT / "asterisk-config/callbackd.toml"))
    assert list(settings.queues) == ["support", "sales"]
    assert settings.queues[QueueName("sales")].strategy is Strategy.RING_ALL
    assert settings.agents[AgentId("alice")].queues == ("support", "sales")
    assert settings.dialling.caller_id == "+448081570000"


@pytest.mark.parametrize("section", section_names())
def test_the_example_shows_every_section(section):
    example = (ROOT / "asterisk-config/callbackd.toml").read_text()
    header = re.escape(f"[{section}]").replace("<name>", "[a-z]+")
    assert re.search(rf"^(# )?{header}", example, re.MULTILINE)


@pytest.mark.parametrize(
    "section", ["calling", "dead_man", "keys", "limits", "line", "numbers", "reports", "ringing", "transfers"]
)
def test_the_example_shows_the_defaults(section, tmp_path):
    example, short = read(ROOT / "asterisk-config/callbackd.toml"), read(written(tmp_path, GOOD))
    assert getattr(example, section) == getattr(short, section)


@pytest.mark.parametrize("section", ["announcements", "direct", "offer", "retry"])
def test_the_example_shows_a_queues_defaults(section, tmp_path):
    example, short = read(ROOT / "asterisk-config/callbackd.toml"), read(written(tmp_path, GOOD))
    assert getattr(example.queues["support"], section) == getattr(short.queues["support"], section)


def test_a_short_file_has_defaults_for_the_rest(tmp_path):
    config = read(written(tmp_path, GOOD))
    assert config.database.url == "embedded"
    assert settings_of(config).queues[QueueName("support")].ring_s == 15.0


def test_five_mistakes_are_named_at_once(tmp_path):
    found = mistakes(
        tmp_path,
        """
        [ari]
        password = "x"
        [queues.support]
        strateggy = "ring_all"
        ring_s = "soon"
        [queues.sales]
        strategy = "loudest"
        [agents.alice]
        endpoint = "PJSIP/agent1"
        queues = []
        [dialling]
        endpoint = "Local/{number}@from-internal"
        """,
    )
    assert len(found) == 5
    for part in (
        "queues.support.strateggy: unknown key; did you mean 'strategy'?",
        "queues.support.ring_s",
        "queues.sales.strategy: input should be 'ring_all', 'longest_idle'",
        "agents.alice.queues",
        "dialling.endpoint",
    ):
        assert any(part in sentence for sentence in found), (part, found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "queues: is missing"),
        (GOOD + "[nonsense]\n", "nonsense: unknown key"),
        (
            GOOD.replace('["support"]', '["suport"]'),
            "agents.alice.queues: there is no queue 'suport'; add [queues.suport]",
        ),
        (
            GOOD + '[agents.bob]\nendpoint = "PJSIP/agent1"\nqueues = ["support"]\n',
            "agents.bob: PJSIP/agent1 is the phone of agents.alice too",
        ),
        (GOOD.replace('password = "secret"', ""), "ari.password: is missing"),
        (GOOD + "[ami]\nenabled = true\n", "ami.password: is missing"),
        (GOOD + "[fallback]\ntake_over = true\n", "fallback.take_over: callers are fetched by AMI; set ami.enabled"),
        (GOOD.replace("[queues.support]", "[queues.support]\nwrap_up_s = -1"), "a duration cannot be negative"),
        (GOOD.replace("[queues.support]", "[queues.support]\nwrap_up_s = true"), "write seconds, for example 90"),
        (GOOD.replace("[queues.support]", '[queues."Support Desk"]'), "queues.Support Desk"),
        (GOOD + '[site]\nregion = "Britain"\n', "site.region"),
        (GOOD + "[reports]\nthresholds_s = []\n", "reports.thresholds_s"),
        (GOOD + "[reports]\nthresholds_s = [20, 0]\n", "reports.thresholds_s.1"),
        (GOOD + "[reports]\nrepeat_days = 0\n", "reports.repeat_days"),
        (GOOD + "[reports]\ndays_kept = 0\n", "reports.days_kept"),
        (
            GOOD.replace("[queues.support]", "[queues.support]\n[queues.support.offer]\nwaited_s = 5\nestimated = 3"),
            "offer.estimated: unknown key; did you mean 'estimated_wait_s'?",
        ),
    ],
)
def test_a_mistake_names_the_field_and_the_way_out(tmp_path, text, said):
    found = mistakes(tmp_path, text)
    assert any(said in sentence for sentence in found), found


def test_a_file_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read(tmp_path / "nowhere.toml")


def test_a_file_that_is_not_toml_names_the_line(tmp_path):
    assert "line 2" in mistakes(tmp_path, 'a = 1\nb = "open\n')[0]


def test_durations_are_seconds_or_iso(tmp_path):
    config = read(written(tmp_path, GOOD.replace("[queues.support]", '[queues.support]\nwrap_up_s = "PT1M30S"')))
    assert settings_of(config).queues[QueueName("support")].wrap_up_s == 90.0


def test_reports_count_by_the_settings_or_by_the_domains_defaults(tmp_path):
    assert settings_of(read(written(tmp_path, GOOD))).reports == Reports()
    text = '[reports]\nshort_abandon_s = 10\nthresholds_s = [60, "PT15S", 60]\nrepeat_days = 3\ndays_kept = 2\n'
    assert settings_of(read(written(tmp_path, GOOD + text))).reports == Reports(10.0, (15.0, 60.0), 3, 2)


def test_a_password_is_never_shown(tmp_path):
    found = mistakes(tmp_path, GOOD.replace('password = "secret"', "password = 4711"))
    assert not any("4711" in sentence for sentence in found)


def test_a_password_can_be_kept_in_a_file(tmp_path):
    (tmp_path / "ari.password").write_text("s3cret\n")
    path = written(tmp_path, GOOD.replace('password = "secret"', f'password_file = "{tmp_path}/ari.password"'))
    assert secret(read(path).ari, "ari") == "s3cret"


def test_a_password_file_that_cannot_be_read_is_named(tmp_path):
    path = written(tmp_path, GOOD.replace('password = "secret"', f'password_file = "{tmp_path}/nowhere"'))
    with pytest.raises(ConfigError, match=r"ari\.password_file: cannot be read"):
        secret(read(path).ari, "ari")


def test_the_command_line_lists_the_mistakes_and_starts_nothing(tmp_path):
    path = written(tmp_path, "[queues.support]\nnonsense = 1\n")
    done = CliRunner().invoke(app, ["run", "--config", str(path)])
    assert done.exit_code == 2
    assert "queues.support.nonsense: unknown key" in done.stderr
    assert list(tmp_path.iterdir()) == [path]


def test_settings_that_prompts_refuse_are_mistakes_of_the_config(tmp_path):
    (mistake,) = mistakes(tmp_path, GOOD + '[prompts]\nengine = ["say"]\ntexts = { en = { "a b" = "x" } }\n')
    assert mistake.startswith("prompts: a prompt's name is letters, digits,")
    assert "not 'a b'" in mistake
    assert "lacks {out}" in mistake


def test_folders_of_prompts_are_below_the_state_unless_said_otherwise(tmp_path):
    plain = prompt_settings(read(written(tmp_path, GOOD)))
    state = Path("/var/lib/callbackd")
    assert (plain.cache, plain.recordings, plain.shipped) == (state / "prompts", state / "recordings", SHIPPED)
    said = prompt_settings(
        read(written(tmp_path, GOOD + '[prompts]\ncache = "/c"\nrecordings = "/r"\nshipped = "/s"\n'))
    )
    assert (said.cache, said.recordings, said.shipped) == (Path("/c"), Path("/r"), Path("/s"))


def test_a_language_that_nobody_speaks_is_a_mistake_of_its_field(tmp_path):
    assert mistakes(tmp_path, GOOD + '[site]\nlanguage = "fr"\n') == [
        "site.language: no such language; callbackd speaks en, hr, hu, pl, uk (it is 'fr')"
    ]


@pytest.mark.parametrize("example", ["asterisk-config/callbackd.toml", "docker/callbackd/callbackd.toml"])
def test_the_examples_are_read(example):
    assert list(settings_of(read(ROOT / example)).queues) == ["support", "sales"]


def test_the_example_mentions_what_an_operator_meets_first():
    text = (ROOT / "asterisk-config/callbackd.toml").read_text()
    first = """state_dir name region language zone own_numbers url password_file endpoint caller_id per_s strategy
        ring_s wrap_up_s hours estimated_wait_s max_places max_wait_s queues"""
    missing = [key for key in first.split() if not re.search(rf"^(# )?{key} = ", text, re.MULTILINE)]
    assert missing == []


def test_a_field_declared_elsewhere_is_not_a_key_of_the_file(tmp_path):
    found = mistakes(tmp_path, GOOD + '[numbers]\nregion = "GB"\nsecret = "x"\n')
    assert [sentence.partition(";")[0] for sentence in found] == [
        "numbers.region: unknown key",
        "numbers.secret: unknown key",
    ]


def test_dials_a_second_are_as_declared_when_the_file_is_silent(tmp_path):
    assert settings_of(read(written(tmp_path, GOOD))).dialling == Dialling(per_s=1.0)


def test_the_number_shown_to_customers_and_agents_mobiles_are_our_own_without_being_named(tmp_path):
    """Otherwise a caller who shows one of them makes us ring ourselves, or an agent as a customer."""
    text = (
        GOOD.replace("PJSIP/agent1", "PJSIP/07400123456@trunk")
        + """
[agents.bob]
endpoint = "PJSIP/+447400123457@trunk"
queues = ["support"]
[agents.cora]
endpoint = "PJSIP/201@phones"
queues = ["support"]
[agents.dan]
endpoint = "Local/00447400123458@from-internal/n"
queues = ["support"]
[site]
own_numbers = ["+442079460000"]
[dialling]
caller_id = "02079460999"
"""
    )
    numbers = settings_of(read(written(tmp_path, text))).numbers
    ours = ["+442079460000", "+442079460999", "+447400123456", "+447400123457", "+447400123458"]
    assert sorted(numbers.own) == ours
    for number in ours:
        assert check(number, numbers) == Refused("this is one of our own numbers")
