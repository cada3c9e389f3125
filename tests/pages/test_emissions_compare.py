"""Emissions: runs compared on grids, badges, units, people's scores, tables that are replaced."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.emissions.overview import _shortened
from app.emissions.recent import measured_runs
from app.emissions.subjects import default_keys, subjects
from app.emissions.yardsticks import human_labels, human_scorings, human_yardstick
from core.emissions.carbon import change_settings
from core.emissions.energy import Energy
from core.emissions.grids import find_grid
from core.emissions.own_grids import add_own_table
from core.emissions.totals import Total
from core.storage.run_records import Run
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from tests.pages.reading import shown
from tests.pages.test_emissions import NAME, SIGNATURE, metric, stored, train
from tests.pages.test_pages import opened

ROOF = b"code,name,year,g_per_kwh\nR,Roof,2025,40\n"


def table(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value)


def labelled(found: Any, label: str) -> Any:
    return next(each for each in found if each.label == label)


def figure(app: AppTest) -> Any:
    return app.get("plotly_chart")[0].proto


def test_three_runs_are_compared_on_two_grids_and_the_embodied_share_changes_the_figures(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, kwh in (("a", 0.2), ("b", 0.1), (NAME, 0.4)):
        stored(workspace, name, "finished", title=name, phases=train(kwh))
    change_settings(workspace, grid="Ireland")
    app = opened(workspace, monkeypatch, "emissions", part="What if")
    assert labelled(app.multiselect, "What").value and len(app.multiselect[0].value) == 3
    app = labelled(app.multiselect, "Regions").set_value(["IRL", "SWE"]).run()
    assert not app.exception
    grids = [find_grid(workspace, code) for code in ("SWE", "IRL")]  # the lowest first
    expected = [
        (name, grid.label, kwh * grid.g_per_kwh)
        for name, kwh in (("b", 0.1), ("a", 0.2), (NAME, 0.4))
        for grid in grids
    ]
    found = table(app, "Grid")
    assert list(zip(found["What"], found["Grid"], strict=True)) == [row[:2] for row in expected]
    grams = "CO2eq, kg"
    unit = 1000 if grams in found else 1
    grams = grams if unit == 1000 else "CO2eq, g"
    assert list(found[grams] * unit) == pytest.approx([row[2] for row in expected])
    ratio = grids[0].g_per_kwh / grids[1].g_per_kwh
    assert list(found["Ratio to the chosen grid"]) == pytest.approx([ratio, 1.0] * 3)
    assert list(found["Ratio to the least work"]) == pytest.approx([1, 1, 2, 2, 4, 4])
    spec = json.loads(figure(app).spec)
    assert [each["name"] for each in spec["data"]][:2] == ["b", "a"]
    assert "&lt;b&gt;" in spec["data"][2]["name"] and spec["layout"]["barmode"] == "group"
    assert f"highest 0.12 kg CO2eq ({NAME}, Ireland 2023)" in figure(app).alt
    assert "lowest 4.1 g CO2eq (b, Sweden 2023)" in figure(app).alt
    assert "GPU counter" in shown(app)
    app = labelled(app.slider, "Embodied share").set_value(0.5).run()
    changed = table(app, "Grid")
    grams = next(name for name in changed if name.startswith("CO2eq"))
    unit = 1000 if grams == "CO2eq, kg" else 1
    assert list(changed[grams] * unit) == pytest.approx([2 * row[2] for row in expected])
    assert list(changed["Ratio to the chosen grid"]) == pytest.approx([2 * ratio, 2.0] * 3)


def test_what_can_be_asked_about_has_a_label_of_its_own(workspace: Workspace) -> None:
    twins = [stored(workspace, job_id, title="t", study="s1") for job_id in ("one", "two")]
    found = subjects(twins)
    assert list(found) == ["all", "1 kWh", "search s1", "one", "two"]
    assert len({each.label for each in found.values()}) == 5
    assert default_keys(twins) == ["one", "two"] and default_keys([]) == ["1 kWh"]
    batch = dataclasses.replace(twins[0], kind="translation")
    assert default_keys([batch]) == ["all"]


def test_figures_have_badges_and_co2_a_unit_that_fits(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "a", title="a", phases=train(0.0001))
    change_settings(workspace, grid="Sweden")
    app = opened(workspace, monkeypatch, "emissions")
    assert not app.exception
    text = shown(app)
    assert "Energy and CO2eq:" in text.replace("\\", "") and "GPU counter" in text
    milligrams = 0.0001 * find_grid(workspace, "SWE").g_per_kwh * 1000
    assert list(table(app, "Person")["CO2eq, mg"]) == pytest.approx([milligrams])
    assert list(table(app, "Group")["CO2eq, mg"]) == pytest.approx([milligrams])
    assert metric(app, "CO2eq") == "4.1 mg"
    assert "The run's samples were deleted with it." in text  # the legacy estimate
    assert any("estimate" in each.value for each in app.markdown)


def test_of_many_months_the_last_ones_are_shown_in_order() -> None:
    months = [f"20{year}-{month:02}" for year in (24, 25, 26) for month in range(1, 13)][:25]
    totals = [
        Total(name, 1, 1.0, Energy(cpu_kwh=float(25 - at)), name) for at, name in enumerate(months)
    ]
    found = _shortened(totals, "month")
    assert [each.label for each in found] == ["5 earlier months", *months[5:]]
    assert sum(each.energy.total_kwh for each in found) == sum(range(1, 26))
    assert [each.label for each in _shortened(totals, "run")][-1] == "5 others"


def rated(
    workspace: Workspace, run: Run, set_id: str, test_set: str, at: int, **changes: Any
) -> None:
    """Stores what a run made of a test set of two segments."""
    values = {
        "split": "test", "corpus_id": run.corpus_id, "tgt_lang": run.tgt_lang, "provenance": {}
    } | changes  # fmt: skip
    translated = TranslationSet(
        id=set_id, batch_id=None, system_id=f"model:{run.id}", system_name=run.name,
        corpus_name="A corpus", src_lang=run.src_lang, test_set_hash=test_set, num_segments=2,
        created_at=f"2026-11-0{at}T10:00:00+00:00", **values,
    )  # fmt: skip
    segments = [Hypothesis(set_id, place, "source", "reference", "made") for place in range(2)]
    workspace.translation_sets.add_whole([(translated, segments)])


def scored(workspace: Workspace, scoring_id: str, test_set: str, **values: list[float]) -> Scoring:
    scoring = Scoring(scoring_id, "human", "DA", test_set, "2026-11-05T10:00:00+00:00")
    found = [
        SegmentScore(scoring_id, set_id.replace("_", "-"), place, value, "Ana")
        for set_id, each in values.items()
        for place, value in enumerate(each)
    ]
    workspace.scorings.add(scoring, found)
    return scoring


def test_what_people_gave_is_of_the_runs_own_test_split_and_the_newest_translation(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "one", "finished", title="one", scores={"BLEU": 30.0})
    (run,) = measured_runs(workspace)
    rated(workspace, run, "old", "own", 1)
    rated(workspace, run, "new", "own", 2)
    rated(workspace, run, "train-split", "h1", 3, split="train")
    rated(workspace, run, "other-corpus", "h2", 3, corpus_id="c2")
    rated(workspace, run, "other-way", "h3", 3, tgt_lang="fra_Latn")
    noise = {"perturbation": {"name": "typos", "of_test_set": "own"}}
    rated(workspace, run, "noisy", "h4", 3, provenance=noise)
    own = scored(workspace, "s1", "own", old=[10.0, 10.0], new=[80.0])
    scored(workspace, "s2", "own", old=[10.0])
    scored(workspace, "x1", "h1", train_split=[1.0])
    scored(workspace, "x2", "h2", other_corpus=[1.0])
    scored(workspace, "x3", "h3", other_way=[1.0])
    scored(workspace, "x4", "h4", noisy=[1.0])
    found = human_scorings(workspace, [run])
    assert set(found) == {"s1", "s2"}
    labels = human_labels(found)
    assert len(set(labels.values())) == 2 and all("DA" in each for each in labels.values())
    yardstick = human_yardstick(workspace, [run], own, labels["s1"])
    assert (yardstick.values, yardstick.num_rated) == ({"one": 80.0}, {"one": 1})
    app = opened(workspace, monkeypatch, "emissions", part="Quality")
    app = labelled(app.selectbox, "Quality").set_value("s1").run()
    assert not app.exception
    assert list(table(app, "Rated segments")["Rated segments"]) == [1]
    assert "People rated 1 segment of each run." in shown(app)
    assert "80.00 at 0.508 kWh" in figure(app).alt


def test_with_many_runs_a_scored_one_is_found_and_lower_is_better_for_ter(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.emissions.recent.RUNS_PAGE", 2)
    for number in range(5):
        stored(workspace, f"r{number}", "finished", title=f"r{number}", scores={"TER": 50.0})
    assert {each.id for each in measured_runs(workspace)} == {f"r{number}" for number in range(5)}
    app = opened(workspace, monkeypatch, "emissions", part="Quality")
    assert not app.exception
    assert "No score" not in [each.value for each in app.subheader]
    axis = json.loads(figure(app).spec)["layout"]["yaxis"]
    assert axis["autorange"] == "reversed"
    assert SIGNATURE not in shown(app)  # one only: the scores are comparable


def test_a_table_with_a_name_that_exists_is_replaced_only_when_one_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_own_table(workspace, "roof", "Our meter", ROOF)
    change_settings(workspace, grid="roof:R")
    app = opened(workspace, monkeypatch, "emissions", part="What if")
    labelled(app.file_uploader, "CSV").set_value(("t.csv", ROOF.replace(b"40", b"80"), "text/csv"))
    labelled(app.text_input, "Name").set_value("Roof")
    app = labelled(app.text_input, "Source").set_value("Another meter").run()
    text = shown(app).replace("\\", "")
    assert "roof is there already with 1 grid: replace it?" in text
    assert "every CO2eq on display changes" in text
    assert labelled(app.button, "Replace table").disabled
    app = labelled(app.checkbox, "Replace it").check().run()
    app = labelled(app.button, "Replace table").click().run()
    assert not app.exception
    assert find_grid(workspace, "roof:R").g_per_kwh == 80.0
