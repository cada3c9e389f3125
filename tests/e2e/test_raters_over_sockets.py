"""Many raters at once over real sockets: nothing is lost when the server dies, all get through."""

import asyncio
import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.annotate.annotation import Annotation
from core.storage.campaign_records import Rater
from core.storage.workspace import Workspace
from tests.e2e.driving import App
from tests.servers.rater_tab import (
    LOST,
    RaterTab,
    Save,
    cookies_of,
    patiently_connected,
    scripted_campaign,
)

pytestmark = pytest.mark.e2e

NUM_RATERS, NUM_SEGMENTS, NUM_SAVES_PER_ITEM = 10, 5, 5
NUM_SAVES = NUM_RATERS * NUM_SEGMENTS * 2 * NUM_SAVES_PER_ITEM  # 500
NUM_KILLS = 3
SEED = 20261128


@pytest.fixture(scope="module")
def app(ready_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("raters") / "workspace"
    shutil.copytree(ready_folder, folder)
    server = App(folder)
    server.start()
    yield server
    server.end()


@dataclass
class Told:
    """What the raters' pages were told while they worked.

    Attributes:
        sent: Every save by its id, in the order in which they were made.
        acknowledged: Ids of those that a page said were stored.
        num_lost: How often a connection was lost.
    """

    sent: dict[str, Save] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    num_lost: int = 0


def test_every_acknowledged_save_outlives_sigkill_and_none_is_there_twice(app: App) -> None:
    workspace = app.opened()
    raters = scripted_campaign(workspace, NUM_RATERS, NUM_SEGMENTS, "mqm")
    told = asyncio.run(_work_through_kills(app, workspace, raters))
    assert told.num_lost >= NUM_KILLS
    assert len(told.sent) == NUM_SAVES
    # The rest went through, too: the page of the next item, which followed, cannot say so.
    assert len(told.acknowledged) >= NUM_SAVES - NUM_KILLS * NUM_RATERS
    sent_of_item: dict[str, list[Save]] = {}
    for save in told.sent.values():
        sent_of_item.setdefault(save.item, []).append(save)
    for item, sent in sent_of_item.items():
        stored = workspace.ratings.saves(item)
        ids = [save_id.partition(".")[0] for save_id, _, _ in stored]
        assert ids == [save.save_id for save in sent]  # each once, in order, no other
        for (_, _, annotation), save in zip(stored, sent, strict=True):
            assert _without_state(annotation) == _without_state(save.annotation)
        newest = workspace.ratings.get(item)
        assert newest is not None
        assert newest.is_done
        assert (newest.revision, newest.annotation) == stored[-1][1:]
    workspace.database.dispose()


def test_twenty_raters_at_once_finish_their_work_without_an_error(app: App) -> None:
    workspace = app.opened()
    raters = scripted_campaign(workspace, 20, 2, "sqm")

    async def work(rater: Rater) -> int:
        async with RaterTab(app.url, cookies_of(workspace, rater)) as tab:
            num_saves = 0
            while not tab.is_finished:
                score = tab.shown["place"] % 7
                saves = [tab.new_save({"score": score, "comment": f"{rater.name}"})]
                saves.append(tab.new_save(saves[0].annotation, goes_on=True))
                for save in saves:
                    await tab.send(save)
                    num_saves += tab.is_stored(save) or tab.is_finished
            return num_saves

    async def work_together() -> list[int]:
        return await asyncio.gather(*map(work, raters))

    assert asyncio.run(work_together()) == [2 * 4] * 20
    for rater in raters:
        ratings = workspace.ratings.of_rater(rater.id)
        for item in workspace.raters.items(rater.id):
            rating = ratings[item.id]
            assert rating.is_done
            assert rating.revision == 2
            assert rating.annotation["score"] == item.place % 7
            assert rating.annotation["comment"] == rater.name
    workspace.database.dispose()


async def _work_through_kills(app: App, workspace: Workspace, raters: list[Rater]) -> Told:
    told = Told()
    workers = [asyncio.create_task(_work(app, workspace, rater, told)) for rater in raters]
    killer = asyncio.create_task(_kill_and_restart(app, told))
    await asyncio.gather(*workers, killer)
    return told


async def _kill_and_restart(app: App, told: Told) -> None:
    """Kills the server at random moments, spread over the work."""
    chance = random.Random(SEED)
    print(f"kills by seed {SEED}")  # noqa: T201 (shown when the test fails)
    band = NUM_SAVES // (NUM_KILLS + 1)
    for number in range(NUM_KILLS):
        when = band * number + chance.randrange(band // 4, band)
        while len(told.acknowledged) < when:
            await asyncio.sleep(0.002)
        await asyncio.sleep(chance.uniform(0, 0.05))
        await asyncio.to_thread(app.end, signal.SIGKILL)
        await asyncio.to_thread(app.start)


async def _work(app: App, workspace: Workspace, rater: Rater, told: Told) -> None:
    """Marks error after error and goes on, through whatever happens to the server."""
    tab = RaterTab(app.url, cookies_of(workspace, rater))
    await patiently_connected(tab)
    while not tab.is_finished:
        item = tab.shown["item"]
        for number in range(NUM_SAVES_PER_ITEM):
            goes_on = number == NUM_SAVES_PER_ITEM - 1
            save = tab.new_save(_annotation(tab.shown, number), goes_on=goes_on)
            told.sent[save.save_id] = save
            await _send_until_it_is_there(tab, save, told)
        assert tab.shown.get("item") != item
    await tab.__aexit__(None, None, None)


async def _send_until_it_is_there(tab: RaterTab, save: Save, told: Told) -> None:
    """Sends a save again while it is not acknowledged, as the page does after some seconds."""
    while not tab.is_stored(save):
        try:
            await tab.send(save)
        except LOST:
            told.num_lost += 1
            await patiently_connected(tab)
        if tab.shown.get("item") != save.item:  # went on: the server has it
            break
    if tab.is_stored(save):
        told.acknowledged.add(save.save_id)


def _annotation(shown: dict[str, Any], number: int) -> dict[str, Any]:
    """Gives an annotation of `number` marks."""
    text, categories = shown["outputs"][0]["text"], shown["typology"]["categories"]
    marks = [
        {
            "id": f"m{at}",
            "side": "target",
            "start": at,
            "end": at + 5,
            "quote": text[at : at + 5],
            "severity": "minor",
            "category": categories[at]["name"],
        }
        for at in range(number)
    ]
    return {"marks": marks, "comment": f"{shown['place']}, {number} marks"}


def _without_state(annotation: dict[str, Any]) -> dict[str, Any]:
    return {**Annotation.of_json(annotation).to_json(), "is_done": None}
