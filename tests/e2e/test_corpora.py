"""A corpus in the browser: files in, the doctor's findings, cleaned, split, and on to Fine-tune."""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.corpora.leak_search import status_of
from core.corpora.public_sets import MIRROR_VARIABLE
from core.corpora.sample import generate_sample
from core.corpora.segments import read_segments
from tests.e2e.driving import App, free_port
from tests.e2e.importing import import_files

pytestmark = pytest.mark.e2e

NAME = "clinic *letters* <b>"


@pytest.fixture(scope="module")
def app(ready_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application where nobody answers at the public sets' address."""
    folder = tmp_path_factory.mktemp("corpora") / "workspace"
    shutil.copytree(ready_folder, folder)
    server = App(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MIRROR_VARIABLE, f"http://127.0.0.1:{free_port()}")
        server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ready splits: train with 20 pairs twice, 5 that were not translated, and 2 of test."""
    folder = tmp_path_factory.mktemp("files")
    made = generate_sample(num_train=300, num_dev=20, num_test=20, seed=11)
    untranslated = [(f"nobody translated the segment {n}",) * 2 for n in "abcde"]
    splits = {
        "train": [*made.train, *made.train[:20], *untranslated, *made.test[:2]],
        "dev": made.dev,
        "test": made.test,
    }
    paths = []
    for split, pairs in splits.items():
        for side, lang in enumerate(("en", "ga")):
            path = folder / f"{split}.{lang}"
            path.write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
            paths.append(path)
    return paths


def wait_for_work(tab: Any, title: str) -> None:
    """Waits until a job is over and its card offers what it made."""
    card = tab.page.locator("[class*=st-key-corpus-work]").filter(has_text=title).first
    expect(card.get_by_role("link", name="Open")).to_be_visible()


def part(tab: Any, name: str) -> None:
    tab.page.get_by_role("tab", name=name, exact=True).click()
    tab.settle()


def test_files_become_a_clean_corpus_and_reach_fine_tune(tab: Any, files: list[Path]) -> None:
    tab.open("corpora")
    import_files(tab, NAME, files)
    tab.page.get_by_role("link", name="Open").first.click()
    tab.page.get_by_role("heading", name=NAME).wait_for()
    stored = tab.app.opened().corpora.get(NAME)
    assert stored.counts == {"train": 327, "dev": 20, "test": 20}
    tab.sees(re.compile("2 of 20 test segments also stand in train"))

    part(tab, "Data doctor")
    tab.click("Check")
    tab.sees("What was found")
    tab.sees(re.compile("Train keeps 30. of 327 rows"))
    tab.click("Clean: make a version without these")
    open_made(tab, f"{NAME}, cleaned")
    clean = tab.app.opened().corpora.get(f"{NAME}, cleaned")
    rejected = clean.details["rejected"]
    assert (rejected["identical"], rejected["duplicate"]) == (5, 20)

    take_a_row_back(tab, clean.num_train)
    remove_leaks(tab, f"{NAME}, cleaned (2)")
    split_and_fine_tune(tab)


def open_made(tab: Any, name: str) -> None:
    """Follows the card of the job that has made a version to the version's page."""
    link = tab.page.get_by_test_id("stMain").get_by_role("link", name="Open").first
    expect(link).to_be_visible()
    tab.settle()
    link.click()
    tab.page.get_by_role("heading", name=name, exact=True).wait_for()
    tab.settle()


def take_a_row_back(tab: Any, num_train: int) -> None:
    part(tab, "Left out")
    tab.choose_row(1)
    tab.click("Take back 1 row")
    open_made(tab, f"{NAME}, cleaned (2)")
    assert tab.app.opened().corpora.get(f"{NAME}, cleaned (2)").num_train == num_train + 1


def remove_leaks(tab: Any, name: str) -> None:
    part(tab, "Leaks")
    tab.click("Remove from train")
    open_made(tab, f"{name}, leaks removed")
    status = status_of(tab.app.opened().corpora.get(f"{name}, leaks removed"))
    assert status is not None
    assert not [pair for pair in status.pairs if pair.is_against_train and pair.num_leaking]


def split_and_fine_tune(tab: Any) -> None:
    part(tab, "Split")
    tab.fill("Dev segments", "30")
    tab.page.get_by_role("button", name="Split", exact=True).click()
    name = f"{NAME}, cleaned (2), leaks removed (seed 1)"
    open_made(tab, name)
    made = tab.app.opened().corpora.get(name)
    assert made.num_dev == 30
    tab.click("Fine-tune on this corpus")
    tab.page.get_by_role("heading", name="Fine-tune").wait_for()
    tab.sees("First token of every translation: gle_Latn")
    tab.sees(re.compile(f"{made.num_train:,} train"))


def test_an_export_is_the_same_text_again(tab: Any) -> None:
    corpus = tab.app.opened().corpora.get(NAME)
    tab.open(f"corpus?id={corpus.id}&part=Export")
    link = tab.page.get_by_role("link", name=re.compile("Download")).first
    expect(link).to_be_visible()
    url = link.get_attribute("href")
    answer = tab.page.request.get(url if url.startswith("http") else tab.app.url + url)
    assert answer.status == 200
    _, *rows = csv.reader(io.StringIO(answer.body().decode()), delimiter="\t")  # below a header
    stored = read_segments(tab.app.opened().split_file(corpus.id, "train"))
    assert [tuple(row[:2]) for row in rows[: len(stored)]] == stored


def test_a_public_set_without_network_says_what_to_do(tab: Any) -> None:
    tab.open("corpora")
    tab.expand("Import a corpus")
    tab.page.get_by_text("A known public set").click()
    tab.sees(re.compile("CC BY-NC-SA 4.0"))
    tab.sees(re.compile("8,112 train, 502 dev, 500 test segments"))
    tab.click("Fetch and import")
    tab.sees(re.compile(r"cannot be had from 127\.0\.0\.1"))
    tab.sees(re.compile("upload"))
