"""The database dies between its answer and the reading of its rows: the daemon begins again, instead of ending."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from typer.testing import CliRunner

from callbackd.app import logs, main
from callbackd.app.database import DatabaseGone, starting
from callbackd.cli.main import app
from callbackd.db.right import RightHeld
from tests.config.test_file import GOOD, written


def test_a_database_that_dies_at_the_start_is_waited_for(tmp_path, monkeypatch):
    ends = iter([DatabaseGone("PostgreSQL went away while we were starting: terminated"), 0])

    async def serve(*_, **__):
        end = next(ends)
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr(main, "serve", serve)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # it would last: the process of the tests goes on
    monkeypatch.setattr("callbackd.cli.main.AGAIN_S", 0.0)
    path = written(tmp_path, f'state_dir = "{tmp_path}"\n' + GOOD)
    with capture_logs() as log:
        done = CliRunner().invoke(app, ["run", "--config", str(path)])
    assert done.exit_code == 0, done.output
    assert [(line["event"], "starting again" in line["why"]) for line in log] == [("database_waiting", True)]


def test_trouble_with_the_database_at_the_start_means_that_it_went_away():
    with pytest.raises(DatabaseGone, match="terminating connection"), starting():
        raise OperationalError("SELECT", {}, Exception("terminating connection due to unexpected postmaster exit"))
    with pytest.raises(RightHeld), starting():
        raise RightHeld("another daemon")
