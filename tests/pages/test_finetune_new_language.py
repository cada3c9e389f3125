"""Fine-tune asks what a language begins as that the model does not know, and says so."""

from __future__ import annotations

import pytest

from core.corpora.sample import generate_sample
from core.corpora.storing import store_corpus
from core.storage.workspace import Workspace
from tests.pages.test_pages import opened, texts

TIMEOUT_S = 300  # each look starts a process that loads a tokenizer
ASKED = "The model does not know Cornish; it begins as"


def asked(app):
    return [item for item in app.selectbox if item.label == ASKED]


def field(app, label: str):
    return next(item for item in app.selectbox if item.label == label)


def test_unknown_language_is_asked_for_and_shown(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = generate_sample(8, 2, 2)
    splits = {"train": sample.train, "dev": sample.dev, "test": sample.test}
    corpus = store_corpus(
        ready_workspace, name="cornish", src_lang="eng_Latn", tgt_lang="cor_Latn", splits=splits
    )
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert field(app, "Corpus").value == corpus.id
    (box,) = asked(app)
    assert box.value == "" and "This NLLB model does not know Cornish (cor_Latn)" in texts(app)
    app = box.set_value("cym_Latn").run(timeout=TIMEOUT_S)
    assert not app.exception
    shown = texts(app)
    assert "New to the model: Cornish (cor_Latn) begins as Welsh (cym_Latn)" in shown
    assert "First token of every translation: cor_Latn" in shown
    other = next(each.id for each in ready_workspace.corpora.all() if each.id != corpus.id)
    app = field(app, "Corpus").set_value(other).run(timeout=TIMEOUT_S)
    assert not asked(app) and not app.exception
