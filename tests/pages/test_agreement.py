"""Agreement: the results of stored campaigns, by preset, own weights and gold."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.annotate.stored import store_campaign
from core.storage.workspace import Workspace
from tests.core.annotate.results.judged import campaign, item, marked, sqm
from tests.pages.reading import shown
from tests.pages.test_pages import opened

NAME = "*a* <b> $x$ :red[y]"
SEGMENTS = range(12)


def mqm(workspace: Workspace) -> str:
    """Gives the id of a campaign in which the system of the hostile name is the better one."""
    items = [item("r1", row, 0, marked(*["minor"] * (row % 3))) for row in SEGMENTS]
    items += [item("r1", row, 1, marked("major Style/Awkward", "minor")) for row in SEGMENTS]
    data = campaign(
        items,
        num_segments=len(SEGMENTS),
        systems=(NAME, "B"),
        documents=[f"d{row // 3}" for row in SEGMENTS],
        gold={(0, 0): marked("critical")},
    )
    return store_campaign(workspace, data).id


def frames(app: AppTest) -> list[dict[str, object]]:
    """Gives the first row of each table of results; the editor of weights is none."""
    return [each.value.iloc[0].to_dict() for each in app.dataframe if "penalty" not in each.value]


def select(app: AppTest, label: str, value: str) -> AppTest:
    next(each for each in app.selectbox if each.label == label).set_value(value)
    return app.run()


def test_an_mqm_campaign_is_ranked_with_intervals_tests_and_the_averaging_order(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "agreement", campaign=mqm(workspace))
    assert not app.exception
    systems, pairs = frames(app)
    assert (systems["System"], systems["Mean"], systems["Cluster"]) == (NAME, -1.0, 1)
    assert str(systems["95 % by document"]).startswith("[-1")
    assert (pairs["Better"], pairs["Δ"], pairs["Verdict"]) == (NAME, 5.0, "▲ better")
    assert (pairs["p (perm.)"], pairs["p (Holm)"]) == ("0.0005", "0.0005")
    text = shown(app)
    assert "plain mean over its segments" in text and "4 documents" in text
    assert "Not scored" not in text


def test_another_preset_and_own_weights_give_other_scores(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "agreement", campaign=mqm(workspace))
    app = select(app, "Weights of errors", "adaptmllm")
    assert frames(app)[0]["Mean"] == pytest.approx(100 * (1 - 1 / 9))
    app = select(app, "Weights of errors", "own weights")
    assert frames(app)[0]["Mean"] == -1.0 and not app.exception
    app = select(app, "Start from", "adaptmllm")
    assert frames(app)[1]["Δ"] == pytest.approx(100 * 10 / 9)


def test_gold_is_used_when_asked_for_and_a_severity_without_weight_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "agreement", campaign=mqm(workspace))
    app.toggle[0].set_value(True)
    app = app.run()
    assert frames(app)[0]["Mean"] == pytest.approx((-5 - 12) / 12)
    app = select(app, "Weights of errors", "wmt21")
    assert "wmt21 does not weigh the severity 'critical'" in shown(app)
    assert not app.exception and not app.dataframe


def test_errors_are_counted_by_system_and_names_are_shown_as_they_are(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "agreement", campaign=mqm(workspace), part="Errors")
    assert not app.exception
    row = frames(app)[0]
    assert (row["System"], row["Category"], row["Count"]) == (NAME, "Accuracy/Mistranslation", 12)
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert spec["layout"]["xaxis"]["ticktext"][0] == "*a* &lt;b&gt; $x$ :red[y]"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("Agreement", "mean pairwise kappa of about 0.4"),
        ("Disagreements", "only one of 2 marked a major error"),
        ("Adjudication", "1 of 12 decided"),
    ],
)
def test_the_raters_of_a_campaign_are_compared_and_what_they_dispute_is_shown(
    part: str, said: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [item("r1", row, 0, marked(*["major"] * (row % 2))) for row in SEGMENTS]
    items += [item("r2", row, 0, marked(*["minor"] * (row % 3))) for row in SEGMENTS]
    data = campaign(items, num_segments=len(SEGMENTS), gold={(0, 0): marked("minor")})
    stored = store_campaign(workspace, data)
    app = opened(workspace, monkeypatch, "agreement", campaign=stored.id, part=part)
    assert not app.exception
    cells = " ".join(frame.value.to_string().lower() for frame in app.dataframe)
    bars = " ".join(str(each.proto.text) for each in app.get("progress"))
    assert said in " ".join([shown(app), cells, bars])


def test_scores_without_marks_need_no_weights_and_close_systems_get_a_hint(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[float(row % 5), float((row * 3 + 1) % 5)] for row in range(14)]
    stored = store_campaign(workspace, sqm({"r": rows}))
    app = opened(workspace, monkeypatch, "agreement", campaign=stored.id)
    assert not app.exception
    assert [each.label for each in app.selectbox] == ["Campaign"]
    text = shown(app)
    assert "would hardly" in text or "more segments to separate" in text
    app = opened(workspace, monkeypatch, "agreement", campaign=stored.id, part="Errors")
    assert "No errors are marked in this campaign" in shown(app)


def test_campaigns_without_a_finished_segment_say_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store_campaign(workspace, campaign([]), state="open")
    app = opened(workspace, monkeypatch, "agreement", campaign=stored.id)
    assert "No segment is finished" in shown(app) and not app.exception
