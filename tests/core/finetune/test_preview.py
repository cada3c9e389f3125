from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.finetune.preview import compute_preview
from core.finetune.settings import from_recipe
from core.storage.workspace import Workspace


def test_preview_shows_what_the_trainer_encodes(ready_workspace: Workspace) -> None:
    (corpus,) = ready_workspace.corpora.all()
    settings = from_recipe("Try it in a minute", corpus=corpus.id)
    preview = compute_preview(ready_workspace, settings)
    assert (preview.family, preview.forced_token) == ("NLLB", "gle_Latn")
    assert len(preview.rows) == 3
    for row in preview.rows:
        assert (row.source_tokens[0], row.source_tokens[-1]) == ("eng_Latn", "</s>")
        assert (row.label_tokens[0], row.label_tokens[-1]) == ("gle_Latn", "</s>")
        assert "".join(row.source_tokens[1:-1]).replace("▁", " ").strip() == row.source
    assert preview.unknown_source == preview.unknown_target == 0
    assert preview.cut_source == preview.cut_target == 0
    assert preview.num_measured == min(2000, corpus.num_train)
    short = compute_preview(ready_workspace, settings.changed(max_source_length=4))
    assert short.cut_source == 1
    with pytest.raises(ConfigError, match="holds eng_Latn and gle_Latn"):
        compute_preview(ready_workspace, settings.changed(tgt_lang="mar_Deva"))
