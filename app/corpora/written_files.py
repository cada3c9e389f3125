"""Files that a command writes and a browser gets: made by a process of their own, never in memory.

Writing a hundred thousand rows keeps a processor busy for seconds, in which pages would answer
late.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse

from core.errors import DataError
from core.storage.workspace import PROJECT, Workspace

TIMEOUT_S = 1800
USER_ERROR = 2  # exit status; its sentence is the last line on stderr
CHUNK_BYTES = 1 << 20

log = logging.getLogger(__name__)


def written_file(workspace: Workspace, *words: str) -> BinaryIO:
    """Gives what a command of `python -m core` writes; the file is gone once it is closed.

    Raises:
        DataError: The command refused, or the file could not be written.
    """
    with tempfile.TemporaryDirectory(prefix=".export-", dir=workspace.corpora_folder) as folder:
        path = Path(folder) / "export"
        command = [sys.executable, "-m", "core", *words]
        command += ["--workspace", str(workspace.root), "-o", str(path)]
        ended = subprocess.run(
            command, capture_output=True, text=True, cwd=PROJECT, timeout=TIMEOUT_S, check=False
        )
        if ended.returncode == USER_ERROR:
            raise DataError(ended.stderr.strip().rpartition("\n")[2])
        if ended.returncode:
            log.error("%s ended with status %s: %s", words, ended.returncode, ended.stderr)
            raise DataError("The file could not be written.", hint="The server's log says why.")
        # The name goes with the folder; what is open stays until it is closed.
        return path.open("rb")


def sent(file: BinaryIO, name: str, media_type: str) -> Response:
    """Gives the answer that sends a file; `name` is of plain signs, never people's."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(os.fstat(file.fileno()).st_size),
    }
    return StreamingResponse(_pieces(file), media_type=media_type, headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
