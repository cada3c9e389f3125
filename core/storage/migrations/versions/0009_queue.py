"""The queue: order, held jobs, why a job was interrupted, and who has which GPU."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds what the queue knows of a job, and the table of leases."""
    for column in (
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("is_held", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("starts_anyway", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("interruption", sa.JSON, nullable=False, server_default="{}"),
    ):
        op.add_column("jobs", column)
    op.create_table(
        "gpu_leases",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("gpu_uuid", sa.String(96), primary_key=True),
        sa.Column("gpu_index", sa.Integer, nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
    )
    op.create_index("gpu_leases_by_job", "gpu_leases", ["job_id"])
