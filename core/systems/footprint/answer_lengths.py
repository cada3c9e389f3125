"""How long the texts are that are asked about, and how many tokens a system answers with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.corpora.sample import SAMPLE_NAME, SRC_LANG, TGT_LANG, generate_sample
from core.corpora.segments import Pair, read_segments
from core.emissions.inference import Translated
from core.errors import DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.prompts.tokens import estimate_tokens

MAX_SEGMENTS = 2_000
# `estimate_tokens` may be wrong by half.
ESTIMATE_FACTOR = 1.5


@dataclass(frozen=True)
class Text:
    """What is translated, as far as its length goes.

    Attributes:
        name: In words.
        src_lang, tgt_lang: FLORES-200 codes.
        characters_per_segment: Of the sources, as a mean.
        reference_tokens: Of the reference translations, estimated, as a mean over segments.
    """

    name: str
    src_lang: str
    tgt_lang: str
    characters_per_segment: float
    reference_tokens: float


@dataclass(frozen=True)
class Answers:
    """What a system's stored answers say about their length.

    Attributes:
        num_segments: Answers that were looked at.
        tokens_per_character: Tokens of an answer for each character of its source.
        seconds_per_token: How long an answer took for each of its tokens.
        is_reported: Whether the endpoint counted all the tokens, not we.
        is_same_direction: Whether they are of the direction that is asked about.
    """

    num_segments: int
    tokens_per_character: float
    seconds_per_token: float
    is_reported: bool
    is_same_direction: bool


def text_of(did: Translated) -> Text:
    """Gives the text that a measurement translated."""
    return Text(
        did.text, did.src_lang, did.tgt_lang, did.characters_per_segment, did.reference_tokens
    )


def text_of_corpus(workspace: Workspace, corpus: Corpus) -> Text:
    """Gives the test split of a corpus; of a long one its beginning.

    Raises:
        DataError: The split is empty or cannot be read.
    """
    try:
        pairs = read_segments(workspace.split_file(corpus.id, "test"), limit=MAX_SEGMENTS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"The test split of {corpus.name!r} cannot be read ({type(error).__name__}).",
            hint="Choose another one, or import the corpus again.",
        ) from error
    if not pairs:
        raise DataError(f"The test split of {corpus.name!r} is empty.", hint="Choose another one.")
    return _measured(f"{corpus.name}, test split", corpus.src_lang, corpus.tgt_lang, pairs)


def text_of_sample() -> Text:
    """Gives the bundled sample, for a workspace without a corpus."""
    pairs = generate_sample(0, 0, 200).test
    return _measured(SAMPLE_NAME, SRC_LANG, TGT_LANG, pairs)


def default_text(workspace: Workspace) -> Text:
    """Gives the test split of the newest corpus that has one, else the bundled sample."""
    for corpus in workspace.corpora.all():
        if corpus.num_test:
            return text_of_corpus(workspace, corpus)
    return text_of_sample()


def answers_of(workspace: Workspace, system_id: str, text: Text) -> Answers | None:
    """Gives what is stored of a system's answers; None where it has not translated anything.

    Translation sets of the text's direction count, else answers of the Playground in it, else
    translation sets of any direction: the target language decides how many tokens there are.
    """
    direction = (text.src_lang, text.tgt_lang)
    sets = [each for each in workspace.translation_sets.all() if each.system_id == system_id]
    same = [each.id for each in sets if (each.src_lang, each.tgt_lang) == direction]
    asked = (
        (each.source, each.figures)
        for each in workspace.answers.of_system(system_id)
        if each.state == "done" and (each.src_lang, each.tgt_lang) == direction
    )
    return (
        _summary(_of_sets(workspace, same), is_same_direction=True)
        or _summary(asked, is_same_direction=True)
        or _summary(_of_sets(workspace, [each.id for each in sets]), is_same_direction=False)
    )


def _of_sets(workspace: Workspace, set_ids: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for set_id in set_ids:
        for each in workspace.translation_sets.segments(set_id):
            if each.hypothesis is not None:
                yield each.source, each.figures


def _summary(
    found: Iterable[tuple[str, dict[str, Any]]], *, is_same_direction: bool
) -> Answers | None:
    characters, tokens, seconds, count, is_reported = 0, 0, 0.0, 0, True
    counted = (each for each in found if each[0] and each[1].get("completion_tokens"))
    for source, figures in islice(counted, MAX_SEGMENTS):
        count += 1
        characters += len(source)
        tokens += int(figures["completion_tokens"])
        seconds += float(figures.get("total_s") or 0.0)
        is_reported = is_reported and not figures.get("is_estimated")
    if not count:
        return None
    return Answers(count, tokens / characters, seconds / tokens, is_reported, is_same_direction)


def _measured(name: str, src_lang: str, tgt_lang: str, pairs: list[Pair]) -> Text:
    characters = sum(len(source) for source, _ in pairs)
    tokens = sum(estimate_tokens(reference) for _, reference in pairs)
    return Text(name, src_lang, tgt_lang, characters / len(pairs), tokens / len(pairs))
