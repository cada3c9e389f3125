"""Fine-tune, the part Data: further corpora come and go, and the numbers are told."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.components.live_charts import Chart
from app.finetuning.charts import run_charts
from core.corpora.storing import store_corpus
from core.finetune.history import History
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import Workspace
from tests.pages.reading import button
from tests.pages.test_pages import opened, stored_run, texts

EN_GA = {"src_lang": "eng_Latn", "tgt_lang": "gle_Latn"}


@pytest.fixture
def home(ready_workspace: Workspace) -> Workspace:
    """The sample, a back-translated corpus with a tag, general text, and other languages."""
    rows = [(f"source {n}", f"target {n}") for n in range(1000)]
    made = {"made_by": "back-translate", "tag": "<BT>", "system_name": "LT"}
    store_corpus(ready_workspace, name="Back", **EN_GA, splits={"train": rows}, details=made)
    splits = {"train": rows[:500], "dev": rows[500:520]}
    store_corpus(ready_workspace, name="General", **EN_GA, splits=splits)
    other = {"src_lang": "eng_Latn", "tgt_lang": "mar_Deva"}
    store_corpus(ready_workspace, name="Marathi", **other, splits={"train": rows})
    return ready_workspace


def page(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    app = opened(home, monkeypatch, "finetune")
    sample = next(c for c in home.corpora.all() if c.name not in ("Back", "General", "Marathi"))
    return field(app, "Corpus").set_value(sample.id).run()


def field(app: AppTest, label: str):
    return next(item for item in app.selectbox if item.label == label)


def labels(app: AppTest) -> set[str]:
    return {item.label for item in [*app.number_input, *app.selectbox, *app.text_input]}


def test_numbers_of_an_epoch_follow_what_is_mixed_in(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(home, monkeypatch)
    assert "3,000 → 3,000 training segments an epoch" in texts(app)
    further = field(app, "Further corpus")
    assert not any("Marathi" in option for option in further.options)
    back = next(c for c in home.corpora.all() if c.name == "Back")
    app = further.set_value(back.id).run()
    app = button(app, "Add").click().run()
    assert not app.exception
    weight = next(item for item in app.number_input if item.label == "Weight")
    assert next(item for item in app.text_input if item.label == "Tag").value == "<BT>"
    assert "3,000 + 1,000 → 4,000 training segments an epoch" in texts(app)
    app = weight.set_value(2.0).run()
    assert "3,000 + 2 × 1,000 → 5,000 training segments an epoch" in texts(app)
    toggle = next(item for item in app.toggle if item.label == "Both directions")
    app = toggle.set_value(True).run()
    assert "(3,000 + 2 × 1,000) × 2 directions → 10,000 training" in texts(app)
    general = next(c for c in home.corpora.all() if c.name == "General")
    app = field(app, "General-domain corpus").set_value(general.id).run()
    assert "1,250 general" in texts(app) and "→ 12,500 training" in texts(app)
    assert "Share of general text" in labels(app)
    shown = texts(app)
    assert "Back · mixed in · Irish → English · tag <BT>" in shown.replace("\\", "")
    app = button(app, "Remove").click().run()
    assert not app.exception
    assert "(3,000 + 750 general) × 2 directions → 7,500 training" in texts(app)


def test_a_run_shows_what_it_was_made_of_and_what_it_forgot(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(home, "finished", FineTuneSettings(both_directions=True))

    def scores(value: float) -> list[dict[str, object]]:
        return [{"name": "BLEU", "value": value, "signature": "BLEU|x", "num_segments": 5}]

    def further(corpus: str, before: float, after: float) -> dict[str, object]:
        tuned = {"base": scores(before), "fine_tuned": scores(after)}
        return {"corpus": corpus, "split": "test", "num_segments": 5, **tuned}

    found = {
        "base": scores(1.0),
        "fine_tuned": scores(9.0),
        "num_segments": 5,
        "reverse": further("the corpus", 2.0, 8.0),
        "general": further("General", 20.0, 14.5),
    }
    home.runs.store_scores(run.id, found, 12.0)
    app = opened(home, monkeypatch, "run", id=run.id)
    assert not app.exception
    shown = texts(app)
    assert "Irish → English · the corpus, test split, 5 segments" in shown
    assert "was forgotten · General, test split" in shown
    tables = [frame.value for frame in app.dataframe if "Difference" in frame.value]
    assert [table["Difference"][0] for table in tables] == ["+6.00", "-5.50"]


def test_forgetting_is_a_line_beside_the_dev_scores() -> None:
    history = History()
    first = {"BLEU": 1.0, "chrF++": 1.5, "general BLEU": 20.0, "reverse BLEU": 2.0}
    later = {"BLEU": 9.0, "chrF++": 9.5, "general BLEU": 15.0, "reverse BLEU": 7.0}
    history.evals.add(0, loss=1.0, **first)
    history.evals.add(5, loss=0.5, **later)
    charts: dict[str, Chart] = {chart.key: chart for chart in run_charts(history)}
    lines = {series.name: list(series.y) for series in charts["BLEU"].series}
    assert lines == {
        "fine-tuned": [1.0, 9.0],
        "other direction": [2.0, 7.0],
        "general text": [20.0, 15.0],
    }
    assert [series.name for series in charts["chrF++"].series] == ["fine-tuned"]
