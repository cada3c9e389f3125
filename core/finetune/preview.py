"""What the model will see: the first segments as the trainer encodes them, special tokens shown.

Runs in a process of its own, because tokenizers of model families import torch; the code is the
trainer's own, so what is shown is what is trained on.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.finetune.command import launch_environment
from core.finetune.recipes import SCRATCH
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import PROJECT, Workspace

if TYPE_CHECKING:
    from core.finetune.adapters import Adapter
    from core.finetune.directions import Directions
    from core.finetune.segments import Encoded, Split

NUM_ROWS = 3
NUM_MEASURED = 2000
TIMEOUT_S = 600


@dataclass(frozen=True)
class PreviewRow:
    """One segment as the model sees it.

    Attributes:
        source, target: Its text, with the tag of its part.
        source_tokens, label_tokens: What becomes of it, special tokens included.
        part: Which part of the training segments it stands for, from 0.
    """

    source: str
    target: str
    source_tokens: list[str]
    label_tokens: list[str]
    part: int = 0


@dataclass(frozen=True)
class Preview:
    """What the model will see.

    Attributes:
        family: The model's family, such as `NLLB`.
        rows: The first training segments; where there are several parts, the first of each.
        forced_token: The token that translations must begin with; empty if there is none.
        unknown_source, unknown_target: Share of tokens that the model does not know, 0 to 1.
        cut_source, cut_target: Share of segments longer than the maximum, 0 to 1.
        num_measured: Training segments that the shares were measured on.
        num_pieces: Pieces learnt from the training segments; 0 where the model brings its own.
        added_languages: Codes of languages that the run adds to the model, each with the code of
            the language whose embedding it begins with.
        parts: What an epoch is made of, as `core.finetune.parts.Part.as_dict` tells it.
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
    added_languages: dict[str, str] = field(default_factory=dict)
    parts: list[dict[str, Any]] = field(default_factory=list)


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
    from core.finetune.run_data import joined
    from core.finetune.training_text import read_training

    directions, num_pieces = _directions(workspace, settings)
    training = read_training(workspace, settings)
    count = max(1, NUM_MEASURED // len(training.parts))
    seen = [
        _seen(directions.adapter(is_reversed=part.is_reversed), split.first(count), settings)
        for part, split in zip(training.parts, training.splits, strict=True)
    ]
    main = directions.main
    forced = main.forced_bos_token_id
    unknown = main.tokenizer.unk_token_id
    num_rows = NUM_ROWS if len(seen) == 1 else 1
    encoded = joined([each.encoded for each in seen])
    longer = joined([each.longer for each in seen])
    return Preview(
        family=main.family,
        rows=[row for number, each in enumerate(seen) for row in each.rows(num_rows, number)],
        forced_token="" if forced is None else str(main.tokenizer.convert_ids_to_tokens(forced)),
        unknown_source=_share(encoded.sources, unknown),
        unknown_target=_share(encoded.targets, unknown),
        cut_source=_longer(longer.sources, settings.max_source_length),
        cut_target=_longer(longer.targets, settings.max_target_length),
        num_measured=len(encoded.sources),
        num_pieces=num_pieces,
        added_languages={item.code: item.like for item in directions.new},
        parts=[part.as_dict(settings) for part in training.parts],
    )


def _directions(workspace: Workspace, settings: FineTuneSettings) -> tuple[Directions, int]:
    """Gives the adapters of the run, and how many pieces were learnt for it."""
    from core.finetune.directions import bind_directions
    from core.finetune.models import load_tokenizer, source_of_run
    from core.finetune.scratch import learnt_tokenizer
    from core.finetune.untrained import num_pieces

    if settings.base_model == SCRATCH:
        learnt = learnt_tokenizer(workspace, settings)
        return bind_directions(lambda: copy.deepcopy(learnt), settings), num_pieces(learnt)
    revision = settings.base_model_revision
    source = source_of_run(workspace, "", settings)
    return bind_directions(lambda: load_tokenizer(source, revision=revision), settings), 0


@dataclass(frozen=True)
class _Seen:
    """The first segments of a part: as they are learnt, and with room for one token more.

    That token tells a segment that will be cut from one that just fits.
    """

    split: Split
    tokenizer: Any
    encoded: Encoded
    longer: Encoded

    def rows(self, count: int, part: int) -> list[PreviewRow]:
        to_tokens = self.tokenizer.convert_ids_to_tokens
        return [
            PreviewRow(
                self.split.sources[i],
                self.split.references[i],
                to_tokens(self.encoded.sources[i]),
                to_tokens(self.encoded.targets[i]),
                part,
            )
            for i in range(min(count, len(self.split.sources)))
        ]


def _seen(adapter: Adapter, split: Split, settings: FineTuneSettings) -> _Seen:
    from core.finetune.segments import Encoded, encode_split

    encoded = encode_split(adapter, split, settings)
    longer = Encoded(
        adapter.encode_sources(split.sources, settings.max_source_length + 1),
        adapter.encode_targets(split.references, settings.max_target_length + 1),
    )
    return _Seen(split, adapter.tokenizer, encoded, longer)


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
