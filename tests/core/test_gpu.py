"""GPUs that programs here may use."""

import pytest

from core import gpu


@pytest.mark.parametrize(
    ("value", "expected"), [("", []), ("-1", []), ("2", ["2"]), ("0, 3", ["0", "3"])]
)
def test_visible_devices_are_those_of_the_variable(
    value: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert gpu.visible_devices() == expected


def test_without_the_variable_all_devices_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu.visible_devices() is None
