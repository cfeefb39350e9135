"""``python -m callbackd`` is the command ``callbackd``."""

from callbackd.cli.main import app

app(prog_name="callbackd")
