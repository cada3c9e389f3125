"""One process among those that a launcher starts: its log, its failure, its end."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.finetune.run_folder import RunFolder
from core.jobs.failures import record_failure
from core.jobs.folder import mark_attempt
from core.jobs.processes import die_with_supervisor

log = logging.getLogger(__name__)


def run_process(settings_file: Path, work: Callable[[Path], None]) -> None:
    """Does the work as a training process does, and ends the process.

    Args:
        settings_file: In the job's folder.
        work: What is done.
    """
    # The libraries make millions of objects that stay; looking for garbage among them takes a
    # sixth of the start.
    gc.disable()
    die_with_supervisor()
    folder = RunFolder(settings_file.parent)
    rank = int(os.environ.get("RANK", "0"))
    mark_attempt(folder.rank_log(rank))
    with folder.rank_log(rank).open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(output.fileno(), stream.fileno())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    status = 1
    try:
        work(settings_file)
        status = 0
    except BaseException as error:
        log.exception("process %d failed", rank)
        record_failure(folder, rank, error)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        # Communication threads of a dead peer may never let the interpreter end by itself.
        os._exit(status)
