"""A rater at work without a browser: opens the own link's page, saves, goes on, comes back.

What it keeps over a lost connection is what a browser's tab keeps: the component's last state, and
the save that was not acknowledged yet.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException

from app.access.shown import RATER_COOKIE
from core.access.signing import Pass, cookie_of
from core.annotate.campaign_data import JudgedSegment, JudgedSystem, Protocol
from core.annotate.creating import create_campaign
from core.annotate.settings import CampaignSettings
from core.annotate.sources import CampaignSources
from core.storage.campaign_records import Rater
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from tests.servers.page_socket import PageSocket

COMPONENT = "adaptmllm_annotator"
# What a script does looks like slips; a rater who means it all the same confirms it.
MEANT = ("very_fast", "same_score_again", "high_score_with_grave_error", "low_score_without_error")
LOST = (OSError, TimeoutError, WebSocketException)


class PageFault(Exception):
    """The page shows no item, or an error in its place."""


@dataclass(frozen=True)
class Save:
    """Something that a rater's page sent.

    Attributes:
        save_id: The page's id of it.
        item: The item's id.
        annotation: As it was sent.
        goes_on: It finishes the item.
    """

    save_id: str
    item: str
    annotation: dict[str, Any]
    goes_on: bool = False

    @property
    def payload(self) -> dict[str, Any]:
        """What the component sends."""
        value = {"item": self.item, "save_id": self.save_id, "annotation": self.annotation}
        return {**value, "to": "next", "confirmed": list(MEANT)} if self.goes_on else value


class RaterTab:
    """One rater's tab. `async with RaterTab(url, cookies) as tab: await tab.save(…)`.

    Attributes:
        shown: What the annotator shows; {} where the work is done.
        first_page_s: From connecting until the page was drawn.
    """

    def __init__(self, url: str, cookies: Mapping[str, str]) -> None:
        self._socket = PageSocket(url, cookies=cookies)
        self._num_attempts = 0
        self.shown: dict[str, Any] = {}
        self.first_page_s = 0.0

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._socket.__aexit__(kind, error, traceback)

    async def connect(self) -> None:
        """Opens the page; or connects again, and like a browser waits for the next change then.

        Where the server ended before it had drawn what comes next, the page is loaded again.
        """
        began_s = time.perf_counter()
        await self._socket.__aenter__()
        if self.shown and self._drawn():
            return
        await self._socket.run()
        self.first_page_s = time.perf_counter() - began_s
        self._look()

    def new_save(self, annotation: dict[str, Any], *, goes_on: bool = False) -> Save:
        """Gives a save of the item that is shown, with an id of its own."""
        return Save(str(uuid.uuid4()), self.shown["item"], annotation, goes_on)

    async def send(self, save: Save) -> float:
        """Sends a save, and gives the seconds until the page was drawn with it.

        Raises:
            PageFault: The page shows something else than work.
            LOST: The connection is lost.
        """
        self._num_attempts += 1
        payload = {**save.payload, "attempt": self._num_attempts}
        key = f"rate-{save.item}"
        try:
            if save.goes_on:
                run = await self._socket.trigger(key, "go", payload)
            else:
                run = await self._socket.set_state(key, annotation=payload)
        except LOST:
            # The server may have ended in the midst of its answer: what came of it is shown.
            self.shown = self._drawn() or self.shown
            raise
        self._look()
        return run.duration_s

    def is_stored(self, save: Save) -> bool:
        """Tells whether the page has said that a save is stored."""
        return save.save_id in (self.shown.get("saved_id"), *self.shown.get("acknowledged", ()))

    @property
    def is_finished(self) -> bool:
        """Whether the page says that everything is done."""
        return not self.shown

    def _look(self) -> None:
        """Reads what the annotator was told."""
        kinds = [each.WhichOneof("type") for each in self._socket.elements]
        if "exception" in kinds:
            raise PageFault(self._socket.text[-2000:])
        self.shown = self._drawn()
        if not self.shown and "arrow_data_frame" not in kinds and "alert" not in kinds:
            raise PageFault(f"the page shows no item but {kinds}")

    def _drawn(self) -> dict[str, Any]:
        """Gives what the annotator was told, as far as it is drawn; {} where there is none."""
        for each in self._socket.elements:
            if each.WhichOneof("type") == "bidi_component":
                component = each.bidi_component
                if component.component_name == COMPONENT:
                    view: dict[str, Any] = json.loads(component.json)["view"]
                    return view
        return {}


async def patiently_connected(tab: RaterTab, give_up_s: float = 60.0) -> None:
    """Connects again and again until the server answers."""
    deadline = time.monotonic() + give_up_s
    while True:
        try:
            await tab.connect()
            return
        except LOST:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


def cookies_of(workspace: Workspace, rater: Rater) -> dict[str, str]:
    """Gives what a rater's browser has stored after the link was opened."""
    value = cookie_of(workspace, Pass("rater", rater.id, rater.link_version))
    return {RATER_COOKIE: value}


def scripted_campaign(
    workspace: Workspace, num_raters: int, num_segments: int, protocol: Protocol = "mqm"
) -> list[Rater]:
    """Creates a campaign of two systems in which each rater judges everything, and gives them."""
    sources = CampaignSources(
        "eng_Latn",
        "gle_Latn",
        tuple(JudgedSystem(f"system {letter}") for letter in "AB"),
        tuple(
            JudgedSegment(f"The bridge number {n} was closed on Monday.", "news", str(n + 1))
            for n in range(num_segments)
        ),
        {
            (n, system): f"Dúnadh droichead uimhir a {n} Dé {day}."
            for n in range(num_segments)
            for system, day in enumerate(("Luain", "Máirt"))
        },
    )
    settings = CampaignSettings(
        protocol=protocol, num_segments=0, raters_per_segment=1, share_shared=1.0
    )
    names = [f"Rater {number}" for number in range(num_raters)]
    campaign = create_campaign(workspace, f"Scripted {protocol}", settings, sources, names)
    raters = workspace.raters.of_campaign(campaign.id)
    for rater in raters:
        workspace.raters.change(rater.id, consented_at=utc_now())
    return raters
