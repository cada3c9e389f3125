"""The views of agreement on campaigns in memory: figures, tables, sentences, empty states."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.judging.agreement_wording import kappa_words
from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem
from tests.core.annotate.results.judged import campaign, item, marked, sqm
from tests.pages.reading import shown

NAME = "*a* <b> $x$ :red[y]"


def page(view: str, pickled: bytes) -> None:
    """A page of its own around one view."""
    import pickle

    from app.judging.agreement_disputes import disagreement_view
    from app.judging.agreement_views import agreement_view
    from app.judging.computed_results import ScoringChoice
    from core.annotate.mqm_weights import find_preset

    views = {"agreement": agreement_view, "disputes": disagreement_view}
    views[view](pickle.loads(pickled), ScoringChoice(find_preset("wmt23")))


def opened(view: str, data: CampaignData) -> AppTest:
    data = replace(data, campaign_id=uuid.uuid4().hex)  # what was computed is kept by it
    given = {"view": view, "pickled": pickle.dumps(data)}
    app = AppTest.from_function(page, default_timeout=20, kwargs=given).run()
    assert not app.exception
    return app


def frame(app: AppTest, column: str) -> Mapping[str, Any]:
    """Gives the first row of the table that has this column."""
    return next(each.value.iloc[0] for each in app.dataframe if column in each.value)


def mqm() -> CampaignData:
    items: list[JudgedItem] = []
    for row in range(12):
        items.append(item(NAME, row, 0, marked("major" if row % 2 else "minor"), active_s=30.0))
        items.append(item("ben", row, 0, marked("major" if row % 4 == 1 else "minor")))
    items += [item("ben", row, 0, marked("minor"), kind="degraded", texts=("x",)) for row in (0, 2)]
    return campaign(items, num_segments=12)


def test_agreement_of_mqm_stands_with_yardstick_pairs_and_raters() -> None:
    app = opened("agreement", mqm())
    metrics = {each.label: each.value for each in app.metric}
    assert metrics["Mean kappa"] == "0.50" and metrics["Same characters"] == "1.00"
    assert "Alpha, order" not in metrics and "Alpha, scores" in metrics
    pair = frame(app, "Kappa")
    assert (pair["First"], pair["Shared"], pair["Agree, %"]) == (NAME, 12, 75)
    assert pair["Major errors, %"] == pytest.approx(37.5)
    confusion = frame(app, "no major error")
    assert confusion[""] == f"{NAME}: no major error" and confusion["no major error"] == 6
    rater = frame(app, "Bias")
    assert (rater["Rater"], rater["Seconds"], rater["Major an item"]) == (NAME, 30, 0.5)
    text = shown(app)
    assert "Yardstick" in text and "is called moderate" in text
    assert "Read with care" not in text and "⚠" not in text


def test_the_pair_whose_answers_are_shown_can_be_chosen() -> None:
    rows: dict[str, list[list[float | None]]] = {
        "ann": [[float(row % 7)] for row in range(12)],
        "ben": [[float(row % 7)] for row in range(12)],
        "cem": [[float((row + 2) % 7)] for row in range(12)],
    }
    app = opened("agreement", sqm(rows))
    assert app.selectbox[0].options[-1] == "ann – ben"
    assert app.selectbox[0].options[0] != "ann – ben"
    app = app.selectbox[0].set_value(0).run()
    assert frame(app, "6")["0"] == 2 and "Columns: what ben answered" in shown(app)
    assert {"Mean kappa, weighted", "Alpha, order"} <= {each.label for each in app.metric}


def test_no_overlap_says_what_is_missing_and_shows_the_raters_all_the_same() -> None:
    items = [item("ann", 0, 0, marked("minor")), item("ben", 1, 0, marked())]
    app = opened("agreement", campaign(items))
    text = shown(app)
    assert "No two raters finished the same output" in text
    assert "has no hidden checks" in text
    assert not app.metric and frame(app, "Items")["Rater"] == "ann"
    assert "no rater has finished a segment" in shown(opened("agreement", campaign([])))


def test_suspicious_work_is_said_in_a_sentence_with_the_name_as_it_is() -> None:
    items = []
    for row in range(6):
        items.append(item(NAME, row, 0, marked("minor")))
        items.append(item(NAME, row, 0, marked("minor"), kind="degraded", texts=("spoilt",)))
    app = opened("agreement", campaign(items, num_segments=6))
    assert any(each.value.startswith(f"⚠ {NAME}: Scored 6 of 6") for each in app.text)
    rater = frame(app, "Spoilt seen")
    assert (rater["Spoilt seen"], rater["Failed checks"]) == ("0 of 6, p = 1.000", 6)


def test_disagreements_show_the_greatest_with_marks_scores_and_comments() -> None:
    items = [
        item(NAME, 0, 1, marked("major", comment="<i>awful</i>")),
        item("ben", 0, 1, marked()),
        item(NAME, 1, 0, marked("minor")),
        item("ben", 1, 0, marked("major")),
    ]
    app = opened("disputes", campaign(items, systems=("A", NAME)))
    row = frame(app, "What differs")
    assert (row["Segment"], row["System"], row["Difference"]) == ("1", NAME, 5)
    assert row["What differs"].startswith("only one of 2 marked a major error")
    texts = [each.value for each in app.text]
    assert f"Segment 1 · {NAME}" in texts
    assert f"{NAME}: -5 · “<i>awful</i>”\nben: 0" in texts
    assert "Source · Irish" in shown(app) and "2 outputs judged differently" in shown(app)


def test_rankings_and_agreement_on_everything_have_their_own_words() -> None:
    def ranked(rater: str, *ranks: int) -> JudgedItem:
        return JudgedItem(rater, 0, (0, 1), Annotation(ranks=ranks, is_done=True))

    data = campaign([ranked("ann", 1, 2), ranked("ben", 2, 1)], protocol="ranking")
    app = opened("agreement", data)
    assert "which of two outputs is better" in shown(app)
    assert "1 comparison by two or more" in shown(app)
    assert "Score difference" not in app.dataframe[0].value
    assert frame(opened("disputes", data), "What differs")["Difference"] == 1
    same = campaign([ranked("ann", 1, 2), ranked("ben", 1, 2)], protocol="ranking")
    assert "they agree on all" in shown(opened("disputes", same))


@pytest.mark.parametrize(
    ("kappa", "word"),
    [(-0.1, "poor"), (0, "slight"), (0.2, "slight"), (0.4, "fair"), (0.41, "moderate"),
     (0.8, "substantial"), (1, "almost perfect"), (None, "")],
)  # fmt: skip
def test_kappa_is_called_as_is_usual(kappa: float | None, word: str) -> None:
    assert kappa_words(kappa) == word
