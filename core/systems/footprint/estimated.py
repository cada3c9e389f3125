"""What an LLM endpoint probably takes: always a range, with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.emissions.carbon import Basis
from core.emissions.inference import CHARACTERS, SEGMENTS
from core.storage.workspace import Workspace
from core.systems.catalogue import endpoint_settings
from core.systems.footprint.answer_lengths import (
    ESTIMATE_FACTOR,
    Answers,
    Text,
    answers_of,
)
from core.systems.footprint.ecologits_figures import (
    Figures,
    Registered,
    figures_of,
    find_registered,
    release,
)
from core.systems.footprint.model_size import ModelSize, size_of
from core.systems.footprint.span import Span
from core.systems.protocol import SystemInfo


@dataclass(frozen=True)
class LlmEstimate:
    """What an LLM probably takes for a segment of a text.

    Attributes:
        system_id, name: The endpoint.
        model: What it was taken for: `gpt-4o-mini (openai)`, or a number of parameters.
        text: What is translated.
        tokens: Output tokens of a segment.
        tokens_from: Where that number comes from, in words.
        kwh: For one segment, the data centre's share (PUE) included.
        embodied_kg: CO2eq of making the hardware, for one segment.
        notes: What makes it less sure, in sentences.
        estimated_by: Library and version.
    """

    system_id: str
    name: str
    model: str
    text: Text
    tokens: Span
    tokens_from: str
    kwh: Span
    embodied_kg: Span
    notes: tuple[str, ...]
    estimated_by: str

    @property
    def kwh_per_1000_segments(self) -> Span:
        """Energy for 1,000 segments of the text."""
        return self.kwh.times(SEGMENTS)

    @property
    def kwh_per_million_characters(self) -> Span:
        """Energy for a million characters of sources."""
        return self.kwh.times(self._segments_per_million)

    def co2_kg(self, basis: Basis) -> Span:
        """CO2eq of one segment on a grid, with the making of the hardware as EcoLogits has it.

        PUE and embodied share of the basis are those of this installation: they do not count here.
        """
        return self.kwh.times(basis.grid.g_per_kwh / 1000).plus(self.embodied_kg)

    def co2_kg_per_1000_segments(self, basis: Basis) -> Span:
        """CO2eq of 1,000 segments of the text."""
        return self.co2_kg(basis).times(SEGMENTS)

    def co2_kg_per_million_characters(self, basis: Basis) -> Span:
        """CO2eq of a million characters of sources."""
        return self.co2_kg(basis).times(self._segments_per_million)

    @property
    def _segments_per_million(self) -> float:
        return CHARACTERS / self.text.characters_per_segment


def estimate(
    workspace: Workspace, info: SystemInfo, text: Text, *, size: ModelSize | None = None
) -> LlmEstimate:
    """Gives what an LLM endpoint probably takes.

    Args:
        workspace: Where it is set up, and where its answers are.
        info: The endpoint.
        text: What is translated.
        size: Its parameters; None = as stored; where nothing is, EcoLogits has to know the model.

    Raises:
        ConfigError: EcoLogits does not know the model, and nobody said how large it is.
    """
    by = release()
    size = size_of(workspace, info) if size is None else size
    settings = endpoint_settings(workspace, info.id)
    model = size if size.is_known else find_registered(settings.model, settings.base_url)
    answers = answers_of(workspace, info.id, text)
    tokens, tokens_from = _tokens(answers, text)
    figures = _figures(model, tokens, answers)
    return LlmEstimate(
        system_id=info.id,
        name=info.name,
        model=_model_words(model),
        text=text,
        tokens=tokens,
        tokens_from=tokens_from,
        kwh=figures.kwh,
        embodied_kg=figures.embodied_kg,
        notes=figures.notes,
        estimated_by=by,
    )


def _figures(model: Registered | ModelSize, tokens: Span, answers: Answers | None) -> Figures:
    """Gives the range from the fewest tokens at the least to the most at the most."""
    least, most = (
        figures_of(model, each, answers.seconds_per_token * each if answers else None)
        for each in (tokens.low, tokens.high)
    )
    kwh = Span(least.kwh.low, most.kwh.high)
    return replace(most, kwh=kwh, embodied_kg=Span(least.embodied_kg.low, most.embodied_kg.high))


def _tokens(answers: Answers | None, text: Text) -> tuple[Span, str]:
    if answers is None:
        about = "estimated from the letters of the reference translations"
        return _unsure(text.reference_tokens), about
    tokens = answers.tokens_per_character * text.characters_per_segment
    where = "" if answers.is_same_direction else " in other directions"
    about = f"of {answers.num_segments:,} answers{where}"
    if answers.is_reported:
        return Span(tokens, tokens), f"as the endpoint counted them {about}"
    return _unsure(tokens), f"estimated from the letters {about}"


def _unsure(tokens: float) -> Span:
    return Span(tokens / ESTIMATE_FACTOR, tokens * ESTIMATE_FACTOR)


def _model_words(model: Registered | ModelSize) -> str:
    if isinstance(model, ModelSize):
        return model.words
    return f"{model.model} ({model.provider})"
