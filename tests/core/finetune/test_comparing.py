"""Runs side by side: settings, scores, samples and courses."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from core.corpora.leak_notes import LeakNote
from core.errors import ConfigError, TrainingError
from core.finetune.changes import value_words
from core.finetune.compared_courses import common_base, positions, sample_rows
from core.finetune.comparing import (
    MAX_RUNS,
    Compared,
    csv_text,
    load_compared,
    score_rows,
    settings_json,
    settings_rows,
    warnings_of,
)
from core.finetune.history import Columns, History
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobState
from core.storage.files import append_json_line, write_json
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.pages.test_pages import stored_run


def compared(name: str = "a", **values: Any) -> Compared:
    settings = FineTuneSettings(corpus=values.pop("corpus", "c1"), name=name, **values)
    job = Job(name, "core.finetune.job", f"runs/{name}", "compute", "finished", "2026-01-01")
    run = Run(
        id=name,
        name=name,
        corpus_id=settings.corpus,
        corpus_name="letters",
        base_model=settings.base_model,
        src_lang=settings.src_lang,
        tgt_lang=settings.tgt_lang,
        settings=settings.model_dump(),
        scores={},
        train_seconds=12.5,
        created_at="2026-01-01",
        job=job,
    )
    state = JobState("finished", progress={"step": 10})
    return Compared(run, name, state, settings, leak=LeakNote("clean", "None."))


def course(
    losses: dict[float, float],
    *,
    base: float = 10.0,
    evals: tuple[float, ...] = (0, 2),
    samples: dict[int, list[dict[str, str]]] | None = None,
) -> History:
    """A history of 100 tokens a second, a minute a step."""
    train, scores = Columns(), Columns()
    for step, loss in losses.items():
        train.add(step, loss=loss, train_seconds=60.0 * step, tokens_per_s=100.0)
    for step in evals:
        scores.add(step, **{"loss": 3.0, "chrF++": base + step})
    return History(train=train, evals=scores, samples=samples or {})


def test_only_settings_that_differ_are_shown_unless_all_are_asked_for() -> None:
    runs = [compared("a", memory_limit_gb=2.0), compared("b", learning_rate=1e-4)]
    rows = {row.field: row for row in settings_rows(runs)}
    assert set(rows) == {"learning_rate", "memory_limit_gb"}
    assert rows["memory_limit_gb"].label == "Memory limit (GB)"
    assert rows["learning_rate"].values == (2e-5, 1e-4)
    every = settings_rows(runs, only_different=False)
    assert len(every) == len(FineTuneSettings.model_fields) - 2  # version and name
    assert json.loads(settings_json(runs)) == {
        "learning_rate": {"a": 2e-5, "b": 1e-4},
        "memory_limit_gb": {"a": 2.0, "b": 0.0},
    }
    assert settings_rows([compared("a"), compared("b")]) == []


def test_corpora_of_one_name_are_told_apart() -> None:
    runs = [compared("a", corpus="0123456789"), compared("b", corpus="abcdefghij")]
    (row,) = settings_rows(runs)
    assert row.values == ("letters (012345)", "letters (abcdef)")


def test_further_corpora_are_told_by_their_names() -> None:
    names = {"id-1": "letters of 1901", "id-2": "news"}
    further = {"corpus": "id-1", "weight": 0.5, "tag": "<BT>"}
    mixing = compared("a", mixed=(further, {"corpus": "gone"}), general_corpus="id-2")
    runs = [replace(mixing, corpus_names=names), compared("b")]
    rows = {row.field: [value_words(value) for value in row.values] for row in settings_rows(runs)}
    assert rows == {
        "mixed": ["letters of 1901 × 0.5, tag <BT>, gone × 1", "(none)"],
        "general_corpus": ["news", "(empty)"],
    }
    told = json.loads(settings_json(runs))
    assert told["mixed"]["a"][0] == {**further, "corpus": "letters of 1901"}
    assert told["mixed"]["b"] == []


def test_the_table_holds_unrounded_numbers_and_goes_into_a_spreadsheet_safely() -> None:
    first = replace(
        compared("=a"), scores={"BLEU": 12.3456}, base={"BLEU": 2.0}, num_segments=7, label="=a"
    )
    rows = score_rows([first, compared("b")])
    assert rows[0] | {"BLEU": 12.3456, "BLEU base": 2.0, "Leaks": "clean", "Steps": 10} == rows[0]
    assert rows[1]["BLEU"] is None
    read = list(csv.DictReader(io.StringIO(csv_text(rows))))
    assert [row["Run"] for row in read] == ["'=a", "b"]
    assert (read[0]["BLEU"], read[1]["BLEU"], read[0]["Training (s)"]) == ("12.3456", "", "12.5")
    assert csv_text([]) == ""


def test_what_does_not_compare_is_said() -> None:
    one = replace(compared("a"), scores={"BLEU": 1.0}, test_set="x")
    assert warnings_of([one, replace(one, label="b")]) == []
    other = replace(compared("b", corpus="c2"), scores={"BLEU": 2.0}, test_set="y")
    assert warnings_of([one, other]) == [
        "The final scores are of different test sets and do not compare.",
        "The dev scores and dev losses are of different dev splits.",
    ]
    # A version of the corpus with the same test split.
    assert len(warnings_of([one, replace(other, test_set="x")])) == 1
    turned = compared("t", src_lang="gle_Latn", tgt_lang="eng_Latn")
    assert "different directions" in warnings_of([one, turned])[0]
    fewer = compared("f", eval_segments=10)
    assert warnings_of([one, fewer]) == ["The dev scores are of different numbers of segments."]
    model = compared("m", base_model="facebook/m2m100_418M")
    assert "losses and tokens per second do not compare" in warnings_of([one, model])[0]


def row(source: str, hypothesis: str) -> dict[str, str]:
    return {"source": source, "reference": source.upper(), "hypothesis": hypothesis}


def test_samples_stand_side_by_side_by_segment() -> None:
    first = course({1: 2.0}, samples={0: [row("s", "0")], 2: [row("s", "x"), row("t", "y")]})
    second = course({1: 2.0}, samples={2: [row("t", "z"), row("u", "w")]}, evals=(0, 2))
    rows = [(each.source, each.hypotheses) for each in sample_rows([first, second])]
    assert rows == [("t", ("y", "z")), ("s", ("x", None)), ("u", (None, "w"))]
    assert sample_rows([course({1: 2.0})]) == []


def test_curves_lie_over_steps_tokens_or_minutes() -> None:
    history = course({1: 2.0, 2: 1.5, 3: 1.0}, evals=(0, 2))
    assert positions(history, "step") == ([1, 2, 3], [0, 2])
    assert positions(history, "minutes") == ([1.0, 2.0, 3.0], [0.0, 2.0])
    assert positions(history, "tokens") == ([6.0, 12.0, 18.0], [0.0, 12.0])
    assert positions(History(), "tokens") == ([], [])


def test_records_without_a_time_keep_the_one_before() -> None:
    history = course({1: 2.0})
    history.train.add(2, loss=1.0)
    assert positions(history, "minutes")[0] == [1.0, 1.0]


def test_the_base_model_is_one_line_where_all_begin_alike() -> None:
    same = [course({1: 2.0}), course({1: 3.0}), course({}, evals=())]
    assert common_base(same, "chrF++") == 10.0
    assert common_base([course({1: 2.0}), course({1: 2.0}, base=11.0)], "chrF++") is None
    assert common_base([History()], "chrF++") is None


def test_runs_are_loaded_in_order_with_scores_of_their_folders(ready_workspace: Workspace) -> None:
    first = stored_run(ready_workspace, "finished", name="twin")
    second = stored_run(ready_workspace, "failed", name="twin")
    for run, text in ((first, "Dia duit."), (second, "Dia duit.")):
        folder = RunFolder(ready_workspace.run_folder(run.id))
        values = {"source": "Hello.", "reference": text, "base": "", "fine_tuned": text}
        append_json_line(folder.outputs_file, values)
    score = {"name": "BLEU", "value": 50.0, "signature": "BLEU|x", "num_segments": 1}
    write_json(
        RunFolder(ready_workspace.run_folder(first.id)).result_file,
        {"base": [{**score, "value": 1.0}], "fine_tuned": [score], "num_segments": 1},
    )
    loaded = load_compared(ready_workspace, [second.id, first.id, second.id])
    assert [each.run.id for each in loaded] == [second.id, first.id]
    assert [each.label for each in loaded] == [f"twin ({each.run.id[:6]})" for each in loaded]
    assert (loaded[1].scores, loaded[1].base) == ({"BLEU": 50.0}, {"BLEU": 1.0})
    assert loaded[0].test_set == loaded[1].test_set and loaded[0].scores == {}
    assert loaded[0].energy_kwh is None and loaded[0].leak is not None


def test_too_many_or_unknown_runs_are_refused(ready_workspace: Workspace) -> None:
    runs = [stored_run(ready_workspace, "failed", name=str(at)) for at in range(MAX_RUNS + 1)]
    with pytest.raises(ConfigError, match="7 runs cannot be compared"):
        load_compared(ready_workspace, [each.id for each in runs])
    with pytest.raises(ConfigError, match="0 runs"):
        load_compared(ready_workspace, [])
    with pytest.raises(TrainingError, match="There is no run 'x'"):
        load_compared(ready_workspace, ["x"])
