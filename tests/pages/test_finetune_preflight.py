"""Fine-tune: what a run needs is shown, what does not fit is told with changes to apply."""

from __future__ import annotations

import pytest

from core.corpora.deleting import delete_corpus
from core.corpora.storing import store_corpus
from core.errors import ConfigError
from core.finetune.preflight import check, dry_run
from core.finetune.preflight.memory import Memories
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.workspace import Workspace
from tests.pages.test_pages import opened, texts

GB = 10**9


def test_what_fits_is_shown_with_its_formula(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert not app.exception
    shown = texts(app)
    assert "Host memory:" in shown and "estimated, ± 15%" in shown
    assert "Disk:" in shown and "How this is counted" in [each.label for each in app.expander]
    assert any("Formula" in table.value.columns for table in app.table)
    assert not [each for each in app.button if each.label == "Apply"]


def test_what_cannot_fit_is_refused_until_a_change_is_applied(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "machine_memories", lambda: Memories(30 * GB))
    app = opened(ready_workspace, monkeypatch, "finetune")
    recipe = next(each for each in app.button if each.label == "One GPU")
    app = recipe.click().run()
    fp32 = next(each for each in app.selectbox if each.label == "Precision")
    app = fp32.set_value("fp32").run()
    budget = next(each for each in app.number_input if each.label == "Tokens per batch")
    app = budget.set_value(8_000).run()
    launch = next(each for each in app.button if each.label.startswith("Launch"))
    assert launch.disabled and "this machine has 30.0 GB" in texts(app)
    tick = next(each for each in app.checkbox if each.label == "Launch anyway")
    app = tick.check().run()
    assert not next(each for each in app.button if each.label.startswith("Launch")).disabled
    apply = next(each for each in app.button if each.label == "Apply")
    app = apply.click().run()
    assert not app.exception
    assert not next(each for each in app.button if each.label.startswith("Launch")).disabled
    assert not [each for each in app.button if each.label == "Apply"]


def test_recipes_say_what_they_need(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    shown = texts(app)
    assert "needs a 24 GB GPU" in shown and "fits this machine" in shown


def test_odd_schedule_is_told(ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    field = next(each for each in app.number_input if each.label == "Warm-up steps")
    app = field.set_value(600).run()
    assert "600 steps is longer than the run of 500" in texts(app)


@pytest.mark.usefixtures("slurm_here")
def test_machines_elsewhere_are_not_judged(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "machine_memories", lambda: Memories(GB // 10))
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert "this machine has 0.1 GB" in texts(app)
    where = next(each for each in app.selectbox if each.label == "Start on")
    app = where.set_value("slurm").run()
    shown = texts(app)
    assert "memory is not checked" in shown and "this machine has 0.1 GB" not in shown
    assert "Dry run" not in {each.label for each in app.button}
    corpus = ready_workspace.corpora.all()[0]
    settings = FineTuneSettings(corpus=corpus.id, launcher="slurm")
    with pytest.raises(ConfigError, match="A dry run works on this machine"):
        dry_run.start(ready_workspace, settings)


def test_a_dry_run_is_found_again_after_a_reload(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)
    settings = FineTuneSettings(corpus=ready_workspace.corpora.all()[0].id, engine="plain")
    dry_run_id = dry_run.start(ready_workspace, settings)
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert "Dry run of starter" in texts(app)
    app = next(each for each in app.button if each.key == "finetune.dry_run.stop").click().run()
    assert not app.exception
    assert dry_run.get(ready_workspace, dry_run_id).state.state == "stopped"
    assert dry_run.unfinished(ready_workspace) == ""


def test_a_corpus_that_is_gone_is_not_replaced_by_another(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sample,) = ready_workspace.corpora.all()
    splits = {name: [(f"{name} source", f"{name} target")] for name in ("train", "dev", "test")}
    langs = {"src_lang": sample.src_lang, "tgt_lang": sample.tgt_lang}
    gone = store_corpus(ready_workspace, name="gone", splits=splits, **langs)
    app = opened(ready_workspace, monkeypatch, "finetune")
    corpus = next(each for each in app.selectbox if each.label == "Corpus")
    app = corpus.set_value(gone.id).run()
    recipe = next(each for each in app.button if each.label == "Try it in a minute")
    delete_corpus(ready_workspace, gone.id)
    app = recipe.click().run()
    assert "The corpus of these settings is not here any more." in texts(app)
    assert not [each for each in app.button if each.label.startswith("Launch")]
    corpus = next(each for each in app.selectbox if each.label == "Corpus")
    app = corpus.set_value(sample.id).run()
    assert not app.exception
    assert not next(each for each in app.button if each.label.startswith("Launch")).disabled
