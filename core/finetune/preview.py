"""What the model will see: the first segments as the trainer encodes them, special tokens shown.

Runs in a process of its own, because tokenizers of model families import torch; the code is the
trainer's own, so what is shown is what is trained on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.command import launch_environment
from core.finetune.recipes import SCRATCH
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import PROJECT, Workspace

NUM_ROWS = 3
NUM_MEASURED = 2000
TIMEOUT_S = 600


@dataclass(frozen=True)
class PreviewRow:
    """One segment as the model sees it; token lists include the special tokens."""

    source: str
    target: str
    source_tokens: list[str]
    label_tokens: list[str]


@dataclass(frozen=True)
class Preview:
    """What the model will see.

    Attributes:
        family: The model's family, such as `NLLB`.
        rows: The first training segments.
        forced_token: The token that translations must begin with; empty if there is none.
        unknown_source, unknown_target: Share of tokens that the model does not know, 0 to 1.
        cut_source, cut_target: Share of segments longer than the maximum, 0 to 1.
        num_measured: Training segments that the shares were measured on.
        num_pieces: Pieces learnt from the training split; 0 where the model brings its own.
    """

    family: str
    rows: list[PreviewRow]
    forced_token: str
    unknown_source: float
    unknown_target: float
    cut_source: float
    cut_target: float
    num_measured: int
    num_pieces: int = 0


def preview_in_process(workspace: Workspace, settings: FineTuneSettings) -> Preview:
    """Gives the preview from a child process.

    Raises:
        AdaptMLLMError: Model or corpus cannot be used; the child's own sentence.
    """
    result = subprocess.run(
        [sys.executable, "-m", "core.finetune.preview", str(workspace.root)],
        input=settings.model_dump_json(),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **launch_environment(settings)},
        timeout=TIMEOUT_S,
        check=False,
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise ModelError(f"The preview failed: {lines[-1]}", hint="The model may be damaged.")
    values = json.loads(result.stdout.splitlines()[-1])
    if "error" in values:
        raise ModelError(values["error"], hint=values["hint"])
    rows = [PreviewRow(**row) for row in values.pop("rows")]
    return Preview(**values, rows=rows)


def compute_preview(workspace: Workspace, settings: FineTuneSettings) -> Preview:
    """Gives the preview; imports torch and transformers.

    Raises:
        AdaptMLLMError: Model or corpus cannot be used.
    """
    from core.finetune.adapters import bind
    from core.finetune.segments import encode_split, read_split

    tokenizer, num_pieces = _tokenizer(workspace, settings)
    adapter = bind(tokenizer, settings.src_lang, settings.tgt_lang)
    split = read_split(workspace, settings, "train").first(NUM_MEASURED)
    encoded = encode_split(adapter, split, settings)
    # One token more than allowed tells a cut segment from one that just fits.
    sources = adapter.encode_sources(split.sources, settings.max_source_length + 1)
    targets = adapter.encode_targets(split.references, settings.max_target_length + 1)
    to_tokens = tokenizer.convert_ids_to_tokens
    rows = [
        PreviewRow(
            split.sources[i],
            split.references[i],
            to_tokens(encoded.sources[i]),
            to_tokens(encoded.targets[i]),
        )
        for i in range(min(NUM_ROWS, len(split.sources)))
    ]
    forced = adapter.forced_bos_token_id
    return Preview(
        family=adapter.family,
        rows=rows,
        forced_token="" if forced is None else str(to_tokens(forced)),
        unknown_source=_share(encoded.sources, tokenizer.unk_token_id),
        unknown_target=_share(encoded.targets, tokenizer.unk_token_id),
        cut_source=_longer(sources, settings.max_source_length),
        cut_target=_longer(targets, settings.max_target_length),
        num_measured=len(split.sources),
        num_pieces=num_pieces,
    )


def _tokenizer(workspace: Workspace, settings: FineTuneSettings) -> tuple[Any, int]:
    """Gives the tokenizer of the run, and how many pieces were learnt for it."""
    from core.finetune.models import load_tokenizer, model_source
    from core.finetune.scratch import learnt_tokenizer
    from core.finetune.untrained import num_pieces

    if settings.base_model == SCRATCH:
        learnt = learnt_tokenizer(workspace, settings)
        return learnt, num_pieces(learnt)
    return load_tokenizer(model_source(workspace, settings.base_model)), 0


def _share(rows: list[list[int]], token: int) -> float:
    return sum(row.count(token) for row in rows) / max(1, sum(map(len, rows)))


def _longer(rows: list[list[int]], limit: int) -> float:
    return sum(len(row) > limit for row in rows) / max(1, len(rows))


def _main() -> None:
    from core.errors import AdaptMLLMError

    settings = FineTuneSettings.parse(json.loads(sys.stdin.read()))
    try:
        values = asdict(compute_preview(Workspace(Path(sys.argv[1])), settings))
    except AdaptMLLMError as error:
        values = {"error": error.message, "hint": error.hint}
    sys.stdout.write("\n" + json.dumps(values, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    _main()
