"""``python -m callbackd`` is the command ``callbackd``."""

from callbackd.app.cli import app

app(prog_name="callbackd")
