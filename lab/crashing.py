"""callbackd as ``callbackd run`` starts it, but it ends by SIGKILL when it reaches a step of the dialling protocol.

python -m lab.crashing "intent stored" callbackd.toml
"""

from __future__ import annotations

import os
import signal
import sys

from callbackd import protocol
from callbackd.cli.main import app
from callbackd.protocol import Step


def main(step: str, config: str) -> None:
    fatal = Step(step)

    def watch(reached: Step) -> None:
        if reached is fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    protocol.watch = watch
    app(["run", "-c", config])


if __name__ == "__main__":
    main(*sys.argv[1:])
