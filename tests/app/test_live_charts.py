"""Data that live charts send."""

import json
import math
import random
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.assets import PLOTLY_URL, routes
from app.components.live_charts import Band, Chart, Series, down_sampled, payload, rounded

ROOT = Path(__file__).resolve().parents[2]


def noisy(n: int, seed: int = 0) -> Series:
    numbers = random.Random(seed)
    return Series("Loss", list(range(n)), [numbers.gauss(0, 1) for _ in range(n)])


def chart(*series: Series, baseline: float | None = None, log_y: bool = False) -> Chart:
    return Chart("loss", "Loss", "Step", "Loss", series, baseline, "Base model", log_y)


@pytest.mark.parametrize("n", [0, 1, 4, 200])
def test_a_short_series_is_returned_as_it_is(n: int) -> None:
    series = noisy(n)
    assert down_sampled(series, 200) is series


@pytest.mark.parametrize("n", [201, 250, 399, 1000, 100_000])
@pytest.mark.parametrize("max_points", [4, 5, 199, 200])
def test_down_sampling_keeps_ends_extremes_and_order(n: int, max_points: int) -> None:
    series = noisy(n)
    short = down_sampled(series, max_points)
    assert len(short.x) == len(short.y) <= max_points
    assert (short.x[0], short.y[0]) == (series.x[0], series.y[0])
    assert (short.x[-1], short.y[-1]) == (series.x[-1], series.y[-1])
    assert {min(series.y), max(series.y)} <= set(short.y)
    assert list(short.x) == sorted(set(short.x))
    assert all(series.y[int(x)] == y for x, y in zip(short.x, short.y, strict=True))


def test_down_sampling_keeps_a_single_peak() -> None:
    y = [0.0] * 100_000
    y[54_321] = 9.0
    assert 9.0 in down_sampled(Series("Loss", list(range(100_000)), y), 200).y


def test_down_sampling_passes_over_missing_values() -> None:
    y = [float(i) if i % 3 else None for i in range(9_001)]
    y[500], y[600] = math.nan, math.inf
    short = down_sampled(Series("Loss", list(range(9_001)), y, markers=True), 100)
    assert short.markers
    assert short.y[0] is None
    assert 8_999.0 in short.y
    assert not any(value is not None and math.isnan(value) for value in short.y)
    assert sum(value is None for value in short.y) <= 2


def test_down_sampling_shows_a_long_gap() -> None:
    y = [None if 3_000 <= i < 6_000 else 1.0 for i in range(9_000)]
    short = down_sampled(Series("Loss", list(range(9_000)), y), 100)
    assert any(
        value is None and 3_000 <= x < 6_000 for x, value in zip(short.x, short.y, strict=True)
    )


def test_down_sampling_refuses_what_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="3 x values do not fit 2 y values"):
        down_sampled(Series("Loss", [1, 2, 3], [1.0, 2.0]), 200)
    with pytest.raises(ValueError, match="at least 4 points, not 3"):
        down_sampled(noisy(10), 3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.23456789, 1.2346),
        (0.0000123456789, 0.000012346),
        (123456.789, 123460),
        (-2.0, -2),
        (0.0, 0),
        (None, None),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
    ],
)
def test_numbers_are_rounded_to_five_digits(value: float | None, expected: float | None) -> None:
    assert rounded([value]) == [expected]


def test_whole_numbers_lose_their_decimal_point() -> None:
    assert json.dumps(rounded([2.0, 2.5])) == "[2, 2.5]"


def test_neighbouring_steps_stay_apart() -> None:
    series = Series("Loss", [1_000_001, 1_000_002.0, 1_000_003], [1.0, 2.0, 3.0])
    sent = payload([chart(series)])["charts"][0]["series"][0]
    assert sent["x"] == [1_000_001, 1_000_002, 1_000_003]


def test_fractions_of_x_keep_a_hundred_thousandth_of_their_span() -> None:
    series = Series("Loss", [0.123456789, 1.0, 2.123456789], [1.0, 2.0, 3.0])
    assert payload([chart(series)])["charts"][0]["series"][0]["x"] == [0.12346, 1, 2.12346]


def test_eight_long_charts_fit_into_60_kb() -> None:
    charts = [
        Chart(f"c{i}", f"Chart {i}", "Step", "Loss", (noisy(100_000, i), noisy(100_000, i + 8)), 1)
        for i in range(8)
    ]
    assert len(json.dumps(payload(charts))) < 60_000


def test_eight_charts_of_250_points_fit_into_60_kb() -> None:
    charts = [Chart(f"c{i}", "Chart", "Step", "Loss", (noisy(100_000, i),)) for i in range(8)]
    assert len(json.dumps(payload(charts, max_points=250))) < 60_000


def test_the_payload_is_json_the_browser_can_read() -> None:
    series = Series("Loss", [], []), Series("chrF", [1.0], [math.nan], markers=True)
    sent = payload([chart(*series, baseline=math.inf)])
    text = json.dumps(sent, allow_nan=False)
    assert json.loads(text)["charts"][0]["baseline"] is None
    assert [s["y"] for s in sent["charts"][0]["series"]] == [[], [None]]
    assert [s["dash"] for s in sent["charts"][0]["series"]] == ["solid", "dash"]
    assert [s["symbol"] for s in sent["charts"][0]["series"]] == ["", "square"]


def test_bands_and_areas_are_sent_with_their_chart() -> None:
    bands = [Band(0, 0.123456789, "prepare"), Band(0.123456789, 2, "train", 2)]
    series = (Series("CPU", [1.0], [2.0]),)
    plain, tinted = payload(
        [
            Chart("a", "A", "x", "y", series),
            Chart("b", "B", "x", "y", series, from_zero=True, stacked=True, bands=bands),
        ]
    )["charts"]
    assert (plain["bands"], plain["stacked"], plain["from_zero"]) == ([], False, False)
    assert tinted["stacked"] and tinted["from_zero"]
    assert tinted["bands"] == [
        {"x0": 0, "x1": 0.123457, "label": "prepare", "shade": 0},
        {"x0": 0.123457, "x1": 2, "label": "train", "shade": 2},
    ]


def test_the_component_mounts_on_a_page() -> None:
    def page() -> None:
        from app.components.live_charts import Chart, Series, live_charts

        series = (Series("Training", [1, 2], [0.5, None]),)
        live_charts([Chart("loss", "Loss", "Step", "Loss", series)], key="charts")

    at = AppTest.from_function(page, default_timeout=20).run()
    assert not at.exception
    assert at.main.children


def test_plotly_js_is_served_compressed_and_kept_for_a_year() -> None:
    client = TestClient(Starlette(routes=routes()))
    compressed = client.get(PLOTLY_URL)
    plain = client.get(PLOTLY_URL, headers={"Accept-Encoding": "identity"})
    for response in (compressed, plain):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"].startswith("text/javascript")
    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < 2_000_000
    assert compressed.content == plain.content
    assert int(plain.headers["content-length"]) > 4_000_000
