"""How long texts are, and what stored answers say about their tokens."""

from __future__ import annotations

import uuid

import pytest

from core.errors import DataError
from core.storage.answer_records import AnswerRecord
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.systems.footprint.answer_lengths import (
    Text,
    answers_of,
    default_text,
    text_of,
    text_of_corpus,
)
from core.systems.prompts.tokens import estimate_tokens
from tests.core.emissions.made_inference import TRANSLATED
from tests.core.systems.footprint.stored_models import stored_answers
from tests.core.systems.small_corpus import TEST, add_corpus

LLM = "endpoint:llm"
TEXT = Text("a text", "eng_Latn", "gle_Latn", 80, 30)


def asked(workspace: Workspace, source: str, tokens: int, state: str = "done") -> None:
    """Stores an answer of the Playground."""
    about = (str(uuid.uuid4()), str(uuid.uuid4()), 0, "compare", LLM, "LLM")
    figures = {"completion_tokens": tokens, "total_s": 1.0}
    record = AnswerRecord(
        *about, "eng_Latn", "gle_Latn", source, utc_now(), state=state, figures=figures
    )
    workspace.answers.add([record])


def test_a_text_is_as_long_as_its_segments_are_on_average(workspace: Workspace) -> None:
    sample = default_text(workspace)
    assert sample.name.startswith("Sample") and 30 < sample.characters_per_segment < 80
    corpus = add_corpus(workspace)
    found = default_text(workspace)
    assert found == text_of_corpus(workspace, corpus)
    assert found.name == "Small, test split"
    assert found.characters_per_segment == sum(len(source) for source, _ in TEST) / len(TEST)
    tokens = [estimate_tokens(reference) for _, reference in TEST]
    assert found.reference_tokens == sum(tokens) / len(tokens)
    with pytest.raises(DataError, match="is empty"):
        text_of_corpus(workspace, add_corpus(workspace, name="Empty", test=()))


def test_the_text_of_a_measurement_is_what_it_translated() -> None:
    found = text_of(TRANSLATED)
    assert (found.characters_per_segment, found.reference_tokens) == (50, 20)


def test_sets_of_the_direction_count_before_answers_and_those_before_other_sets(
    workspace: Workspace,
) -> None:
    assert answers_of(workspace, LLM, TEXT) is None
    stored_answers(workspace, LLM, 40, tgt_lang="fra_Latn")
    other = answers_of(workspace, LLM, TEXT)
    assert other is not None and not other.is_same_direction and other.tokens_per_character == 1
    asked(workspace, "abcd", 1)
    asked(workspace, "abcd", 99, state="failed")
    played = answers_of(workspace, LLM, TEXT)
    assert played is not None and played.is_same_direction
    assert (played.num_segments, played.tokens_per_character) == (1, 0.25)
    stored_answers(workspace, LLM, 20)
    found = answers_of(workspace, LLM, TEXT)
    assert found is not None and found.is_reported
    assert (found.num_segments, found.tokens_per_character) == (4, 0.5)
    assert found.seconds_per_token == pytest.approx(0.1)
    assert answers_of(workspace, "endpoint:other", TEXT) is None


def test_tokens_that_we_estimated_are_no_count(workspace: Workspace) -> None:
    stored_answers(workspace, LLM, 20, is_estimated=True)
    found = answers_of(workspace, LLM, TEXT)
    assert found is not None and not found.is_reported
