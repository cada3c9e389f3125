from __future__ import annotations

import pytest

from core.corpora.storing import store_corpus
from core.errors import ConfigError, DataError
from core.finetune.segments import Split, read_split
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import Workspace


@pytest.fixture
def corpus_workspace(workspace: Workspace) -> Workspace:
    pairs = [(f"source {n}", f"target {n}") for n in range(20)]
    store_corpus(
        workspace,
        name="Pairs",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": pairs[:18], "dev": pairs[18:19], "test": pairs[19:]},
    )
    return workspace


def test_split_is_read_in_the_direction_of_the_run(corpus_workspace: Workspace) -> None:
    there = FineTuneSettings.parse({"corpus": "Pairs"})
    back = there.changed(src_lang="gle_Latn", tgt_lang="eng_Latn")
    split = read_split(corpus_workspace, there, "train")
    assert split.sources[0].startswith("source")
    assert read_split(corpus_workspace, back, "train") == Split(split.references, split.sources)
    assert split.first(2) == Split(split.sources[:2], split.references[:2])


def test_other_languages_than_the_corpus_has_are_refused(corpus_workspace: Workspace) -> None:
    settings = FineTuneSettings.parse({"corpus": "Pairs", "tgt_lang": "mar_Deva"})
    with pytest.raises(ConfigError) as caught:
        read_split(corpus_workspace, settings, "train")
    assert caught.value.message == (
        "The corpus 'Pairs' holds eng_Latn and gle_Latn, the run asks for eng_Latn to mar_Deva."
    )


def test_empty_split_is_refused(corpus_workspace: Workspace) -> None:
    corpus = corpus_workspace.corpora.get("Pairs")
    corpus_workspace.split_file(corpus.id, "dev").unlink()
    with pytest.raises(DataError, match="The dev split of 'Pairs' is empty"):
        read_split(corpus_workspace, FineTuneSettings.parse({"corpus": "Pairs"}), "dev")
