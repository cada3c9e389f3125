from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sqlalchemy import update

from core.serving.card import escaped, model_card, plain
from core.serving.hub import weights_card
from core.storage.tables import corpora, runs
from core.storage.workspace import Workspace
from tests.leak_statuses import CLEAN, LEAKS, UNCHECKED, told, untold

HOSTILE = (
    '"demo"\n---\n# <script>alert(1)</script> | `x` [y](http://z) *b* \u202e\x00 $m$ &amp; :s:'
)


def _change(workspace: Workspace, table: Any, **values: Any) -> None:
    with workspace.database.writing() as connection:
        connection.execute(update(table).values(**values))


def _rendered(markdown: str) -> str:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parseInline(markdown)[0].children or []
    assert {token.type for token in tokens} <= {"text", "text_special"}, tokens
    return "".join(token.content for token in tokens)


def test_card_says_languages_data_scores_and_settings(trained: Workspace) -> None:
    text = model_card(trained, "demo", form="transformers", repo_id="me/demo")
    data = ModelCard(text).data
    assert data.language == ["en", "ga"]
    assert data.pipeline_tag == "translation"
    assert "synthetic-data" in data.tags
    run = trained.runs.get("demo")
    for side in ("base", "fine_tuned"):
        for score in run.scores[side]:
            assert f" {score['value']:.2f} |" in text
            assert f"`{score['signature']}`".replace("|", "\\|") in text
    assert f"| {run.scores['num_segments']} |" in text
    assert "**Synthetic**" in text
    assert "- Leaks, dev: " in text and "- Leaks, test: " in text
    assert f"| `learning_rate` | {run.settings['learning_rate']} |" in text
    assert run.id not in text and str(trained.root) not in text


def test_scores_in_the_front_matter_are_those_of_the_run(trained: Workspace) -> None:
    data = ModelCard(model_card(trained, "demo", form="transformers")).data
    tuned = trained.runs.get("demo").scores["fine_tuned"]
    assert [result.metric_value for result in data.eval_results] == [s["value"] for s in tuned]
    for result, score in zip(data.eval_results, tuned, strict=True):
        assert result.metric_name == f"{score['name']} ({score['signature']}, n=200)"


def test_checkpoint_is_not_given_the_scores_of_the_finished_model(trained: Workspace) -> None:
    run = trained.runs.get("demo")
    text = model_card(trained, "demo@latest", form="transformers")
    assert ModelCard(text).data.eval_results is None
    assert "This is the checkpoint after" in text
    assert "on dev segments" in text
    test_score = next(s["signature"] for s in run.scores["fine_tuned"] if s["name"] == "TER")
    assert test_score.replace("|", "\\|") not in text


@pytest.mark.parametrize(
    ("base_model", "licence", "warning"),
    [
        ("facebook/nllb-200-distilled-600M", "cc-by-nc-4.0", "no commercial use"),
        ("facebook/m2m100_418M", "mit", ""),
        ("google/madlad400-3b-mt", "apache-2.0", ""),
        ("Helsinki-NLP/opus-mt-en-ga", "other", ""),
        ("somebody/something", "unknown", "is not known here"),
    ],
)
def test_licence_of_the_base_model_is_said_and_warned_about(
    trained: Workspace, base_model: str, licence: str, warning: str
) -> None:
    _change(trained, runs, base_model=base_model)
    text = model_card(trained, "demo", form="transformers")
    data = ModelCard(text).data
    assert (data.license, data.base_model) == (licence, base_model)
    assert ("**Warning.**" in text) == bool(warning)
    assert warning in text


def test_path_of_a_local_base_model_stays_private(trained: Workspace) -> None:
    _change(trained, runs, base_model="/home/somebody/secret project/nllb-copy")
    text = model_card(trained, "demo", form="transformers")
    assert "nllb-copy" in text
    assert "somebody" not in text and "secret" not in text
    assert ModelCard(text).data.base_model is None


@pytest.mark.parametrize(("dev", "test"), [(0, 0), (0, 3), (2, 0)])
def test_leaks_are_said_of_each_split(dev: int, test: int, trained: Workspace) -> None:
    told(trained, trained.corpora.all()[0].id, dev=dev, test=test)
    text = model_card(trained, "demo", form="transformers")
    for split, count in (("dev", dev), ("test", test)):
        sentence = escaped(f"{LEAKS.format(count, split, count)}.")
        shown = f"**{sentence}**" if count else escaped(CLEAN.format(split))
        assert f"- Leaks, {split}: {shown}\n" in text


def test_what_was_not_checked_or_is_gone_is_not_called_free_of_leaks(trained: Workspace) -> None:
    corpus = trained.corpora.all()[0]
    untold(trained, corpus.id)
    text = model_card(trained, "demo", form="transformers")
    assert f"- Leaks, test: {UNCHECKED.format('test')}\n" in text
    trained.corpora.delete(corpus.id)
    assert "no longer there" in model_card(trained, "demo", form="transformers")


def test_the_served_form_says_whether_its_dev_lines_leak(private_workspace: Workspace) -> None:
    corpus = private_workspace.corpora.all()[0]
    told(private_workspace, corpus.id, dev=2)
    text = model_card(private_workspace, "demo", form="service")
    served = text.partition("## The served form")[2].partition("\n## ")[0]
    assert f"Leaks: **{escaped(LEAKS.format(2, 'dev', 2))}.**" in served


def test_names_of_users_break_neither_front_matter_nor_markdown(trained: Workspace) -> None:
    _change(trained, runs, name=HOSTILE, corpus_name=HOSTILE, base_model=HOSTILE)
    _change(trained, corpora, name=HOSTILE, origin=HOSTILE)
    run = trained.runs.newest()[0]
    text = model_card(trained, run.id, form="transformers", repo_id=HOSTILE)
    card = ModelCard(text)
    assert card.data.license == "unknown"
    assert card.data.eval_results[0].dataset_name == plain(HOSTILE)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(card.text)
    assert "<script" not in html and "<a " not in html and "<em>" not in html
    assert html.count("<h1>") == 1 and "\u202e" not in html
    assert [line for line in card.text.splitlines() if line.startswith("---")] == []


@given(st.text())
def test_escaped_text_renders_as_it_is(text: str) -> None:
    shown = escaped(text)
    assert "\n" not in shown
    shown.encode()
    assert _rendered(f"x{shown}x") == f"x{plain(text)}x"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("می‌خواهم", "می‌خواهم"),
        ("e\u0301a", "e\u0301a"),
        ("a\ud800b", "ab"),
        ("a\r\nb\tc", "a b c"),
        ("\u202eabc", "abc"),
        ("", ""),
    ],
)
def test_plain_keeps_what_scripts_need(text: str, kept: str) -> None:
    assert plain(text) == kept


def test_gate_figures_of_the_served_version_are_said(private_workspace: Workspace) -> None:
    gate = private_workspace.versions.all()[0].gate
    text = model_card(private_workspace, "demo", form="service")
    assert f"{gate['identical_share']:.1%} identical" in text
    assert f"| chrF | {gate['chrf_original']:.2f} | {gate['chrf_prepared']:.2f} |" in text
    assert "127.0.0.1:5000/translate" in text


def test_card_of_a_prepared_folder_alone_has_what_the_folder_knows(
    private_workspace: Workspace, workspace: Workspace
) -> None:
    version = private_workspace.versions.all()[0]
    folder = private_workspace.version_folder(version.id) / "model"
    assert "## Scores" in model_card(private_workspace, str(folder), form="service")
    text = model_card(workspace, str(folder), form="service")
    assert ModelCard(text).data.language == ["en", "ga"]
    assert "## Scores" not in text


def test_code_of_the_card_translates(trained: Workspace, tmp_path: Path) -> None:
    text = weights_card(trained, "demo")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    folder = trained.run_folder(trained.runs.get("demo").id) / "model"
    code = found[1].replace('"FOLDER"', repr(str(folder)))
    code = code.replace("Good morning.", "The patient is in the hospital.")
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.match(r"\['.*\w+.*\.'\]", ran.stdout), ran.stdout
    assert "patient" not in ran.stdout
