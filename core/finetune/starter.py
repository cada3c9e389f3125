"""The starter model: NLLB's architecture and tokenizer in miniature, untrained, built here.

It exists so that a newcomer without GPU and network can fine-tune something real: the same
classes, the same language codes, a million parameters instead of 600 million.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from core.finetune.untrained import Sizes, Vocabulary, build_untrained, learn_tokenizer

NUM_PIECES = 300
SIZES = Sizes(d_model=128, num_layers=2, num_heads=4, ffn_dim=512)

# Letters that the sample may lack but European names and loan words bring along.
_LETTERS = [chr(c) for c in range(0x21, 0x7F)] + list("áéíóúÁÉÍÓÚàèìòùâêîôûäëïöüçñ’‘“”–…€")

CARD = """# Starter model (untrained)

NLLB architecture and tokenizer class with random weights, built on this machine by adaptMLLM
from the bundled synthetic sample corpus. It translates nothing before it is fine-tuned and is
no language model to be published.
"""


def build_starter(folder: Path, texts: Iterable[str]) -> None:
    """Builds the starter model in `folder`; the pieces are learnt from `texts`.

    The folder appears whole or not at all. Takes some seconds, imports torch.
    """
    vocabulary = Vocabulary(NUM_PIECES + len(_LETTERS), _LETTERS)
    tokenizer = learn_tokenizer(texts, vocabulary, "eng_Latn", "gle_Latn")
    build_untrained(folder, tokenizer, SIZES, seed=0, card=CARD)


if __name__ == "__main__":
    build_starter(Path(sys.argv[1]), json.loads(sys.stdin.read()))
