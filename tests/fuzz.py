"""The fuzz tests again and again, each round by another seed: ``script/fuzz --minutes 60 --seed 1``.

What fails is printed with its example and its seed, and is left out of further rounds: each fault is reported once. The
exit code is 1 then.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, seed, settings

settings.register_profile(
    "endless",
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to make an example smaller may take longer than all the rest
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("endless")  # before the tests are imported: they inherit from it

from tests.ami import test_decode as ami_decode  # noqa: E402
from tests.app import test_hearsay_fuzz as ami_line  # noqa: E402
from tests.ari import test_decode as ari_decode  # noqa: E402
from tests.ari import test_fuzz as ari_line  # noqa: E402
from tests.simulation.test_mangled import bad_day  # noqa: E402

Round = Callable[[int, Callable[[], None]], None]
"""Runs a test once by a seed, and calls back for each example."""


def property_test(test: Any) -> Round:
    body = test.hypothesis.inner_test

    def run(by: int, count: Callable[[], None]) -> None:
        def counted(*args: Any, **kwargs: Any) -> None:
            count()
            body(*args, **kwargs)

        test.hypothesis.inner_test = counted
        seed(by)(test)()

    return run


def day(by: int, count: Callable[[], None]) -> None:
    count()
    bad_day(by)


ROUNDS: dict[str, Round] = {
    "AMI: spoilt hangups": property_test(ami_decode.test_a_spoilt_event_never_raises),
    "AMI: spoilt dials": property_test(ami_decode.test_a_spoilt_call_never_raises),
    "AMI: forged lines on the wire": property_test(
        ami_line.test_the_connection_survives_anything_on_the_line_and_false_claims_have_no_effect
    ),
    "ARI: spoilt events": property_test(ari_decode.test_a_spoilt_event_never_raises),
    "ARI: garbage on the wire": property_test(ari_line.test_an_event_that_no_asterisk_sends_costs_only_itself),
    "hours under a bad event stream": day,
}


def fuzz(until: float, by: int) -> tuple[Counter[str], dict[str, str]]:
    """How many examples there were of each, and what failed."""
    chance = random.Random(by)
    examples: Counter[str] = Counter()
    failed: dict[str, str] = {}
    while time.monotonic() < until and len(failed) < len(ROUNDS):
        for name in [name for name in ROUNDS if name not in failed]:
            of_round = chance.getrandbits(32)
            try:
                ROUNDS[name](of_round, lambda name=name: examples.update([name]))  # type: ignore[misc]
            except Exception as failure:
                failed[name] = f"seed {of_round}: " + "".join(traceback.format_exception(failure))
                print(f"FAILED {name}, {failed[name]}", flush=True)
    return examples, failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # each bad message is a warning
    ami_line.PATIENCE_S = 60.0  # at the lowest priority on a busy machine, five seconds may pass without us
    logging.disable()  # what asyncio says of the servers that the tests end
    began = time.monotonic()
    examples, failed = fuzz(began + 60 * asked.minutes, asked.seed)
    minutes = (time.monotonic() - began) / 60
    for name in ROUNDS:
        print(f"{examples[name]:>9,}  {name}{'   FAILED' if name in failed else ''}")
    print(f"{examples.total():>9,}  examples by seed {asked.seed} in {minutes:.1f} minutes")
    print(f"{len(failed)} of {len(ROUNDS)} tests failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
