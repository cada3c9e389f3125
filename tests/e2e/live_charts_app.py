"""A page whose charts grow by one point each second."""

import math
import time

import streamlit as st

from app.components.live_charts import Band, Chart, Series, live_charts

st.title("Live charts demo")
started = st.session_state.setdefault("started", time.time())


@st.fragment(run_every=1)
def live() -> None:
    """One more point each second, so that every refresh changes every chart."""
    refreshes = st.session_state["refreshes"] = st.session_state.get("refreshes", 0) + 1
    n = 300 + refreshes
    steps = list(range(0, 10 * n, 10))
    noise = [math.sin(i * 12.9898) * 0.15 for i in range(n)]
    train = [4 * math.exp(-i / 120) + 0.6 + noise[i] for i in range(n)]
    validation = Series(
        "Validation", steps[::25], [4 * math.exp(-i / 110) + 0.8 for i in range(0, n, 25)], True
    )
    chrf = [20 + 35 * (1 - math.exp(-i / 90)) for i in range(0, n, 25)]
    rate = [5e-5 * min(1, (i + 1) / 50) * math.exp(-i / 400) for i in range(n)]
    bands = [Band(0, 900, "prepare"), Band(900, 10 * n - 10, "train <b>", 2)]
    charts = [
        Chart("loss", "Loss", "Step", "Loss", (Series("Training", steps, train), validation),
              bands=bands),
        Chart("chrf", "chrF on the validation set", "Step", "chrF",
              (Series("chrF", steps[::25], chrf, True),), 48.3, "Base model"),
        Chart("rate", "Learning rate", "Step", "Learning rate", (Series("Rate", steps, rate),),
              log_y=True),
        Chart("parts", "Parts", "Step", "Wh",
              (Series("CPU", steps, [0.5] * n), Series("GPU", steps, [2.5] * n)),
              from_zero=True, stacked=True),
        Chart("energy", "Energy", "Minutes", "kWh", (Series("Energy", [], []),)),
    ]  # fmt: skip
    live_charts(charts, key="demo.charts")
    st.text(f"Refresh {refreshes}")


live()
