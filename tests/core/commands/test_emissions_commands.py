import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.emissions.stored import to_record
from core.storage.files import append_json_line
from core.storage.workspace import Workspace
from tests.core.emissions.made_energy import made, some_jobs

CommandLine = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs `emissions …` on a workspace with four jobs; gives status, stdout and stderr."""
    for energy in some_jobs():
        workspace.energy.put(to_record(energy))

    def run(*words: str) -> tuple[int, str, str]:
        status = main(["emissions", *words, "--workspace", str(workspace.root)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def values_of(answer: tuple[int, str, str]) -> dict[str, Any]:
    status, output, errors = answer
    assert (status, errors) == (0, "")
    values = json.loads(output)
    assert isinstance(values, dict)
    return values


def test_summary_adds_everything_up(cli: CommandLine) -> None:
    values = values_of(cli("summary", "--grid", "codecarbon:IRL", "--pue", "1.2", "--json"))
    assert values["total"]["num_jobs"] == 4
    assert values["total"]["devices_kwh"] == pytest.approx(0.51054)
    assert values["total"]["facility_kwh"] == pytest.approx(1.2 * 0.51054)
    assert values["total"]["co2_kg"] == pytest.approx(1.2 * 0.51054 * 0.290805)
    assert [each["label"] for each in values["totals"]][:2] == ["EN–GA", "no run"]
    assert values["basis"]["grid_source"].startswith("Our World in Data")
    assert values["equivalences"][0]["source"].startswith("US EPA")
    assert 0 < values["heuristic_share"] < 1
    status, text, _ = cli("summary", "--by", "search")
    assert status == 0
    assert "no search" in text
    assert "no grid chosen, PUE 1" in text


def test_summary_of_a_run_has_phases_and_the_legacy_estimate(
    cli: CommandLine, workspace: Workspace
) -> None:
    folder = workspace.run_folder("run-1")
    folder.mkdir(parents=True)
    gpus = [{"index": 0, "power_w": 49.0}, {"index": 1, "power_w": 51.0}]
    append_json_line(folder / "host.jsonl", {"cpu_percent": 1, "gpus": gpus})
    values = values_of(cli("summary", "--run", "run-1", "--grid", "notebook:Europe", "--json"))
    assert [each["label"] for each in values["totals"]] == ["train", "evaluate", "prepare"]
    assert values["legacy_estimate"]["kwh"] == pytest.approx(100 * 3690 / 3.6e6)
    assert values["legacy_estimate"]["co2_kg"] == pytest.approx(0.1025 * 0.2698972, abs=1e-6)
    assert values["run"]["title"] == "EN–GA"
    text = cli("summary", "--run", "run-1", "--grid", "SWE")[1]
    assert "Legacy estimate: 0.10 kWh, 4.2 g CO2eq (last GPU power 49 + 51 W × time)" in text


def test_what_if_compares_countries(cli: CommandLine) -> None:
    words = ["what-if", "--run", "run-1", "--countries", "IRL,SWE,Poland,ind", "--pue", "1.2"]
    values = values_of(cli(*words, "--grid", "IRL", "--json"))
    assert [each["grid"] for each in values["grids"]] == [
        "codecarbon:SWE", "codecarbon:IRL", "codecarbon:POL", "codecarbon:IND",
    ]  # fmt: skip
    assert values["grids"][1]["ratio"] == pytest.approx(1)
    assert values["grids"][1]["co2_kg"] == pytest.approx(1.2 * 0.5083 * 0.290805)
    assert values["grids"][1]["year"] == 2023
    assert "compared with codecarbon:SWE" in cli(*words)[1]
    values_of(cli("settings", "--embodied-share", "0.5", "--json"))
    whole = values_of(cli(*words, "--json"))  # also without a grid the share is told
    assert whole["base"]["embodied_share"] == 0.5
    assert whole["grids"][1]["co2_kg"] == pytest.approx(2 * values["grids"][1]["co2_kg"])
    assert "embodied share 0.5" in cli(*words)[1]


def test_sentence_is_one_line_and_warnings_go_elsewhere(
    cli: CommandLine, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.energy.put(to_record(made(warnings=("Others used the GPU.",))))
    status, text, _ = cli("sentence", "--run", "run-1", "--grid", "irl", "--pue", "1.2")
    assert status == 0
    assert text == (
        "0.61 kWh, 0.18 kg CO2eq, IRL 2023, PUE 1.2, codecarbon 3.3.2, GPU measured, "
        "CPU modelled, RAM estimated\n"
    )
    assert caplog.messages == ["Others used the GPU."]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["summary", "--grid", "Irland"], "The grid table 'codecarbon' has no 'Irland'. Near"),
        (["what-if", "--countries", "IRL,XYZ"], "The grid table 'codecarbon' has no 'XYZ'."),
        (["what-if", "--countries", ","], "No grid is named."),
        (["summary", "--pue", "0.5"], "pue: "),
        (["sentence", "--run", "nobody's"], 'There is no run "nobody\'s".'),
        (["settings", "--grid", "codecarbon:IRE"], "The grid table 'codecarbon' has no 'IRE'."),
        (["settings", "--mode", "process", "--pue", "99"], "pue: "),
        (["grids", "--table", "x"], "There is no grid table 'x'."),
        (["delete-grids", "codecarbon"], "There is no own grid table 'codecarbon'."),
        (["add-grids", "gone.csv", "--name", "a", "--source", "b"], "gone.csv cannot be read"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    cli: CommandLine, words: list[str], sentence: str
) -> None:
    status, output, errors = cli(*words)
    assert (status, output) == (2, "")
    assert errors.startswith(sentence)
    assert errors.count("\n") == 1


def test_settings_are_shown_and_only_what_is_given_changes(cli: CommandLine) -> None:
    assert values_of(cli("settings", "--json"))["grid"] == ""
    changed = values_of(
        cli("settings", "--grid", "ireland", "--pue", "1.3", "--mode", "machine", "--json")
    )
    assert (changed["grid"], changed["mode"]) == ("codecarbon:IRL", "machine")
    later = values_of(cli("settings", "--embodied-share", "0.1", "--json"))
    assert (later["grid"], later["pue"], later["embodied_share"]) == ("codecarbon:IRL", 1.3, 0.1)
    # They count from now on, and what was measured stays as it was.
    total = values_of(cli("summary", "--json"))["total"]
    assert total["devices_kwh"] == pytest.approx(0.51054)
    assert total["operational_kg"] == pytest.approx(1.3 * 0.51054 * 0.290805)
    assert total["co2_kg"] == pytest.approx(total["operational_kg"] / 0.9)
    assert values_of(cli("settings", "--grid", "", "--json"))["grid"] == ""


def test_own_grids_are_added_listed_used_and_deleted(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "roof.csv"
    file.write_text("code,name,year,g_per_kwh\nROOF,Our roof,2025,25\n")
    words = ["add-grids", str(file), "--name", "lab", "--source", "our meter"]
    assert values_of(cli(*words, "--json"))["num_grids"] == 1
    names = [each["table"] for each in values_of(cli("grids", "--json"))["tables"]]
    assert names == ["codecarbon", "cloud", "notebook", "lab"]
    (grid,) = values_of(cli("grids", "--table", "lab", "--json"))["grids"]
    assert (grid["key"], grid["year"], grid["g_per_kwh"]) == ("lab:ROOF", 2025, 25)
    total = values_of(cli("summary", "--grid", "lab:roof", "--json"))["total"]
    assert total["co2_kg"] == pytest.approx(0.51054 * 0.025)
    values_of(cli("settings", "--grid", "lab:roof", "--json"))
    code, _, said = cli("delete-grids", "lab")
    assert code == 2 and "'lab' is in use: CO2eq is computed with lab:ROOF." in said
    values_of(cli("settings", "--grid", "", "--json"))
    values_of(cli("delete-grids", "lab", "--json"))
    assert cli("grids", "--table", "lab")[0] == 2


@pytest.mark.parametrize("name", ["csv", "json", "latex"])
def test_export_goes_to_a_new_file_or_to_stdout(
    cli: CommandLine, tmp_path: Path, name: str
) -> None:
    _, text, _ = cli("export", "--format", name, "--grid", "IRL")
    assert "IRL" in text
    path = tmp_path / f"energy.{name}"
    words = ["export", "--format", name, "--grid", "IRL", "--output", str(path)]
    assert values_of(cli(*words, "--json"))["num_jobs"] == 4
    assert path.read_text(encoding="utf-8").split() == text.split()
    status, _, errors = cli(*words)
    assert status == 2
    assert "is there already" in errors


def test_an_empty_workspace_has_a_summary(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["emissions", "summary", "--json", "--workspace", str(workspace.root)]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["total"]["devices_kwh"] == 0
    assert values["totals"] == []
