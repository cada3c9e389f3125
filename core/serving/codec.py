"""From text to token ids and back, for every direction of a prepared model; without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.finetune.adapters import Adapter, bind
from core.finetune.models import load_tokenizer
from core.serving.servable import TOKENIZER_FOLDER

# Longer than any sentence: nothing is cut off in silence, the caller has split what is too long.
_NO_LIMIT = 100_000


@dataclass(frozen=True)
class Encoded:
    """A source as the model takes it.

    Attributes:
        ids: Token ids with the language's special tokens.
        first_id: The token that the translation must begin with; None if there is none.
    """

    ids: tuple[int, ...]
    first_id: int | None


class Codec:
    """A tokenizer that serves many threads and directions.

    One tokenizer holds the languages as its state, so each use binds it anew under a lock: that
    takes microseconds, a second tokenizer of 256,000 pieces a hundred megabytes.
    """

    def __init__(self, folder: Path) -> None:
        """Loads the tokenizer of a prepared model.

        Raises:
            ModelError: It cannot be read.
        """
        self.tokenizer: Any = load_tokenizer(str(folder / TOKENIZER_FOLDER))
        self._lock = threading.Lock()
        self._bound: tuple[str, str] | None = None
        self._adapters: dict[tuple[str, str], Adapter] = {}

    def _bind(self, src_lang: str, tgt_lang: str) -> Adapter:
        direction = (src_lang, tgt_lang)
        known = self._adapters.get(direction)
        # T5 and Marian put the language into the text: their tokenizer holds no direction, and
        # finding the prefix among 256,000 pieces takes a third of a second.
        if known is not None and (known.forced_bos_token_id is None or self._bound == direction):
            return known
        adapter = bind(self.tokenizer, src_lang, tgt_lang)
        self._adapters[direction] = adapter
        self._bound = direction
        return adapter

    def encode(self, sources: Sequence[str], src_lang: str, tgt_lang: str) -> list[Encoded]:
        """Gives the token ids of sources.

        Raises:
            ModelError: The model does not know one of the languages.
        """
        with self._lock:
            adapter = self._bind(src_lang, tgt_lang)
            rows = adapter.encode_sources(sources, _NO_LIMIT)
        return [Encoded(tuple(row), adapter.forced_bos_token_id) for row in rows]

    def decode(self, rows: Sequence[Sequence[int]], src_lang: str, tgt_lang: str) -> list[str]:
        """Gives the text of translations, without special tokens."""
        if not rows:
            return []
        with self._lock:
            return self._bind(src_lang, tgt_lang).decode(rows)

    def num_tokens(self, text: str, src_lang: str, tgt_lang: str) -> int:
        """Gives the length of a source in tokens, special ones included."""
        return len(self.encode([text], src_lang, tgt_lang)[0].ids)
