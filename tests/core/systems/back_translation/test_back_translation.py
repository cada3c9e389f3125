"""Back-translation as a real supervised process: stopped, resumed, never asked twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from core.corpora import works
from core.corpora.deleting import delete_corpus
from core.corpora.doctor.findings import Findings
from core.corpora.formats.files import MemoryFile
from core.corpora.storing import REJECTED_FILE, store_corpus
from core.errors import AdaptMLLMError, ConfigError, DataError
from core.jobs import queue
from core.jobs.folder import JobFolder
from core.storage.workspace import Workspace
from core.systems.back_translation.monolingual import read_file
from core.systems.back_translation.settings import BackTranslateSettings
from core.systems.back_translation.task import why_left_out
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from tests.servers.fault_server import FaultServer

NUM = 12
TEXTS = [f"Abairt uimhir {n} atá le haistriú." for n in range(NUM)]


@pytest.fixture
def home(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace; no work outlives the test."""
    yield workspace
    for work in workspace.corpus_jobs.unfinished():
        with suppress(AdaptMLLMError):
            queue.stop(workspace, work.id, "now")
        queue.wait(workspace, work.id)


def endpoint(workspace: Workspace, faults: FaultServer, situation: str, **values: Any) -> str:
    settings = EndpointSettings(
        name=values.pop("name", situation), base_url=faults.url(situation), model="m", **values
    )
    return add_endpoint(workspace, settings).id


def service(workspace: Workspace, faults: FaultServer) -> str:
    settings = EndpointSettings(name="LT", kind="libretranslate", base_url=faults.root("lt"))
    return add_endpoint(workspace, settings).id


def text_file(texts: list[str] = TEXTS) -> MemoryFile:
    return MemoryFile("mono.txt", "\n".join(texts).encode())


def asked_of(system: str, **values: Any) -> BackTranslateSettings:
    given = {"name": "BT", "file_name": "mono.txt", "system": system, **values}
    return BackTranslateSettings.parse(given)


def test_lines_become_a_training_corpus_that_says_who_wrote_its_sources(
    home: Workspace, faults: FaultServer
) -> None:
    texts = ["", *TEXTS, TEXTS[0], "  "]
    settings = asked_of(service(home, faults), max_segments=NUM - 1, tag="<BT>")
    work = works.start(home, "back-translate", settings, files=[text_file(texts)])
    done = works.wait_for(home, work.id)
    corpus = home.corpora.get(done.result["corpus"])
    assert (corpus.src_lang, corpus.tgt_lang) == ("eng_Latn", "gle_Latn")
    assert corpus.counts == {"train": NUM - 1, "dev": 0, "test": 0}
    assert corpus.is_synthetic and corpus.details["made_by"] == "back-translate"
    assert corpus.details["tag"] == "<BT>" and corpus.details["system_name"] == "LT"
    assert corpus.details["system_provenance"]["kind"] == "libretranslate"
    lines = home.split_file(corpus.id, "train").read_text().splitlines()
    assert len(lines) == NUM - 1 and all("Abairt uimhir" in line for line in lines)
    assert {asked.body["q"] for asked in faults.asked("lt") if "q" in asked.body} == set(
        TEXTS[: NUM - 1]
    )
    assert "raw" not in {path.name for path in home.corpus_job_folder(work.id).iterdir()}


@pytest.mark.parametrize("is_killed", [False, True])
def test_what_was_translated_is_kept_and_not_asked_for_again(
    home: Workspace, faults: FaultServer, is_killed: bool
) -> None:
    system = endpoint(home, faults, "slow-10-20", concurrency=1)
    settings = asked_of(system)
    work = works.start(home, "back-translate", settings, files=[text_file()])
    faults.wait_for_requests(4, limit_s=60)
    folder = JobFolder(home.corpus_job_folder(work.id))
    if is_killed:
        supervisor = folder.read_state().supervisor
        assert supervisor is not None
        os.kill(supervisor.pid, signal.SIGKILL)
        time.sleep(0.5)
        queue.reconcile(home)
    else:
        works.stop(home, work.id)
    state = queue.wait(home, work.id)
    assert state.state == ("lost" if is_killed else "stopped")
    assert home.corpora.all() == []
    if not is_killed:
        assert "of 12 segments are translated" in state.reason
    again = works.resumable(home, "back-translate", settings)
    assert again is not None and again.id == work.id
    assert works.resumable(home, "back-translate", settings.changed(tag="")) is None
    works.resume(home, work.id)
    corpus = home.corpora.get(works.wait_for(home, work.id).result["corpus"])
    assert corpus.num_train == NUM
    asked = Counter(str(each.body["messages"]) for each in faults.asked("slow-10-20"))
    # The one that was under way when it was killed is asked for again, and no other.
    assert len(asked) == NUM and sum(asked.values()) <= NUM + is_killed
    with pytest.raises(DataError, match="is finished and cannot be resumed"):
        works.resume(home, work.id)


def test_a_corpus_is_not_deleted_with_translations_that_can_be_gone_on_with(
    home: Workspace, faults: FaultServer
) -> None:
    pairs = [(f"source {n}", text) for n, text in enumerate(TEXTS)]
    splits = {"train": pairs[:-2], "dev": pairs[-2:-1], "test": pairs[-1:]}
    store_corpus(home, name="Pairs", src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits)
    system = endpoint(home, faults, "slow-10-20", concurrency=1)
    settings = asked_of(system, corpus="Pairs", file_name="", name="")
    work = works.start(home, "back-translate", settings)
    faults.wait_for_requests(2, limit_s=60)
    works.stop(home, work.id)
    assert queue.wait(home, work.id).state == "stopped"
    with pytest.raises(DataError, match="is stopped, and what it did is kept"):
        delete_corpus(home, "Pairs")
    works.dismiss(home, work.id)
    delete_corpus(home, "Pairs")
    assert home.corpora.all() == []


def test_one_side_of_a_training_split_is_translated(home: Workspace, faults: FaultServer) -> None:
    pairs = [(f"source {n}", text) for n, text in enumerate(TEXTS)]
    parent = store_corpus(
        home,
        name="Pairs",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": pairs[:4], "dev": pairs[4:8], "test": pairs[8:]},
    )
    settings = asked_of(service(home, faults), corpus="Pairs", file_name="", name="")
    result = works.wait_for(home, works.start(home, "back-translate", settings).id).result
    made = home.corpora.get(result["corpus"])
    assert (made.name, made.num_train) == ("Pairs, back-translated", 4)
    assert made.details["parent"] == parent.id
    assert Findings(home.corpus_folder(made.id) / REJECTED_FILE).count == 0


@pytest.mark.parametrize(
    ("translation", "text", "reason"),
    [
        ("", "Abairt.", "empty"),
        (" \t", "Abairt.", "empty"),
        ("ABAIRT", "abairt.", "identical"),
        ("A" * 31, "B" * 10, "length_ratio"),
        ("A" * 10, "B" * 31, "length_ratio"),
        ("A" * 30, "B" * 10, ""),
        ("A sentence.", "Abairt.", ""),
    ],
)
def test_pairs_that_teach_nothing_are_left_out(translation: str, text: str, reason: str) -> None:
    assert why_left_out(translation, text, 3.0) == reason


def test_each_different_line_is_read_once() -> None:
    found = read_file(text_file(["b", "", "a", "b ", "a"]), "gle_Latn")
    assert (found.texts, found.num_repeated) == (["b", "a"], 2)
    assert read_file(text_file(["b", "a", "b"]), "gle_Latn", limit=1).texts == ["b"]
    with pytest.raises(DataError, match="'mono.txt' holds no text"):
        read_file(text_file([" ", ""]), "gle_Latn")


def test_what_cannot_work_is_refused_before_anything_is_written(
    home: Workspace, faults: FaultServer
) -> None:
    system = service(home, faults)
    store_corpus(
        home,
        name="Pairs",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": [("a", "b")]},
    )
    wrong: list[tuple[dict[str, Any], type[AdaptMLLMError], str]] = [
        ({"file_name": ""}, DataError, "There is no text to translate"),
        ({"corpus": "Pairs", "from_lang": "mar_Deva"}, ConfigError, "not mar_Deva"),
        ({"system": "nobody"}, ConfigError, "There is no system 'nobody'"),
        ({"name": "Pairs"}, DataError, "already a corpus named 'Pairs'"),
    ]
    for values, kind, sentence in wrong:
        with pytest.raises(kind, match=sentence):
            works.start(home, "back-translate", asked_of(values.pop("system", system), **values))
    assert home.corpus_jobs.all() == []
    with pytest.raises(ConfigError, match="from_lang and to_lang are both gle_Latn"):
        asked_of(system, to_lang="gle_Latn")
    with pytest.raises(ConfigError, match="line breaks or control characters"):
        asked_of(system, tag="<BT>\n")
