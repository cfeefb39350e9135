"""callbackd with a clock of its own: for what happens at a certain time of day, and for clocks that jump.

    python -m lab.at_another_hour FILE CONFIG

FILE holds the seconds by which the clock is ahead, and may be rewritten at any time. Only the clock of the domain
differs; wiring, Asterisk, database and phones are the usual ones.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import uvloop

from callbackd.app import logs, main
from callbackd.config import file as config

if __name__ == "__main__":
    ahead, settings = Path(sys.argv[1]), config.read(Path(sys.argv[2]))
    logs.configure(settings.log.format, settings.log.level, logs.Mask(logs.mask_key(settings.state_dir)))
    ended = uvloop.run(main.serve(settings, lambda: time.time() + float(ahead.read_text())))
    sys.exit(ended if isinstance(ended, int) else 0)
