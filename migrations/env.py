"""Alembic's entry: the connection comes from ``callbackd.db.migrate``."""

from alembic import context

from callbackd.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
