"""Alembic's entry: the connection comes from ``callbackd.db.migrate``."""

from alembic import context
from sqlalchemy import text

from callbackd.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.execute(text("SELECT pg_advisory_xact_lock(425271394305)"))  # one migration at a time
    context.run_migrations()
