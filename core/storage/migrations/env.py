"""What Alembic runs to reach the database: the connection that `Database.migrate` hands over."""

from __future__ import annotations

from alembic import context

from core.storage.migrations import VERSION_TABLE
from core.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
