"""When a service that nobody uses ends."""

from __future__ import annotations

import asyncio

from core.serving.document_queue import DocumentQueue
from core.serving.statistics import Statistics

LOOK_EVERY_S = 0.5


async def until_idle(statistics: Statistics, documents: DocumentQueue, minutes: float) -> None:
    """Waits until nobody has used a service for so many minutes.

    A request on its way and a document that is not finished are use.
    """
    statistics.used()  # loading a large model may have taken longer than that
    while statistics.in_flight or statistics.idle_s < 60 * minutes:
        await asyncio.sleep(LOOK_EVERY_S)
        if documents.num_unfinished:
            statistics.used()


def idle_sentence(minutes: float) -> str:
    """Says why the service ended."""
    unit = "minute" if minutes == 1 else "minutes"
    return f"The service ended after {minutes:g} {unit} without a request."
