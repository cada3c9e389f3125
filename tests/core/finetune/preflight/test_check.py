"""A run that surely cannot fit is refused with a reason and a way out; others are not."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.__main__ import main
from core.errors import HostError, TrainingError
from core.finetune import runs
from core.finetune.preflight import calibration, check, dry_run
from core.finetune.preflight.check import preflight
from core.finetune.preflight.memory import Memories
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.workspace import Workspace

LARGE = "facebook/nllb-200-distilled-600M"
GB = 10**9


def settings_of(workspace: Workspace, **changes: Any) -> FineTuneSettings:
    corpus = workspace.corpora.all()[0]
    return FineTuneSettings.parse({"corpus": corpus.id, "engine": "plain", **changes})


def machine(monkeypatch: pytest.MonkeyPatch, host_gb: float) -> None:
    memories = Memories(int(host_gb * GB))
    monkeypatch.setattr(check, "machine_memories", lambda: memories)


def test_what_cannot_fit_is_refused_with_numbers_and_advice(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, 8)
    settings = settings_of(ready_workspace, base_model=LARGE)
    with pytest.raises(HostError) as caught:
        runs.check_launch(ready_workspace, settings)
    assert "Full fine-tuning in fp32 needs about" in caught.value.message
    assert "this machine has 8.0 GB" in caught.value.message
    assert caught.value.hint.startswith(("What would fit: ", "No single change"))
    runs.check_launch(ready_workspace, settings, is_forced=True)


def test_what_may_fit_or_is_unknown_is_not_refused(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    settings = settings_of(ready_workspace, base_model=LARGE)
    needed = preflight(ready_workspace, settings).estimate.need("host memory").num_bytes
    machine(monkeypatch, 0.9 * needed / GB)
    assert not preflight(ready_workspace, settings).fits
    runs.check_launch(ready_workspace, settings)
    machine(monkeypatch, 0.1)
    unknown = settings_of(ready_workspace, base_model="somebody/unheard-of")
    assert preflight(ready_workspace, unknown).estimate is None
    runs.check_launch(ready_workspace, unknown)


def test_gpu_is_judged_by_its_card(ready_workspace: Workspace) -> None:
    settings = settings_of(
        ready_workspace, base_model="facebook/nllb-200-3.3B", engine="deepspeed", precision="bf16"
    )
    found = preflight(ready_workspace, settings, memories=Memories(200 * GB, 24 * GB, 1))
    assert [need.place for need in found.estimate.lacks(found.memories)] == ["GPU"]
    assert "GB of GPU memory" in check.refusal(found, found.estimate.need("GPU"))
    assert "What would fit" in check.advice_words(found)
    for advice in found.advice:
        again = preflight(
            ready_workspace, settings.changed(**advice.values), memories=found.memories
        )
        assert again.estimate.fits(found.memories)


def test_calibration_is_of_one_kind_of_run(ready_workspace: Workspace) -> None:
    settings = settings_of(ready_workspace)
    calibration.store_calibration(ready_workspace, settings, {"host memory": 1.5}, "2026-01-01")
    stored = calibration.stored_calibration(ready_workspace, settings.changed(tokens_per_batch=99))
    assert stored == ({"host memory": 1.5}, "2026-01-01")
    assert calibration.stored_calibration(ready_workspace, settings.changed(method="lora")) is None
    calibration.calibration_file(ready_workspace).write_text("{broken")
    assert calibration.stored_calibration(ready_workspace, settings) is None


def test_unknown_dry_run_is_told(ready_workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="no dry run"):
        dry_run.get(ready_workspace, "nothing")


def test_break_stops_the_dry_run_that_is_followed(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "advance", lambda *_, **__: None)  # it waits
    monkeypatch.setattr("core.commands.preflight.time", SimpleNamespace(sleep=pressed))
    corpus = ready_workspace.corpora.all()[0]
    words = ["finetune", "--dry-run", "--corpus", corpus.name, "--engine", "plain"]
    with pytest.raises(SystemExit) as caught:
        main([*words, "--workspace", str(ready_workspace.root)])
    assert caught.value.code == 130 and "Stopped; nothing" in capsys.readouterr().err
    assert dry_run.unfinished(ready_workspace) == ""
