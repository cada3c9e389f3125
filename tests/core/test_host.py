from __future__ import annotations

from pathlib import Path

import pytest

from core import host


def test_facts_of_this_machine_are_plausible(tmp_path: Path) -> None:
    facts = host.host_facts(tmp_path)
    assert 1 <= facts.num_cores <= 4096
    assert 0 < facts.available_bytes <= facts.memory_bytes
    assert 0 <= facts.disk_free_bytes <= facts.disk_bytes
    assert set(facts.versions) == set(host.PACKAGES)
    assert "missing" not in facts.versions.values()


GPU = [{"name": "H100", "memory_bytes": 80_000_000_000}]


@pytest.mark.parametrize(
    ("gpus", "torch", "variable", "expected"),
    [
        ([], "2.13.0", "", "cpu"),
        (GPU, "2.13.0+cu130", "", "cuda"),
        (GPU, "2.13.0+cpu", "", "cpu"),
        (GPU, "2.13.0", "cpu", "cpu"),
    ],
)
def test_accelerator_is_what_the_trainer_will_use(
    gpus: list[dict[str, object]],
    torch: str,
    variable: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "gpus", lambda: gpus)
    monkeypatch.setattr(host, "package_versions", lambda: {"torch": torch})
    monkeypatch.setenv("DS_ACCELERATOR", variable)
    assert host.accelerator() == expected


def test_compiler_is_the_one_that_the_builder_would_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiler = tmp_path / "my-c++"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert host.cxx_compiler() == str(compiler)
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert host.cxx_compiler() == ""
