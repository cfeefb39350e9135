"""callbackd with a clock that somebody set, for what happens at a time of day and for clocks that jump.

    python -m lab.at_another_hour FILE CONFIG

FILE has the seconds by which the clock is ahead, and may be written anew at any time. Only the clock of the domain
differs: the same wiring, Asterisk, database and phones as ever.
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
