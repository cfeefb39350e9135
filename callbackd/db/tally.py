"""Counts the facts of some quarter hours, in SQL. Nothing else counts anything that people see.

``metrics`` counts the same from the steps, in memory, by other means; a test lives through days and demands that both
agree to the unit. ``metrics.report`` explains each count.

Durations are whole microseconds and are split where a quarter hour ends. Each amount is a queue's, an agent's, or
both's.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Text, TextualSelect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from callbackd.domain.settings import Settings
from callbackd.metrics.counting import PATIENT_S
from callbackd.metrics.tally import QUARTER_S, microseconds

COLUMNS: dict[str, type[BigInteger | Text]] = {
    "quarter": BigInteger,
    "queue": Text,
    "agent": Text,
    "what": Text,
    "kind": Text,
    "amount": BigInteger,
}


def amounts(settings: Settings, first: int, end: int, until: float | None = None) -> TextualSelect:
    """A query of the amounts of the quarter hours of Unix time from ``first`` up to but not including ``end``; the same
    amount may come in several rows. Run it after ``prepare``.

    Whatever goes on is counted up to ``until``, if the last of them is not over.
    """
    since, ends = first * QUARTER_S, end * QUARTER_S
    asked = {
        "since": datetime.fromtimestamp(since, UTC),
        "until": datetime.fromtimestamp(ends, UTC),
        "since_us": microseconds(since),
        "now_us": microseconds(ends if until is None else min(until, ends)),
        **counted_by(settings),
    }
    return _ALL.bindparams(**asked).columns(**COLUMNS)


async def prepare(connection: AsyncConnection) -> None:
    """Settings of the server for the rest of the transaction."""
    for name, value in _SESSION.items():
        await connection.execute(text(f"SET LOCAL {name} = '{value}'"))


_SESSION = {
    "jit": "off",  # it compiles for longer than the query runs
    "max_parallel_workers_per_gather": "0",  # calls need the processors, too
    "plan_cache_mode": "force_custom_plan",  # a quarter hour and a week need different plans
    "statement_timeout": "60s",
    "work_mem": "32MB",  # a busy day is sorted in memory
}


def counted_by(settings: Settings) -> dict[str, Any]:
    """The settings on which figures depend."""
    lengths = {name: queue.slots.length_s for name, queue in settings.queues.items()}
    return {
        "short_us": microseconds(settings.reports.short_abandon_s),
        "thresholds": json.dumps(settings.reports.thresholds_s),
        "repeat_days": settings.reports.repeat_days,
        "slots": json.dumps(lengths, sort_keys=True),
        "patient_us": microseconds(PATIENT_S),
    }


_PLACES = """
touched AS MATERIALIZED (
    SELECT id AS entry FROM entry WHERE closed_at IS NULL OR closed_at >= :since
),
moved AS (
    SELECT f.*, (extract(epoch FROM f.at) * 1000000)::bigint AS us
      FROM entry_fact f JOIN touched USING (entry) WHERE f.at < :until
),
numbered AS (
    SELECT moved.*,
           lead(us, 1, :now_us) OVER w AS next_us,
           max(us) FILTER (WHERE new_leg OR was_state IS NULL) OVER w AS live_us
      FROM moved WINDOW w AS (PARTITION BY entry ORDER BY epoch, n)
),
place AS MATERIALIZED (
    SELECT numbered.*,
           state NOT IN ('closed', 'talking') AS stands,
           live AND callback IS NULL AS caller,
           state = 'talking' AND was_state <> 'talking' AS taken,
           us - live_us AS waited_us,
           min(us) FILTER (WHERE state = 'ringing') OVER w - live_us AS rung_us
      FROM numbered WINDOW w AS (PARTITION BY entry, live_us ORDER BY epoch, n)
),
happens AS MATERIALIZED (
    SELECT * FROM place WHERE at >= :since
),
dialled AS (
    SELECT c.entry, min((extract(epoch FROM a.at) * 1000000)::bigint) AS us
      FROM touched JOIN callback c USING (entry) JOIN attempt_fact a ON a.callback = c.id
     WHERE a.was_state = 'claiming' AND a.state = 'claimed'
     GROUP BY c.entry
),
again AS (
    SELECT new.us, new.queue, last.agent, coalesce(nullif(said.text, ''), 'none') AS disposition
      FROM happens new
      JOIN LATERAL (
          SELECT f.* FROM entry_fact f
           WHERE f.number = new.number AND f.state = 'closed' AND f.was_state = 'talking' AND f.agent IS NOT NULL
             AND f.at <= new.at AND (f.epoch, f.n) < (new.epoch, new.n)
           ORDER BY f.at DESC, f.epoch DESC, f.n DESC LIMIT 1
      ) last ON new.at - last.at <= make_interval(days => :repeat_days)
      LEFT JOIN LATERAL (
          SELECT w.text FROM call_fact w
           WHERE w.what = 'disposed' AND w.at <= new.at AND (w.epoch, w.n) < (new.epoch, new.n)
             AND (w.entry = last.entry
                  OR w.entry IS NULL AND w.agent = last.agent AND w.at >= last.at
                     AND (w.epoch, w.n) > (last.epoch, last.n)
                     AND NOT EXISTS (
                         SELECT FROM entry_fact later
                          WHERE later.agent = w.agent AND later.state = 'closed' AND later.was_state = 'talking'
                            AND later.at BETWEEN last.at AND w.at
                            AND (later.epoch, later.n) > (last.epoch, last.n)
                            AND (later.epoch, later.n) < (w.epoch, w.n)))
           ORDER BY w.epoch DESC, w.n DESC LIMIT 1
      ) said ON true
     WHERE new.was_state IS NULL AND new.stands AND new.number LIKE '+%'
)"""
"""Journeys. ``live_us`` is when the person on the line came, ``waited_us`` the time since, ``rung_us`` how long after
that an agent's phone first rang. A repeat call is counted for the agent and the disposition of the call before."""

_AGENTS = """
begun AS MATERIALIZED (
    SELECT a.id AS agent, idle.at
      FROM agent a
      LEFT JOIN LATERAL (
          SELECT f.at FROM agent_fact f WHERE f.agent = a.id AND f.at < :since AND f.activity = 'idle'
           ORDER BY f.at DESC LIMIT 1
      ) idle ON true
),
did AS (
    SELECT f.*, (extract(epoch FROM f.at) * 1000000)::bigint AS us
      FROM begun b
      CROSS JOIN LATERAL (
          SELECT * FROM agent_fact
           WHERE agent = b.agent AND at < :until AND at >= coalesce(b.at, '-infinity') OFFSET 0
      ) f
),
worked AS MATERIALIZED (
    SELECT did.*, lead(us, 1, :now_us) OVER (PARTITION BY agent ORDER BY epoch, n) AS next_us FROM did
),
step AS (
    SELECT worked.*,
           lead(activity) OVER w AS then_activity,
           lead(at) OVER w AS ended_at,
           lead(us) OVER w AS ended_us,
           lead(us, 2) OVER w AS handled_us
      FROM worked WHERE activity <> was_activity WINDOW w AS (PARTITION BY agent ORDER BY epoch, n)
),
call AS MATERIALIZED (
    SELECT step.agent, step.us, step.ended_us, step.handled_us, place.queue, held.us AS held_us
      FROM step
      JOIN LATERAL (
          SELECT f.queue FROM entry_fact f WHERE f.entry = step.entry AND (f.epoch, f.n) < (step.epoch, step.n)
           ORDER BY f.epoch DESC, f.n DESC LIMIT 1
      ) place ON true
      LEFT JOIN LATERAL (
          SELECT (sum(extract(epoch FROM upper(part) - lower(part))) * 1000000)::bigint AS us FROM (
              SELECT unnest(range_agg(tstzrange(h.at, h.over, '[]'))) AS part FROM (
                  SELECT c.at, coalesce((
                             SELECT min(u.at) FROM call_fact u
                              WHERE u.entry = c.entry AND u.leg = c.leg AND u.what = 'unheld'
                                AND (u.epoch, u.n) > (c.epoch, c.n) AND u.at <= step.ended_at
                         ), step.ended_at) AS over
                    FROM call_fact c
                   WHERE c.entry = step.entry AND c.agent = step.agent AND c.what = 'held'
                     AND c.at BETWEEN step.at AND step.ended_at AND (c.epoch, c.n) > (step.epoch, step.n)
              ) h
          ) parts
      ) held ON true
     WHERE step.activity = 'talking' AND step.then_activity = 'wrap_up' AND step.handled_us >= :since_us
)"""
"""Agents' work. What an agent has in hand at ``:since`` began after the last time of being idle.

``OFFSET 0`` keeps PostgreSQL from reading the facts of all agents at once: it cannot know how few each agent needs."""

_LASTS = """
lasts AS (
    SELECT queue, '' AS agent, 'live_wait_us' AS what, us, next_us FROM place WHERE stands AND caller
    UNION ALL
    SELECT p.queue, '', 'saved_us', p.us, least(p.next_us, d.us) FROM place p LEFT JOIN dialled d USING (entry)
     WHERE p.stands AND NOT p.live AND p.state <> 'outside'
    UNION ALL
    SELECT '', agent, key, us, next_us FROM worked CROSS JOIN LATERAL unnest(CASE
        WHEN activity = 'reserved' THEN ARRAY['staffed_us', 'reserved_us']
        WHEN activity = 'ringing' THEN ARRAY['staffed_us', 'ringing_us']
        WHEN activity = 'talking' THEN ARRAY['staffed_us', 'talking_us']
        WHEN activity = 'wrap_up' THEN ARRAY['staffed_us', 'wrapping_us']
        WHEN presence = 'paused' THEN ARRAY['paused_us']
        WHEN presence = 'logged_out' THEN ARRAY[]::text[]
        WHEN away THEN ARRAY['away_us']
        WHEN own_call THEN ARRAY['own_calls_us']
        ELSE ARRAY['staffed_us'] END) AS key
),
piece AS (
    SELECT q AS quarter, queue, agent, what, '' AS kind,
           least(next_us, (q + 1) * 900000000) - greatest(us, q * 900000000) AS amount
      FROM lasts
      CROSS JOIN LATERAL generate_series(
          greatest(us, :since_us) / 900000000, (least(next_us, :now_us) - 1) / 900000000) AS q
     WHERE next_us > us AND next_us > :since_us
)"""
"""What lasts, cut at the quarter hours."""

_HAPPENS = """
ended AS (
    SELECT c.*, (extract(epoch FROM at) * 1000000)::bigint AS us,
           outcome IN ('completed', 'exhausted', 'expired')
               AND (slot_at IS NOT NULL OR expected_at IS NOT NULL) AS timed,
           outcome = 'completed' AND CASE
               WHEN slot_at IS NULL THEN at <= expected_at
               ELSE at BETWEEN slot_at AND slot_at + make_interval(secs => (cast(:slots AS jsonb) ->> queue)::float)
           END AS on_time
      FROM callback_fact c WHERE at >= :since AND at < :until
),
tried AS (
    SELECT a.*, c.queue, (extract(epoch FROM a.at) * 1000000)::bigint AS us,
           (extract(epoch FROM a.claimed_at) * 1000000)::bigint AS claimed_us,
           a.was_agent IS NULL AND a.was_state <> 'accepted' AS was_alone,
           a.agent IS NULL AND a.state NOT IN ('accepted', 'closed') AS alone
      FROM attempt_fact a JOIN callback c ON c.id = a.callback
     WHERE a.at >= :since AND a.at < :until AND a.was_state NOT IN ('claiming', 'closed') AND NOT EXISTS (
         SELECT FROM callback_fact f
          WHERE f.callback = a.callback AND f.state = 'closed' AND (f.epoch, f.n) < (a.epoch, a.n))
),
happened (us, queue, agent, what, kind, amount) AS (
    SELECT us, queue, '', 'entered', '', 1 FROM happens WHERE was_state IS NULL AND stands
    UNION ALL SELECT us, queue, agent, 'repeat', disposition, 1 FROM again
    UNION ALL SELECT us, was_queue, '', 'overflowed_out', '', 1 FROM happens WHERE was_queue <> queue AND was_caller
    UNION ALL SELECT us, queue, '', 'overflowed_in', '', 1 FROM happens WHERE was_queue <> queue AND was_caller
    UNION ALL SELECT us, queue, coalesce(agent, ''), 'sent_on', '', 1 FROM happens WHERE sent_on
    UNION ALL SELECT us, queue, '', 'sent_here', '', 1 FROM happens WHERE sent_here
    UNION ALL
    SELECT us, queue, coalesce(agent, ''), key.what, key.kind, key.amount FROM happens CROSS JOIN LATERAL (
        SELECT 'answered', '', 1 WHERE callback IS NULL
        UNION ALL SELECT 'answer_wait_us', '', waited_us WHERE callback IS NULL
        UNION ALL SELECT 'within', t.value, 1 FROM jsonb_array_elements_text(cast(:thresholds AS jsonb)) t
                   WHERE callback IS NULL AND waited_us <= t.value::float * 1000000
        UNION ALL SELECT 'customers', '', 1 WHERE callback IS NOT NULL
        UNION ALL SELECT 'customer_wait_us', '', waited_us WHERE callback IS NOT NULL
        UNION ALL SELECT 'customers_waited', '', 1 WHERE callback IS NOT NULL AND waited_us > :patient_us
        UNION ALL SELECT 'customers_too_early', '', 1
                   WHERE callback IS NOT NULL AND (rung_us IS NULL OR rung_us > :patient_us)
    ) AS key (what, kind, amount) WHERE taken
    UNION ALL
    SELECT us, queue, '', CASE WHEN outcome <> 'abandoned' THEN 'exit'
                               WHEN waited_us < :short_us THEN 'abandoned_short'
                               ELSE 'abandoned' END, CASE WHEN outcome <> 'abandoned' THEN outcome ELSE '' END, 1
      FROM happens WHERE state = 'closed' AND was_state NOT IN ('talking', 'closed') AND caller
    UNION ALL SELECT us, queue, '', 'promised', '', 1 FROM ended WHERE was_state IS NULL AND state <> 'closed'
    UNION ALL
    SELECT us, queue, '', key.what, key.kind, 1 FROM ended CROSS JOIN LATERAL (
        SELECT 'promise', outcome
        UNION ALL SELECT 'timed', '' WHERE timed
        UNION ALL SELECT 'on_time', '' WHERE on_time
    ) AS key (what, kind) WHERE state = 'closed' AND was_state <> 'closed'
    UNION ALL SELECT us, queue, '', 'ahead_us', '', us - claimed_us FROM tried WHERE was_alone AND NOT alone
    UNION ALL SELECT us, queue, coalesce(agent, ''), 'attempt', outcome, 1 FROM tried WHERE state = 'closed'
    UNION ALL
    SELECT handled_us, queue, agent, key.what, '', key.amount FROM call CROSS JOIN LATERAL (VALUES
        ('handled', 1), ('talk_us', ended_us - us - coalesce(held_us, 0)), ('hold_us', coalesce(held_us, 0)),
        ('wrap_up_us', handled_us - ended_us), ('with_hold', (held_us IS NOT NULL)::int)
    ) AS key (what, amount)
    UNION ALL SELECT us, '', agent, 'missed', '', 1 FROM worked WHERE missed AND at >= :since
    UNION ALL SELECT (extract(epoch FROM at) * 1000000)::bigint, queue, '', what, '', 1 FROM call_fact
               WHERE at >= :since AND at < :until AND what IN ('no_promise', 'no_dial')
)"""
"""What happens at a moment."""

_TOGETHER = """
SELECT quarter, queue, agent, what, kind, amount FROM piece
UNION ALL SELECT us / 900000000, queue, agent, what, kind, amount FROM happened"""

_ALL = text("WITH" + ",".join((_PLACES, _AGENTS, _LASTS, _HAPPENS)) + _TOGETHER)
