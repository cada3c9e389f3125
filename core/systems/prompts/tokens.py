"""How many tokens a prompt has, estimated: each model counts with a tokenizer of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import regex  # type: ignore[import-untyped]

from core.errors import ConfigError

# Tokens a character, in between of what two tokenizers of large models (the vocabularies cl100k of
# 2023 and o200k of 2024) gave for the messages of GTK in 40 languages and for LoResMT's English and
# Irish. The older one needs up to five times as many for Indic scripts.
_RATES = {
    "letter": (r"[A-Za-z\s]", 0.24),
    "accented": (r"[\p{Latin}--[A-Za-z]]", 1.2),
    "digit": (r"\d", 0.4),
    "punctuation": (r"[[\x00-\x7f]--[A-Za-z\d\s]]", 0.5),
    "cyrillic": (r"\p{Cyrillic}", 0.42),
    "near": (r"[\p{Greek}\p{Arabic}\p{Hebrew}]", 0.5),
    "indic": (r"[\p{Devanagari}\p{Bengali}\p{Thai}\p{Tamil}]", 0.6),
    "ideographic": (r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]", 0.7),
}
_PER_BYTE = 0.33  # of all other characters, in UTF-8

_RUN = regex.compile(
    "|".join(f"(?P<{name}>{pattern}+)" for name, (pattern, _) in _RATES.items()),
    regex.VERSION1,  # knows the difference of two sets
)

_PER_MESSAGE = 4  # the role, and the marks around a message
_PER_ANSWER = 3  # the marks that begin the answer


def estimate_tokens(text: str, *, characters_per_token: float | None = None) -> int:
    """Gives an estimate of the number of tokens; it may be wrong by half, more for rare scripts.

    Args:
        text: Any text.
        characters_per_token: What the model has shown to need, instead of a rule by script.

    Raises:
        ConfigError: `characters_per_token` is not a positive number.
    """
    if characters_per_token is not None:
        if not 0 < characters_per_token < math.inf:
            raise ConfigError(f"{characters_per_token} characters a token are not possible.")
        return math.ceil(len(text) / characters_per_token)
    num_tokens = 0.0
    counted = 0
    for match in _RUN.finditer(text):
        length = match.end() - match.start()
        num_tokens += length * _RATES[match.lastgroup][1]
        counted += length
    if counted < len(text):
        others = _RUN.sub("", text)
        num_tokens += len(others.encode("utf-8", "replace")) * _PER_BYTE
    return math.ceil(num_tokens)


def count_messages(
    messages: Iterable[Mapping[str, str]], *, characters_per_token: float | None = None
) -> int:
    """Gives an estimate of the number of tokens of chat messages, with the marks around them.

    Args:
        messages: Each with `role` and `content`.
        characters_per_token: As for `estimate_tokens`.

    Raises:
        ConfigError: As `estimate_tokens`.
    """
    return _PER_ANSWER + sum(
        _PER_MESSAGE
        + estimate_tokens(message["content"], characters_per_token=characters_per_token)
        for message in messages
    )
