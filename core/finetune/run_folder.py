"""The files of a run beyond those of every job."""

from __future__ import annotations

from pathlib import Path

from core.jobs.folder import JobFolder

TEST_NOTE = "test split, fine-tuned model"  # by which its translation is known among the records


class RunFolder(JobFolder):
    """A job folder with what fine-tuning adds to it."""

    @property
    def command_file(self) -> Path:
        """The exact command of the launcher."""
        return self.path / "command.txt"

    @property
    def deepspeed_file(self) -> Path:
        """The DeepSpeed configuration."""
        return self.path / "ds_config.json"

    @property
    def environment_file(self) -> Path:
        """Library versions, GPU and host."""
        return self.path / "environment.json"

    @property
    def corpora_folder(self) -> Path:
        """The corpora that the run reads, a folder each, so that it can be done again."""
        return self.path / "corpora"

    @property
    def untrained_folder(self) -> Path:
        """The untrained model of a run from scratch; its base model, built once."""
        return self.path / "untrained"

    @property
    def base_file(self) -> Path:
        """The base model's translations of the test split, made once."""
        return self.path / "base_test.json"

    @property
    def outputs_file(self) -> Path:
        """Source, reference, base and fine-tuned output of each test segment."""
        return self.path / "test_outputs.jsonl"

    @property
    def model_folder(self) -> Path:
        """The fine-tuned model; present only after it was reloaded and checked."""
        return self.path / "model"

    @property
    def earlier_model_folder(self) -> Path:
        """The model before another checkpoint took its place; so are the two files with it."""
        return self.path / "model.before"

    @property
    def earlier_result_file(self) -> Path:
        """The result of that model."""
        return self.path / "result.before.json"

    @property
    def earlier_outputs_file(self) -> Path:
        """The outputs of that model."""
        return self.path / "test_outputs.before.jsonl"

    def rank_log(self, rank: int) -> Path:
        """Everything one training process printed."""
        return self.path / f"rank-{rank}.log"
