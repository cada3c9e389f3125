"""Steps that bring an older database to this version; each step is one file in `versions/`."""

HEAD = "0010"

# Not Alembic's own `alembic_version`: Optuna keeps its studies in the same database and uses that.
VERSION_TABLE = "adaptmllm_version"
FORMER_VERSION_TABLE = "alembic_version"
