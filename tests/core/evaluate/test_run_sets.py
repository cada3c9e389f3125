"""What a run made of its test split, as translation sets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import DataError
from core.evaluate.adding import target_of_corpus
from core.evaluate.run_sets import add_run, has_outputs
from core.finetune.run_folder import RunFolder
from core.storage.run_records import Run
from core.storage.workspace import Workspace

FIELDS = ("source", "reference", "base", "fine_tuned")


@pytest.fixture
def trained(trained_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A private copy of the workspace with a finished run, without its networks."""
    networks = shutil.ignore_patterns("model", "models", "checkpoints")
    shutil.copytree(trained_folder, tmp_path / "trained", ignore=networks)
    opened = Workspace(tmp_path / "trained")
    yield opened
    opened.database.dispose()


def outputs_of(workspace: Workspace) -> tuple[Run, Path]:
    (run,) = workspace.runs.newest(limit=1)
    return run, RunFolder(workspace.run_folder(run.id)).outputs_file


def test_a_run_gives_two_sets_of_its_test_split_and_only_once(trained: Workspace) -> None:
    run, path = outputs_of(trained)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert has_outputs(trained, run)
    base, tuned = add_run(trained, run.id)
    assert add_run(trained, run.id) == [base, tuned] == trained.translation_sets.of_test_set(
        base.test_set_hash
    )  # fmt: skip
    for each, side in ((base, "base"), (tuned, "fine_tuned")):
        segments = list(trained.translation_sets.segments(each.id))
        found = [(s.source, s.reference, s.hypothesis) for s in segments]
        assert found == [(row["source"], row["reference"], row[side]) for row in rows]
        assert each.provenance["run"] == run.id and each.provenance["origin"] == "run"
    assert (base.system_id, tuned.system_id) == (f"model:{run.base_model}", f"model:{run.id}")
    assert (base.provenance["model"], tuned.provenance["model"]) == (run.base_model, run.id)
    # A batch of the same split by any other system is comparable.
    target = target_of_corpus(trained, run.corpus_id, "test", run.src_lang, run.tgt_lang)
    assert target.hash == base.test_set_hash == tuned.test_set_hash


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "has not translated its test split: it is finished"),
        ("", "has an empty test split"),
        ('{"source": "a", "refer', "cannot be read: "),
        ("[1, 2]\n", "cannot be read: "),
        ('{"source": "a", "reference": "b", "base": "c"}\n', "a line has no 'fine_tuned'"),
        (
            json.dumps(dict.fromkeys(FIELDS, "a"))
            + "\n"
            + json.dumps(dict.fromkeys(FIELDS, "a") | {"base": None}),
            "line 2 holds something else than text",
        ),
        (b"\xff\xfe", "cannot be read: "),
        ("[" * 100_000, "cannot be read: "),
    ],
    ids=["missing", "empty", "cut", "no object", "no side", "null", "no UTF-8", "nested"],
)
def test_damaged_outputs_are_one_sentence_and_store_nothing(
    content: str | bytes | None, sentence: str, trained: Workspace
) -> None:
    run, path = outputs_of(trained)
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=sentence) as caught:
        add_run(trained, run.id)
    assert run.name in caught.value.message and "\n" not in str(caught.value)
    assert trained.translation_sets.all() == []
