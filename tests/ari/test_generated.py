"""The generated half of the ARI client."""

import asyncio
import os
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from callbackd.ari import generated
from callbackd.ari.decode import WANTED
from lab.asterisk import Asterisk
from lab.slots import Slot

ROOT = Path(__file__).resolve().parents[2]
CHECKED_IN = (ROOT / "callbackd/ari/generated.py").read_bytes()


def test_the_events_we_read_are_events_of_asterisk() -> None:
    types = {get_args(get_type_hints(model)["type"])[0] for model in get_args(generated.AnyEvent)}
    assert types > WANTED


def test_every_resource_is_there() -> None:
    async def send(*_: object) -> None: ...

    api = vars(generated.Api(send))  # type: ignore[arg-type]
    operations = [name for resource in api.values() for name in vars(type(resource)) if not name.startswith("_")]
    assert len(api) == 11
    assert len(operations) == 108


@pytest.mark.e2e
async def test_the_generated_api_is_what_the_running_asterisk_describes() -> None:
    with Slot() as slot:
        async with Asterisk(slot) as asterisk:
            if asterisk.installed.version.split("+")[0] != generated.ASTERISK_VERSION:
                # Another version rightly describes another API; script/setup brings the one we generate from.
                pytest.skip(f"generated from {generated.ASTERISK_VERSION}, here is {asterisk.installed.version}")
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "script/generate_ari.py", generated.ASTERISK_VERSION),
                asterisk.ari_url.replace("://", f"://{asterisk.ari_user}@"),
                env={**os.environ, "ARI_PASSWORD": asterisk.ari_password},
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            again, _ = await process.communicate()
    assert process.returncode == 0
    assert again == CHECKED_IN
