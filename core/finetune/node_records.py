"""What a run has to know of the database, in a file of its own for machines that must not open it.

SQLite's write-ahead log works on one host only, and a database server need not be reachable from
every node: a node reads a copy of the records that the trainer asks for.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from sqlalchemy import URL

from core.finetune.reproducing import used_corpora
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.storage.corpus_records import CorpusRecords
from core.storage.database import Database
from core.storage.workspace import DATABASE_VARIABLE, Workspace

FILE_NAME = "records.db"


def write_records(workspace: Workspace, settings: FineTuneSettings, folder: RunFolder) -> None:
    """Writes the records of the run's corpora into the run's folder; they are whole or absent."""
    corpora = [workspace.corpora.get(each) for each in used_corpora(settings)]
    partial = folder.path / f".{FILE_NAME}"
    partial.unlink(missing_ok=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells each table that it makes
    database = Database(_url(partial))
    try:
        database.migrate()
        for corpus in corpora:
            CorpusRecords(database).add(corpus)
    finally:
        database.dispose()
    os.replace(partial, folder.path / FILE_NAME)


def private_records(folder: RunFolder, into: Path) -> dict[str, str]:
    """Copies these records into a folder of this machine; gives the variable that names them."""
    copy = shutil.copyfile(folder.path / FILE_NAME, into / FILE_NAME)
    return {DATABASE_VARIABLE: _url(copy).render_as_string()}


def _url(file: Path) -> URL:
    return URL.create("sqlite", database=str(file))
