from dataclasses import replace

import pytest

from core.emissions.carbon import Basis
from core.emissions.energy import Conditions, Energy, Phase
from core.emissions.grid import Grid
from core.emissions.sentence import methods_words, sentence
from tests.core.emissions.made_energy import ON_CPU, ON_GPU, made

IRELAND = Grid("codecarbon", "IRL", "Ireland", 2023, 290.805, "OWID")


def test_the_sentence_for_the_paper() -> None:
    assert sentence(made(), Basis(IRELAND, 1.2)) == (
        "0.61 kWh, 0.18 kg CO2eq, IRL 2023, PUE 1.2, codecarbon 3.3.2, GPU measured, "
        "CPU modelled, RAM estimated"
    )


def test_kwh_include_pue_so_that_the_kg_can_be_checked() -> None:
    taken = made(phases={"train": Phase(3600, Energy(0.1, 0.1, 0.8))})
    assert sentence(taken, Basis(IRELAND, 2.0)).startswith(
        "2.0 kWh, 0.58 kg CO2eq, IRL 2023, PUE 2"
    )
    assert sentence(taken, Basis(IRELAND)).startswith("1.0 kWh, 0.29 kg CO2eq, IRL 2023, PUE 1,")


def test_without_a_grid_there_is_energy_only() -> None:
    text = sentence(made(), None)
    assert text.startswith("0.51 kWh, no grid chosen, PUE 1, codecarbon 3.3.2, GPU measured")
    assert "CO2" not in text
    assert sentence(made(), None, pue=1.2).startswith("0.61 kWh, no grid chosen, PUE 1.2")


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ((ON_CPU,), "CPU measured (whole processor), RAM estimated"),
        ((), "method unknown"),
        (
            (ON_CPU, ON_GPU, ON_GPU),
            "GPU measured in 2 of 3 attempts, CPU measured (whole processor) in 1 of 3 attempts "
            "and modelled in 2, RAM estimated",
        ),
        (
            (replace(ON_GPU, mode="machine"),),
            "GPU measured, CPU modelled (whole machine), RAM estimated (whole machine)",
        ),
        (
            (Conditions(methods={"cpu": "constant", "ram": "constant", "gpu": "sampled"}),),
            "GPU measured, CPU estimated, RAM estimated",
        ),
    ],
)
def test_how_each_device_was_measured_is_told_honestly(
    conditions: tuple[Conditions, ...], words: str
) -> None:
    assert ", ".join(methods_words(conditions)) == words


def test_two_releases_are_both_named() -> None:
    later = replace(ON_GPU, measured_by="codecarbon 3.4.0")
    text = sentence(made(conditions=(ON_GPU, later)), None)
    assert "codecarbon 3.3.2, codecarbon 3.4.0, GPU measured, CPU modelled" in text
