"""The phones' ears judge what was said to them, and nothing else."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from lab.call import Call
from lab.rtp import Ears, RtpEnd


async def test_only_a_phone_that_hears_nothing_counts_as_silent_even_while_the_judge_computes():
    end = RtpEnd(Ears())
    await end.open("127.0.0.1")
    call = Call(cast("Any", None), "Anna", end, outgoing=True, keys_by="rfc4733")
    call.answered_at = time.time()
    await asyncio.sleep(0.05)
    time.sleep(0.5)  # noqa: ASYNC251 - as counting what twenty phones heard does
    assert call.gaps(0.4) == []
    await asyncio.sleep(0.1)
    assert [gap.start for gap in call.gaps(0.4)] == [call.answered_at]
    end.close()
