"""From a Transformers model to the form in which it is served: CTranslate2's, or its own."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import HostError, ModelError
from core.finetune.models import load_model, load_tokenizer
from core.finetune.new_languages import save_tokenizer as write_tokenizer
from core.serving.servable import TOKENIZER_FOLDER
from core.storage.files import read_json

# Families whose conversion by CTranslate2 fails today, and why; they are served by Transformers.
_UNCONVERTIBLE = {
    "mbart": "CTranslate2 cannot convert mBART models written by this version of Transformers",
}
POSITION_MARGIN = 4
_FULL = (errno.ENOSPC, errno.EDQUOT)


def why_not_converted(source: Path) -> str:
    """Gives why CTranslate2 cannot convert a model, as a clause; empty when it can.

    Raises:
        ModelError: The folder's config.json cannot be read.
    """
    kind = str(model_config(source).get("model_type", ""))
    if kind in _UNCONVERTIBLE:
        return _UNCONVERTIBLE[kind]
    if kind not in ("m2m_100", "marian", "t5"):
        return f"CTranslate2 is not known to convert models of type {kind or 'unknown'}"
    return ""


def model_config(source: Path) -> dict[str, Any]:
    """Gives a model's config.json.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        values = read_json(source / "config.json")
    except (OSError, json.JSONDecodeError) as error:
        raise ModelError(
            f"{source / 'config.json'} cannot be read: {error}.", hint="Is this a model's folder?"
        ) from None
    return dict(values)


def max_positions(source: Path) -> int:
    """Gives the longest text that a model has positions for, in tokens; 0 = no limit of its own.

    Raises:
        ModelError: The folder's config.json cannot be read.
    """
    config = model_config(source)
    if config.get("model_type") not in ("m2m_100", "marian", "mbart"):
        return 0  # T5's positions are relative
    found = int(config.get("max_position_embeddings") or 0)
    # The first token of a translation and its end need places too.
    return max(0, found - POSITION_MARGIN)


def convert(source: Path, folder: Path, quantization: str) -> None:
    """Converts a model by CTranslate2 into the empty `folder`; imports torch.

    Raises:
        ModelError: The model cannot be read, or CTranslate2 refuses it.
        HostError: The disk is full.
    """

    def work() -> None:
        try:
            _converter(source).convert(str(folder), quantization=quantization, force=True)
        except (ValueError, NotImplementedError, AttributeError, KeyError, RuntimeError) as error:
            if _is_disk_full(error) or "allocate memory" in str(error):
                raise
            reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise ModelError(
                f"CTranslate2 cannot convert the model in {source}: {reason}.",
                hint="Choose the engine transformers to serve it as it is.",
            ) from error

    _with_disk(work, folder)


def _converter(source: Path) -> Any:
    """Gives CTranslate2's converter with what it does not know of Transformers 5 put right."""
    from ctranslate2.converters import TransformersConverter

    def model(*_: Any, **__: Any) -> Any:
        loaded = load_model(str(source), dtype="auto")
        if loaded.config.model_type == "t5":
            # By the tie the converter decides whether T5 scales its last states; Transformers 5
            # says always tied, and all beams of T5 1.1 and MADLAD would be weighed wrongly.
            loaded.config.tie_word_embeddings = loaded.config.scale_decoder_outputs
        return loaded

    def tokenizer(*_: Any, **__: Any) -> Any:
        loaded = load_tokenizer(str(source))
        # Transformers 5 leaves M2M100's language tokens out of the vocabulary.
        tokens = {**getattr(loaded, "lang_token_to_id", {}), **loaded.get_vocab()}
        loaded.get_vocab = lambda: tokens
        return loaded

    converter: Any = TransformersConverter(str(source))
    converter.load_model, converter.load_tokenizer = model, tokenizer
    return converter


def copy_original(source: Path, folder: Path) -> None:
    """Puts a model's own files into the empty `folder`; linked where the disk allows, else copied.

    Raises:
        HostError: The disk is full.
    """

    def work() -> None:
        for path in sorted(source.iterdir()):
            if path.is_file():
                _link_or_copy(path, folder / path.name)

    _with_disk(work, folder)


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Writes a tokenizer beside the converted weights.

    Raises:
        HostError: The disk is full.
    """
    _with_disk(lambda: write_tokenizer(tokenizer, folder / TOKENIZER_FOLDER), folder)


def check_converted_vocabulary(folder: Path, tokens: list[str]) -> None:
    """Checks that the converted model knows the tokens that name languages.

    A converter that dropped them would turn each into the unknown token, and the model would
    translate into whatever language it likes best.

    Raises:
        ModelError: One is missing.
    """
    known: set[str] = set()
    for name in ("shared_vocabulary", "source_vocabulary", "target_vocabulary"):
        path = folder / f"{name}.json"
        if path.exists():
            known.update(read_json(path))
    missing = [token for token in tokens if token not in known]
    if missing:
        raise ModelError(
            f"The converted model does not know the language token {missing[0]!r}"
            + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
            + ": it would translate into a wrong language.",
            hint="The model's folder must hold the tokenizer that it was trained with.",
        )


def weights_bytes(folder: Path) -> int:
    """Gives the size of the weights in a prepared or original folder, in the form that is read."""
    for pattern in ("model.bin", "*.safetensors", "pytorch_model*.bin"):
        # A folder of the hub may hold the same weights twice.
        if sizes := [path.stat().st_size for path in folder.glob(pattern)]:
            return sum(sizes)
    return 0


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        # The run may be deleted later; a hard link keeps the bytes without doubling them.
        os.link(source.resolve(), target)
    except OSError:
        shutil.copy2(source, target)


def _with_disk(work: Callable[[], None], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work()
    except Exception as error:  # the writers of tokenizers and safetensors raise their own kinds
        if not _is_disk_full(error):
            raise
        free = shutil.disk_usage(folder.parent).free
        # Half a model is of no use, and its space is needed to say so.
        shutil.rmtree(folder, ignore_errors=True)
        raise HostError(
            f"The disk is full ({free / 1e6:.0f} MB free) while the converted model is written.",
            hint="Free some space on the disk of the workspace and prepare it again.",
        ) from error


def _is_disk_full(error: Exception) -> bool:
    return getattr(error, "errno", None) in _FULL or "No space left" in str(error)
