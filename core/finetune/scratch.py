"""Runs from scratch: each builds its own untrained model before it trains it.

`python -m core.finetune.scratch RUN/settings.json` is the first command of such a run. The pieces
are learnt from the training segments alone: a dev or test segment in them would be a leak.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.finetune.training_text import read_training
from core.finetune.untrained import (
    Sizes,
    Vocabulary,
    build_untrained,
    learn_tokenizer,
    num_pieces,
)
from core.jobs.failures import record_failure
from core.jobs.processes import die_with_supervisor
from core.jobs.recorder import Recorder
from core.storage.files import read_json
from core.storage.workspace import Workspace

NUM_MARKERS = 203  # 202 language codes and a mask

# A pair of letters that stands only once in the corpus teaches nothing.
_MIN_COUNT = 2

CARD = """# Untrained model

NLLB architecture and tokenizer class with random weights, built by adaptMLLM at the beginning of
a run. Its {num_pieces:,} pieces were learnt from the training segments of the run ({asked:,}
were asked for). It translates nothing.
"""

log = logging.getLogger(__name__)


def build_model(folder: RunFolder, settings: FineTuneSettings, workspace: Workspace) -> None:
    """Builds the untrained model of a run, from its training split and its seed.

    Raises:
        ConfigError: The vocabulary is smaller than the corpus's set of characters.
        DataError: The corpus does not exist or its training split is empty.
    """
    tokenizer = learnt_tokenizer(workspace, settings)
    count = num_pieces(tokenizer)
    log.info("learnt %d pieces, %d were asked for", count, settings.scratch_pieces)
    card = CARD.format(num_pieces=count, asked=settings.scratch_pieces)
    sizes = sizes_of(settings)
    build_untrained(folder.untrained_folder, tokenizer, sizes, seed=settings.seed, card=card)


def learnt_tokenizer(workspace: Workspace, settings: FineTuneSettings) -> Any:
    """Gives the tokenizer of a run from scratch; its texts are all that it learns from, both sides.

    Raises:
        ConfigError: The vocabulary is smaller than the corpus's set of characters.
        DataError: The corpus does not exist or its training split is empty.
    """
    splits = read_training(workspace, settings).splits
    vocabulary = Vocabulary(settings.scratch_pieces, min_count=_MIN_COUNT, splits_punctuation=True)
    if settings.both_directions:  # the second half is the first one turned round
        splits = splits[: len(splits) // 2]
    texts = [text for split in splits for text in (*split.sources, *split.references)]
    return learn_tokenizer(texts, vocabulary, settings.src_lang, settings.tgt_lang)


def sizes_of(settings: FineTuneSettings) -> Sizes:
    """Gives how large the model of a run from scratch is."""
    return Sizes(
        d_model=settings.scratch_d_model,
        num_layers=settings.scratch_layers,
        num_heads=settings.scratch_heads,
        ffn_dim=settings.scratch_ffn_factor * settings.scratch_d_model,
        dropout=settings.scratch_dropout,
        num_positions=max(512, settings.max_source_length, settings.max_target_length),
    )


def most_parameters(settings: FineTuneSettings) -> int:
    """Gives how many weights the model of a run from scratch has at most."""
    return sizes_of(settings).num_parameters(settings.scratch_pieces + NUM_MARKERS)


def is_to_build(settings: FineTuneSettings, folder: RunFolder) -> bool:
    """Whether a run has a model to build; a resumed run has it already."""
    return settings.base_model == SCRATCH and not folder.untrained_folder.exists()


def build_command(settings_file: Path) -> list[str]:
    """Gives the command that builds the model ahead of the launch: once, whatever the ranks."""
    return [sys.executable, "-m", "core.finetune.scratch", str(settings_file)]


def main() -> None:
    """Builds the model of one run; a failure goes into a file for the supervisor."""
    die_with_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings_file = Path(sys.argv[1])
    folder = RunFolder(settings_file.parent)
    Recorder(folder, 0).phase("preparing", "learning pieces of words, building the model")
    try:
        workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
        build_model(folder, FineTuneSettings.load(settings_file), workspace)
    except BaseException as error:
        log.exception("the model could not be built")
        record_failure(folder, 0, error)
        sys.exit(1)


if __name__ == "__main__":
    main()
