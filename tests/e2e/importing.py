"""Corpora for browser tests: imported as people do, or stored beforehand."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from core.corpora.sample import SRC_LANG, TGT_LANG, generate_sample
from core.corpora.storing import store_corpus

FEW = "few"


def import_files(tab: Any, name: str, paths: Sequence[Path]) -> None:
    """Imports files under a name and waits until the job has ended, well or not."""
    tab.expand("Import a corpus")
    # Of several at once; text in one language is imported beside it.
    several = tab.page.locator("input[type=file][multiple]")
    box = tab.page.get_by_test_id("stFileUploader").filter(has=several)
    box.locator("input[type=file]").set_input_files(paths)
    for path in paths:
        box.get_by_text(path.name).first.wait_for()
    tab.settle()
    tab.sees(re.compile("one segment a line"))  # what was guessed
    tab.fill("Name", name)
    tab.page.get_by_role("button", name="Import", exact=True).click()
    tab.sees(f"Importing {name}")
    ended = tab.page.get_by_test_id("stMain").get_by_text(re.compile("^(finished|failed)$"))
    expect(ended.filter(visible=True).first).to_be_visible()
    tab.settle()


def choose_few(tab: Any) -> None:
    """Chooses a corpus of which little has to be translated; it is stored if it is not there."""
    workspace = tab.app.opened()
    if FEW not in {corpus.name for corpus in workspace.corpora.all()}:
        sample = generate_sample(320, 24, 12)
        splits = {"train": sample.train, "dev": sample.dev, "test": sample.test}
        store_corpus(workspace, name=FEW, src_lang=SRC_LANG, tgt_lang=TGT_LANG, splits=splits)
        tab.page.reload()
        tab.settle()
    tab.choose("Corpus", FEW)
