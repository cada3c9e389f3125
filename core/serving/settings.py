"""The settings of a preparation and of a service, each declared once."""

from __future__ import annotations

import ipaddress
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.settings import Settings, checked_language

QUANTIZATIONS = ("int8", "int8_float16", "float16", "float32")


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class PrepareSettings(Settings):
    """How a model is made ready for serving and compared with the original."""

    version: Literal[1] = 1
    model: str = _field(
        "",
        "The model: a run's id or name, RUN@STEP for a checkpoint, 'starter', a hub id or a "
        "folder.",
        "Model",
        max_length=1000,
    )
    quantization: Literal["int8", "int8_float16", "float16", "float32"] = _field(
        "int8",
        "How weights are stored: int8 is four times smaller and fastest on processors; float16 "
        "and int8_float16 suit GPUs; float32 changes nothing.",
        "Model",
    )
    engine: Literal["auto", "transformers"] = _field(
        "auto",
        "auto: CTranslate2, and Transformers for families that it cannot convert. transformers: "
        "the original weights, slower.",
        "Model",
    )
    directions: Literal["trained", "all"] = _field(
        "trained",
        "trained: only the direction of the run, or both that it learnt. all: every language "
        "that the model's tokenizer knows; always so for a base model of many languages.",
        "Model",
    )
    corpus: str = _field(
        "",
        "Name or id of the corpus whose dev lines both models translate; empty: the run's own.",
        "Comparison",
        max_length=200,
    )
    src_lang: str = _field(
        "", "Source language of the comparison; empty: as in run or corpus.", "Comparison"
    )
    tgt_lang: str = _field(
        "", "Target language of the comparison; empty: as in run or corpus.", "Comparison"
    )
    num_segments: int = _field(
        200,
        "Dev lines that both models translate; 200 show a loss of quality that matters.",
        "Comparison",
        ge=1,
        le=5000,
        title="Dev lines",
    )
    num_beams: int = _field(
        1,
        "Beam size of the comparison; also what the service uses unless told otherwise.",
        "Comparison",
        ge=1,
        le=16,
        title="Beams",
    )
    threads: int = _field(
        0, "Processor threads; 0 = all cores.", "Comparison", ge=0, le=512, title="Threads"
    )
    max_chrf_drop: float = _field(
        0.5,
        "Loss of chrF (0 to 100) up to which the page recommends to accept.",
        "Comparison",
        ge=0,
        le=100,
        title="Accepted loss of chrF",
    )

    @field_validator("src_lang", "tgt_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code) if code else code

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.src_lang) != bool(self.tgt_lang):
            raise ValueError("src_lang and tgt_lang must be given both, or neither")
        if self.src_lang and self.src_lang == self.tgt_lang:
            raise ValueError(f"src_lang and tgt_lang are both {self.src_lang}")
        return self


class ServeSettings(Settings):
    """Everything that decides how a service answers."""

    version: Literal[1] = 1
    model: str = _field(
        "",
        "What to serve: RUN, RUN@STEP, a base model, or a folder with a prepared model.",
        "Service",
        max_length=1000,
    )
    host: str = _field(
        "127.0.0.1",
        "Address to listen on. Any other than 127.0.0.1 or ::1 opens the service to other "
        "machines and demands an API key.",
        "Service",
        min_length=1,
        max_length=255,
    )
    port: int = _field(5000, "Port to listen on.", "Service", ge=1, le=65535)
    require_key: bool = _field(
        False, "Demand an API key from callers on this machine too.", "Service"
    )
    threads: int = _field(
        0,
        "Processor threads in all; 0 = all cores.",
        "Service",
        ge=0,
        le=512,
        title="Threads",
    )
    num_beams: int = _field(
        0,
        "Beam size: 1 is fastest, 4 or 5 often a little better; 0 = as in the comparison.",
        "Service",
        ge=0,
        le=16,
        title="Beams",
    )
    max_source_length: int = _field(
        256,
        "Longer sentences are cut into parts of at most this many tokens.",
        "Service",
        ge=16,
        le=4096,
        title="Longest sentence (tokens)",
    )
    idle_minutes: float = _field(
        0.0,
        "The service ends by itself after so many minutes without a translation, a document or a "
        "detection; 0 = never.",
        "Service",
        ge=0,
        le=100_000,
        title="Idle time (min)",
    )

    char_limit: int = _field(
        20_000, "Characters of one request.", "Limits", ge=1, le=10_000_000, title="Characters"
    )
    batch_limit: int = _field(
        200, "Texts of one request.", "Limits", ge=1, le=100_000, title="Texts"
    )
    file_limit_mb: float = _field(
        10.0, "Size of a document, in megabytes.", "Limits", gt=0, le=1000, title="Document (MB)"
    )
    requests_per_minute: int = _field(
        0,
        "Requests a minute of a caller without a key; 0 = no limit.",
        "Limits",
        ge=0,
        le=1_000_000,
    )
    characters_per_minute: int = _field(
        0,
        "Characters a minute of a caller without a key; 0 = no limit.",
        "Limits",
        ge=0,
        le=1_000_000_000,
    )
    deadline_s: float = _field(
        60.0,
        "A request that cannot be answered within this many seconds is refused.",
        "Limits",
        gt=0,
        le=3600,
        title="Deadline (s)",
    )

    tokens_per_batch: int = _field(
        2048,
        "Longest sentence times sentences that the model translates at once.",
        "Batching",
        ge=64,
        le=1_000_000,
        title="Tokens per batch",
    )
    window_ms: float = _field(
        20.0,
        "How long a sentence may wait for others that are on their way, to share a batch; a "
        "caller alone waits for no more than a fiftieth of what a batch takes.",
        "Batching",
        ge=0,
        le=20,
        title="Window (ms)",
    )
    queue_limit: int = _field(
        2000,
        "Sentences of requests that are accepted and not yet answered; beyond it callers are told "
        "to come back.",
        "Batching",
        ge=1,
        le=1_000_000,
        title="Queue (sentences)",
    )
    cache_limit: int = _field(
        5000,
        "Translations of sentences kept in memory for repeated requests; 0 = none.",
        "Batching",
        ge=0,
        le=1_000_000,
        title="Cache (sentences)",
    )

    cors_origins: str = _field(
        "",
        "Web origins whose pages may call the service, separated by spaces, such as "
        "https://example.org; empty: none.",
        "Access",
        max_length=2000,
        title="Web origins",
    )
    allowed_hosts: str = _field(
        "",
        "Names under which the service is reached, separated by spaces; empty: this machine's "
        "own on 127.0.0.1, any elsewhere.",
        "Access",
        max_length=2000,
        title="Host names",
    )
    log_texts: bool = _field(
        False, "Write texts and translations into the log; off, none is ever written.", "Access"
    )
    glossary: str = _field(
        "",
        "Path of a glossary: two columns, separated by a tab; empty: none.",
        "Access",
        max_length=1000,
    )

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        if host == "localhost":
            return "127.0.0.1"
        try:
            return str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            raise ValueError(
                f"{host!r} is no IP address; give one of this machine's, such as 127.0.0.1"
            ) from None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def needs_key(self) -> bool:
        """Whether nobody is served without a key."""
        return self.require_key or not self.is_loopback
