"""The page server: Streamlit with the few routes that pages cannot serve themselves.

`streamlit run app/server.py`. It also keeps the queue moving: a job whose supervisor was killed
is noticed, and the next one starts, whether or not a page is open.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
os.environ.setdefault("PYTHONPATH", str(ROOT))  # child processes import core by it

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from app import assets, downloads  # noqa: E402
from app.access import routes as entering  # noqa: E402
from app.access.entrance import open_entrance, welcome  # noqa: E402
from app.access.gate import Gate  # noqa: E402
from app.access.headers import ClosingHeaders  # noqa: E402
from app.errors import show_defect  # noqa: E402
from core.jobs import queue  # noqa: E402
from core.storage.workspace import Workspace, default_workspace  # noqa: E402

QUEUE_INTERVAL_S = 3.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Opens the door, and keeps the queue while the server runs."""
    workspace = Workspace(default_workspace())
    sys.stdout.write(welcome(open_entrance(workspace).door))
    sys.stdout.flush()
    keeper = asyncio.create_task(_keep_queue(workspace))
    await asyncio.to_thread(_settle)
    yield
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper


def _settle() -> None:
    """Imports what pages need, and takes it out of garbage collection for good.

    A full collection stops everybody's page; with the libraries in it, for a tenth of a second.
    """
    import app.judging.rate_item
    import app.judging.rate_overview  # noqa: F401

    gc.collect()
    gc.freeze()


async def _keep_queue(workspace: Workspace) -> None:
    while True:
        try:
            await asyncio.to_thread(queue.advance, workspace)
        except Exception:  # noqa: BLE001 (one failed look must not end the keeper)
            log.exception("the queue could not be advanced")
        await asyncio.sleep(QUEUE_INTERVAL_S)


app = st.App(
    ROOT / "app" / "main.py",
    routes=[*assets.routes(), *downloads.routes(), *entering.routes()],
    middleware=[Middleware(ClosingHeaders), Middleware(Gate)],
    lifespan=lifespan,
    on_script_error=show_defect,
)
