"""Emissions: totals, quality, what-if and settings over stored records of energy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.emissions.carbon import change_settings, chosen_basis
from core.emissions.energy import Energy, JobEnergy, Phase
from core.emissions.own_grids import add_own_table
from core.emissions.sentence import sentence
from core.emissions.settings import emissions_settings
from core.emissions.stored import all_energy, to_record
from core.storage.files import append_json_line, utc_now
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from tests.core.emissions.made_energy import made
from tests.pages.reading import button, shown
from tests.pages.test_pages import opened

NAME = "*a* <b> $x$ :red[y]"
PERSON = "_Bo_ [x](y)"
SIGNATURE = "nrefs:1|case:mixed"


def stored(
    workspace: Workspace,
    job_id: str,
    state: str = "",
    *,
    scores: dict[str, float] | None = None,
    **changes: Any,
) -> JobEnergy:
    """Stores what a job took; with a state also the job and its run, else they were deleted."""
    energy = made(job_id, **changes)
    workspace.energy.put(to_record(energy))
    if state:
        folder = f"runs/{job_id}"
        job = Job(job_id, "core.finetune.job", folder, "compute", state, utc_now())
        found: dict[str, Any] = {}
        if scores:
            tuned = [
                {"name": name, "value": value, "signature": SIGNATURE, "num_segments": 60}
                for name, value in scores.items()
            ]
            base = [{**score, "value": score["value"] - 2} for score in tuned]
            found = {"base": base, "fine_tuned": tuned, "num_segments": 60}
        run = Run(
            id=job_id,
            name=energy.title,
            corpus_id="c1",
            corpus_name="A corpus",
            base_model="starter",
            src_lang="eng_Latn",
            tgt_lang="gle_Latn",
            settings={},
            scores=found,
            train_seconds=None,
            created_at=utc_now(),
            job=job,
        )
        workspace.runs.add(run)
    return energy


def train(kwh: float) -> dict[str, Phase]:
    return {"train": Phase(3600, Energy(gpu_kwh=kwh))}


def metric(app: AppTest, label: str) -> str:
    return str(next(each.value for each in app.metric if each.label == label))


def bars(app: AppTest, at: int = 0) -> dict[str, float]:
    """Gives the whole length of each bar of a chart by its name, in the chart's order."""
    spec = json.loads(app.get("plotly_chart")[at].proto.spec)
    names = spec["layout"]["yaxis"]["ticktext"]
    lengths = [0.0] * len(names)
    for trace in spec["data"]:
        for place, length in zip(plain_list(trace["y"]), plain_list(trace["x"]), strict=True):
            lengths[int(place)] += length
    return dict(zip(names, lengths, strict=True))


def plain_list(values: Any) -> list[float]:
    """Gives an axis of a chart; plotly writes numbers as base 64 of their bytes."""
    if isinstance(values, list):
        return values
    import base64

    import numpy as np

    raw = base64.b64decode(values["bdata"])
    return [float(each) for each in np.frombuffer(raw, dtype=np.dtype(values["dtype"]))]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("Overview", "Nothing is measured yet"),
        ("Quality", "No run that was measured has scores yet"),
        ("What if", "Ratios are to the lowest one"),
        ("Inference", "No local model was measured yet"),
        ("Settings", "what was measured stays"),
    ],
)
def test_a_newcomer_is_told_what_each_part_is_for_and_invited_to_choose_a_grid(
    part: str, said: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "emissions", part=part)
    assert not app.exception
    assert said in shown(app)
    assert "Choose where your electricity comes from" in shown(app)


def test_what_failed_was_stopped_or_deleted_is_counted_and_no_grid_means_no_co2(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "a", "finished", title=NAME, person=PERSON, phases=train(1.0))
    stored(workspace, "b", "failed", title="b", phases=train(0.5))
    stored(workspace, "c", "stopped", title="c", phases=train(0.25))
    stored(workspace, "d", title="d", kind="translation", phases=train(0.25))
    app = opened(workspace, monkeypatch, "emissions")
    assert not app.exception
    assert metric(app, "Energy") == "2.0 kWh" and metric(app, "Jobs") == "4"
    assert metric(app, "CO2eq") == "no grid chosen"
    assert "1 failed, 1 stopped, 1 deleted" in shown(app)
    escaped = "*a* &lt;b&gt; $x$ :red[y]"
    assert bars(app) == {escaped: 1.0, "b": 0.5, "no run": 0.25, "c": 0.25}
    jobs = next(each.value for each in app.dataframe if "Person" in each.value)
    first = jobs.set_index("Name").loc[NAME]
    assert (first["State"], first["Person"], first["Energy, kWh"]) == ("finished", PERSON, 1.0)
    assert list(first["Found by"]) == ["GPU counter", "CPU load model", "RAM heuristic"]
    assert jobs["CO2eq, kg"].isna().all()
    app = button(app, "Choose the grid").click().run()
    assert "what was measured stays" in shown(app) and not app.exception


def test_with_a_grid_the_page_tells_co2_and_the_sentence_for_a_paper(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(workspace, grid="Ireland", pue=1.2)
    warned = ("Others used $GPU$ *0* meanwhile.",)
    energy = stored(workspace, "a", "finished", title="a", phases=train(1.0), warnings=warned)
    folder = workspace.run_folder("a")
    folder.mkdir(parents=True)
    gpus = [{"index": 0, "power_w": 300.0}, {"index": 1, "power_w": 200.0}]
    append_json_line(folder / "host.jsonl", {"gpus": gpus})
    app = opened(workspace, monkeypatch, "emissions")
    assert not app.exception
    basis = chosen_basis(workspace)
    assert basis is not None
    assert metric(app, "Energy") == "1.2 kWh"
    assert metric(app, "CO2eq") == f"{1.2 * basis.grid.g_per_kwh / 1000:.2f} kg"
    assert [each.value for each in app.code] == [sentence(energy, basis)]
    text = shown(app)
    assert "Choose where your electricity" not in text
    assert "Ireland 2023" in text.replace("\\", "") and "Our World in Data" in text
    assert "Read from an energy counter of the device (NVIDIA H200)" in text
    assert "0.50 kWh" in text and "300 + 200 W" in text  # the legacy estimate sums both GPUs
    assert r"Others used \$GPU\$ \*0\* meanwhile" in text
    assert "km by car" in text and "US EPA" in text
    labels = [each.proto.label for each in app.get("download_button")]
    assert labels == ["CSV", "JSON", "LaTeX"]


def test_a_search_is_one_sum_and_every_grouping_adds_up_to_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        state = "finished" if number else "failed"
        stored(workspace, f"t{number}", state, title="t", study="sweep-1", phases=train(0.5))
    stored(workspace, "a", title="", kind="scoring", person="", phases=train(2.0))
    app = opened(workspace, monkeypatch, "emissions")
    by = next(each for each in app.get("button_group") if each.label == "Group by")
    app = by.set_value("search").run()
    assert bars(app) == {"no search": 2.0, "sweep-1": 1.5}
    assert "all its trials, those that failed too" in shown(app)
    for grouping in ("device", "month", "person"):
        by = next(each for each in app.get("button_group") if each.label == "Group by")
        app = by.set_value(grouping).run()
        assert not app.exception
        assert sum(bars(app).values()) == pytest.approx(3.5)


def test_a_job_that_is_not_in_the_period_any_more_leaves_the_page_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "old", "finished", title="old", started_at="2020-01-01T00:00:00+00:00")
    stored(workspace, "new", "finished", title="new", started_at=utc_now())
    app = opened(workspace, monkeypatch, "emissions")
    jobs = next(each for each in app.selectbox if each.label == "Job")
    app = jobs.set_value("old").run()
    period = next(each for each in app.get("button_group") if each.label == "Period")
    app = period.set_value("7 days").run()
    assert not app.exception and metric(app, "Jobs") == "1"
    assert next(each for each in app.selectbox if each.label == "Job").value == "new"


def test_quality_stands_beside_cost_and_runs_without_scores_are_listed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_made = [("a", 1.0, 30.0, 50.0), (NAME, 2.0, 40.0, 40.0), ("c", 3.0, 35.0, 45.0)]
    for name, kwh, bleu, ter in runs_made:
        scores = {"BLEU": bleu, "TER": ter}
        stored(workspace, name[:3], "finished", title=name, phases=train(kwh), scores=scores)
    stored(workspace, "f", "failed", title="broken", phases=train(0.5))
    app = opened(workspace, monkeypatch, "emissions", part="Quality")
    assert not app.exception
    for quality in ("BLEU", "TER"):
        chosen = next(each for each in app.selectbox if each.label == "Quality")
        app = chosen.set_value(quality).run()
        runs, front = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
        assert plain_list(front["x"]) == [1.0, 2.0]  # c is dearer than the second, and worse
        assert "&lt;b&gt;" in runs["customdata"][1] and len(runs["customdata"]) == 3
        figures = next(each.value for each in app.dataframe if "None beats it" in each.value)
        assert list(figures.sort_values("Energy, kWh")["None beats it"]) == [True, True, False]
    missing = next(each.value for each in app.dataframe if "State" in each.value)
    assert list(missing["Run"]) == ["broken"] and list(missing["State"]) == ["failed"]
    assert "No score" in [each.value for each in app.subheader]


def test_what_people_gave_counts_as_quality_too(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [("one", 1.0, 60.0), ("two", 2.0, 80.0)]
    scores = {"BLEU": 30.0}
    for name, kwh, _ in pairs:
        stored(workspace, name, "finished", title=name, phases=train(kwh), scores=scores)
        translated = TranslationSet(
            f"set-{name}", None, f"model:{name}", name, "c1", "A corpus", "test",
            "eng_Latn", "gle_Latn", "hash", 1, utc_now(),
        )  # fmt: skip
        segment = Hypothesis(translated.id, 0, "source", "reference", "hypothesis")
        workspace.translation_sets.add_whole([(translated, [segment])])
    scoring = Scoring("people", "human", "*DA*", "hash", utc_now())
    found = [SegmentScore("people", f"set-{name}", 0, value, "Ana") for name, _, value in pairs]
    workspace.scorings.add(scoring, found)
    app = opened(workspace, monkeypatch, "emissions", part="Quality")
    app = next(each for each in app.selectbox if each.label == "Quality").set_value("people").run()
    assert not app.exception
    runs, front = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert sorted(plain_list(runs["y"])) == sorted(plain_list(front["y"])) == [60.0, 80.0]


def test_what_if_compares_with_the_chosen_grid_and_rewrites_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "a", "finished", title="a", phases=train(1.0))
    add_own_table(workspace, "roof", "*Our* meter", b"code,name,year,g_per_kwh\nR,Roof,2025,40\n")
    change_settings(workspace, grid="roof:R")
    before = all_energy(workspace)
    app = opened(workspace, monkeypatch, "emissions", part="What if")
    assert not app.exception
    found = bars(app)
    assert list(found)[:2] in (["Roof 2025", "Sweden 2023"], ["Sweden 2023", "Roof 2025"])
    assert list(found.values()) == sorted(found.values()) and len(found) == 5
    assert found["Roof 2025"] == pytest.approx(0.04)
    table = next(each for each in app.selectbox if each.label == "Table")
    app = table.set_value("notebook").run()
    assert "Ireland, year unknown" in bars(app)
    pue = next(each for each in app.slider if each.label == "PUE")
    app = pue.set_value(2.0).run()
    assert bars(app)["Roof 2025"] == pytest.approx(0.08) and not app.exception
    assert "*Our* meter" in shown(app) and button(app, "Delete").disabled
    assert all_energy(workspace) == before


def test_settings_are_chosen_by_name_and_a_grid_that_is_gone_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "a", title="a", phases=train(1.0))
    app = opened(workspace, monkeypatch, "emissions", part="Settings")
    grid = next(each for each in app.selectbox if each.label.startswith("Where"))
    assert any("Sweden 2023" in option for option in grid.options)
    grid.set_value("codecarbon:SWE")
    next(each for each in app.number_input if each.label == "PUE").set_value(1.4)
    app = button(app, "Save").click().run()
    assert not app.exception
    settings = emissions_settings(workspace)
    assert (settings.grid, settings.pue) == ("codecarbon:SWE", 1.4)
    assert "Sweden 2023: " in shown(app) and "Our World in Data" in shown(app)
    workspace.preferences.put("emissions", {**settings.model_dump(), "grid": "gone:X"})
    app = opened(workspace, monkeypatch, "emissions")
    assert not app.exception
    assert "'gone:X', is gone." in shown(app)
    assert metric(app, "Energy") == "1.4 kWh" and metric(app, "CO2eq") == "no grid chosen"
