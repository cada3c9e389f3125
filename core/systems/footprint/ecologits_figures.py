"""What one answer of an LLM takes, by the pure functions of EcoLogits.

Its tracers, which change the libraries that ask LLMs, are never switched on. It carries its data
with it and asks nobody.
"""

from __future__ import annotations

import importlib
import logging
import math
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from core.errors import ConfigError
from core.systems.footprint.model_size import ModelSize
from core.systems.footprint.span import Span

# The lowest and the highest that EcoLogits knows of the providers' data centres.
UNKNOWN_PUE = Span(1.09, 1.20)
_PROVIDER_OF_HOST = {
    "openai.com": "openai",
    "openai.azure.com": "openai",
    "anthropic.com": "anthropic",
    "mistral.ai": "mistralai",
    "cohere.com": "cohere",
    "cohere.ai": "cohere",
    "googleapis.com": "google_genai",
    "huggingface.co": "huggingface_hub",
}
# How those who pass requests on write the owner before the model: `openai/gpt-4o-mini`.
_PROVIDER_OF_OWNER = {
    "openai": "openai",
    "anthropic": "anthropic",
    "mistralai": "mistralai",
    "mistral": "mistralai",
    "cohere": "cohere",
    "google": "google_genai",
    "models": "google_genai",
}
_PUE_WORDS = f"data centres whose PUE is {UNKNOWN_PUE.low:.2f} to {UNKNOWN_PUE.high:.2f}"
# Its warnings in our words, by their codes; those about electricity mixes do not concern energy.
_NOTES = {
    "model-arch-not-released": "How the model is built has not been published.",
    "model-arch-multimodal": "It is made for more than text, which makes the estimate less sure.",
    "electricity-mix-adpe-world": "",
    "electricity-mix-pe-world": "",
    "electricity-mix-wue-world": "",
}
_ANY_ZONE = "WOR"  # only energy and making are used: neither depends on the grid


@dataclass(frozen=True)
class Registered:
    """A model that EcoLogits knows.

    Attributes:
        provider, model: Its names there.
    """

    provider: str
    model: str


@dataclass(frozen=True)
class Figures:
    """What one answer takes.

    Attributes:
        kwh: Electric energy with the data centre's share (PUE).
        embodied_kg: CO2eq of making the hardware, the answer's share of it.
        notes: What makes it less sure.
    """

    kwh: Span
    embodied_kg: Span
    notes: tuple[str, ...] = ()


def release() -> str:
    """Gives the library with its version."""
    return f"EcoLogits {version('ecologits')}"


def find_registered(model: str, base_url: str) -> Registered:
    """Gives what EcoLogits knows an endpoint's model as.

    The provider is that of the address; behind any other address the name must say enough.

    Raises:
        ConfigError: It does not know the model; the hint asks for the number of parameters.
    """
    models = _library().models
    for candidate in _candidates(model.strip(), base_url):
        if models.find_model(provider=candidate.provider, model_name=candidate.model) is not None:
            return candidate
    raise ConfigError(
        f"EcoLogits does not know the model {model[:120]!r}.",
        hint="Say how many billions of parameters it has, and how many of them are active.",
    )


def figures_of(model: Registered | ModelSize, tokens: float, seconds: float | None) -> Figures:
    """Gives what an answer takes.

    Args:
        model: Who answers.
        tokens: Tokens of the answer.
        seconds: How long it took; None leaves that to EcoLogits.
    """
    latency_s = math.inf if seconds is None else seconds
    if isinstance(model, ModelSize):
        return _figures_of_size(model, tokens, latency_s)
    library = _library()
    found = library.llm_impacts(
        model.provider, model.model, tokens, latency_s, electricity_mix_zone=_ANY_ZONE
    )
    kwh = _span(found.energy.value)
    notes = [_NOTES.get(each.code, each.message) for each in found.warnings or ()]
    if kwh.low == kwh.high:
        own_pue = _span(library.PROVIDER_CONFIG_MAP[model.provider].datacenter_pue)
        kwh = Span(
            kwh.low * UNKNOWN_PUE.low / own_pue.high, kwh.high * UNKNOWN_PUE.high / own_pue.low
        )
        notes.append(f"EcoLogits gives one number; the range is that of {_PUE_WORDS}.")
    return Figures(kwh, _span(found.embodied.gwp.value), tuple(filter(None, notes)))


def _figures_of_size(size: ModelSize, tokens: float, latency_s: float) -> Figures:
    library = _library()
    nothing = {f"if_electricity_mix_{name}": 0.0 for name in ("adpe", "pe", "gwp", "wue")}
    found = library.compute_llm_impacts(
        model_active_parameter_count=size.active_b,
        model_total_parameter_count=size.whole_b,
        output_token_count=tokens,
        request_latency=latency_s,
        datacenter_pue=library.RangeValue(min=UNKNOWN_PUE.low, max=UNKNOWN_PUE.high),
        datacenter_wue=0.0,
        **nothing,
    )
    note = f"It is supposed to run on servers like those of providers, with {_PUE_WORDS}."
    return Figures(_span(found.energy.value), _span(found.embodied.gwp.value), (note,))


def _span(value: Any) -> Span:
    """Gives a number or a range of EcoLogits as a range."""
    if hasattr(value, "min"):
        return Span(float(value.min), float(value.max))
    return Span(float(value), float(value))


def _candidates(model: str, base_url: str) -> list[Registered]:
    host = urlsplit(base_url).hostname or ""
    owner, _, rest = model.partition("/")
    for name, provider in _PROVIDER_OF_HOST.items():
        if host == name or host.endswith(f".{name}"):
            return [Registered(provider, each) for each in (model, rest) if each]
    found = [Registered("huggingface_hub", model)]
    if rest and owner.lower() in _PROVIDER_OF_OWNER:
        found.append(Registered(_PROVIDER_OF_OWNER[owner.lower()], rest))
    elif not rest:
        found += [Registered(each, model) for each in dict.fromkeys(_PROVIDER_OF_OWNER.values())]
    return found


@dataclass(frozen=True)
class _Library:
    """The parts of EcoLogits that are used, none of which changes anything."""

    models: Any
    llm_impacts: Any
    compute_llm_impacts: Any
    RangeValue: Any
    PROVIDER_CONFIG_MAP: Any


@cache
def _library() -> _Library:
    before = logging.getLoggerClass()
    try:
        tracing = importlib.import_module("ecologits.tracers.utils")
        ranges = importlib.import_module("ecologits.utils.range_value")
    finally:
        logging.setLoggerClass(before)  # it makes its own class that of all loggers
    logging.getLogger("ecologits").setLevel(logging.ERROR)  # its warnings are ours to tell
    return _Library(
        tracing.models,
        tracing.llm_impacts,
        tracing.compute_llm_impacts,
        ranges.RangeValue,
        tracing.PROVIDER_CONFIG_MAP,
    )
