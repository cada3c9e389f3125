"""What is known in tokens of all that a run learns from."""

from __future__ import annotations

from core.errors import AdaptMLLMError
from core.finetune.parts import Part, planned_parts, training_sources
from core.finetune.preflight.longest_batch import CorpusLengths, assumed_lengths
from core.finetune.settings import FineTuneSettings
from core.finetune.token_lengths import SideTokens
from core.finetune.token_task import tokens_of
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def corpus_lengths(workspace: Workspace, settings: FineTuneSettings) -> CorpusLengths:
    """Gives the lengths of an epoch: further corpora, general text and both directions included.

    They are those that the page Corpora counted, else what the settings allow at most.
    """
    try:
        parts = planned_parts(training_sources(workspace, settings), settings)
    except AdaptMLLMError:  # the launch says what is wrong with them
        return assumed_lengths(settings, 1)
    found = [(part.num_drawn, _of_part(workspace, settings, part)) for part in parts]
    total = max(1, sum(count for count, _ in found))
    return CorpusLengths(
        longest_source=max(each.longest_source for _, each in found),
        longest_target=max(each.longest_target for _, each in found),
        num_train=total,
        mean_source=sum(count * each.mean_source for count, each in found) / total,
        mean_target=sum(count * each.mean_target for count, each in found) / total,
        is_measured=all(each.is_measured for _, each in found),
    )


def _of_part(workspace: Workspace, settings: FineTuneSettings, part: Part) -> CorpusLengths:
    corpus = part.source.corpus
    src_lang = settings.tgt_lang if part.is_reversed else settings.src_lang
    sides = _counted(workspace, settings, corpus, is_reversed=src_lang == corpus.tgt_lang)
    if sides is None:
        return assumed_lengths(settings, part.num_drawn)
    (source, mean_source), (target, mean_target) = sides
    return CorpusLengths(
        min(_longest(source), settings.max_source_length),
        min(_longest(target), settings.max_target_length),
        part.num_drawn,
        min(mean_source, settings.max_source_length),
        min(mean_target, settings.max_target_length),
    )


def _counted(
    workspace: Workspace, settings: FineTuneSettings, corpus: Corpus, *, is_reversed: bool
) -> tuple[tuple[SideTokens, float], tuple[SideTokens, float]] | None:
    """Gives source and target of the train split with their mean tokens, None if not counted.

    What was counted the other way round counts, too: a text has as many tokens on either side.
    """
    known = tokens_of(workspace, corpus.id)
    for wanted in (is_reversed, not is_reversed):
        for asked, found, _ in known:
            counted = found.splits.get("train")
            if (asked.base_model, asked.is_reversed) != (settings.base_model, wanted):
                continue
            if counted is not None and counted.num_measured:
                sides = [
                    (side, side.num_tokens / counted.num_measured)
                    for side in (counted.source, counted.target)
                ]
                first, second = sides if wanted == is_reversed else sides[::-1]
                return first, second
    return None


def _longest(side: SideTokens) -> int:
    return max(1, max((tokens for _, tokens in side.longest), default=1))
