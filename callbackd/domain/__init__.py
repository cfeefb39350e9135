"""The call centre on paper: facts and time go in, commands come out.

Nothing here awaits, does I/O, reads a clock, logs, or draws randomness it was not handed. Times are Unix seconds (UTC)
as ``float`` and are called ``now`` or end in ``_at``; durations end in ``_s``; rates are 0-1.

Glossary, used alike by code, tables, log and pages:

caller          rang us                          customer       the same person when we ring them
agent           answers calls for a queue        supervisor     watches and steers
call            one person's contact             leg            one channel of Asterisk ("channel" only in adapters)
queue           the service ("support")          line           the queue's ordered places
entry           one place in a line              position       1 for the entry that is next
ring            present a call to an agent       RONA           a ring that the agent did not answer
connect         both hear each other             wrap-up        the agent's time after a call
presence        logged out, available, paused    activity       idle, reserved, ringing, talking, wrap-up
offer           a callback proposed to a caller  callback       the promise to ring somebody back
attempt         one dialling of a customer       state/outcome  where a life is / how it ended, kept apart
abandon         a caller who hung up waiting     exit           left the line by key, time-out, empty, full
EWT             estimated wait                   AHT            average handle time (talk, hold and wrap-up)
ASA             average speed of answer          service level  share answered within a threshold
repeat call     the same customer again soon     overflow       another queue takes the place over

The word "member" is not used: it means agent in Asterisk and caller in FreeSWITCH.

The rooms, each importing only those below it: acd (the door); recovery (coming back); dialler (ring customers); agents
(ring agents, talk, wrap-up); callers (who rings us); callbacks (make promises); speech (say things); wait; line; state;
commands, timers; lives (each a table), calendar, numbers, breaker; events, settings; phrase, ids. import-linter
holds the order. The whole glossary, with the words not used, is in docs/glossary.md.
"""
