"""One side of the gate, alone in its process: `python -m core.serving.gate_child SPEC`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.host import peak_memory_bytes
from core.storage.files import read_json, write_json

Translate = Callable[[list[str]], list[str]]
MAX_SOURCE_LENGTH = 512


def main() -> None:
    """Translates as the spec says and writes hypotheses, speed and memory."""
    spec = read_json(Path(sys.argv[1]))
    began_s = time.perf_counter()
    translate = (_original if spec["side"] == "original" else _prepared)(spec)
    translate(spec["sources"][:1])  # the first call also allocates and starts threads
    load_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    hypotheses = translate(spec["sources"])
    seconds = time.perf_counter() - began_s
    values = {
        "hypotheses": hypotheses,
        "load_s": round(load_s, 2),
        "segments_per_s": round(len(hypotheses) / max(seconds, 1e-6), 2),
        "peak_memory_bytes": peak_memory_bytes(),
    }
    write_json(Path(spec["answer"]), values)


def _original(spec: dict[str, Any]) -> Translate:
    import torch

    from core.finetune.adapters import bind
    from core.finetune.decoding import translate
    from core.finetune.models import load_model, load_tokenizer
    from core.host import accelerator, num_cores

    torch.set_num_threads(spec["threads"] or num_cores())
    adapter = bind(load_tokenizer(spec["model"]), spec["src_lang"], spec["tgt_lang"])
    device = "cuda" if accelerator() == "cuda" else "cpu"
    model = load_model(spec["model"], dtype="auto").to(device).eval()
    model.generation_config.max_length = None  # max_new_tokens comes with each call

    def run(sources: list[str]) -> list[str]:
        return translate(
            model,
            adapter,
            sources,
            max_source_length=MAX_SOURCE_LENGTH,
            max_target_length=spec["max_target_length"],
            num_beams=spec["num_beams"],
        ).hypotheses

    return run


def _prepared(spec: dict[str, Any]) -> Translate:
    from core.finetune.decoding import length_batches
    from core.serving.codec import Codec
    from core.serving.engines.engine import DecodeOptions, open_engine
    from core.serving.servable import load_servable

    folder = Path(spec["model"])
    codec = Codec(folder)
    slots = 2048
    engine = open_engine(
        folder, load_servable(folder), codec, threads=spec["threads"], tokens_per_batch=slots
    )
    options = DecodeOptions(num_beams=spec["num_beams"], max_length=spec["max_target_length"])
    languages = (spec["src_lang"], spec["tgt_lang"])

    def run(sources: list[str]) -> list[str]:
        encoded = codec.encode(sources, *languages)
        rows: list[tuple[int, ...]] = [()] * len(sources)
        lengths = [len(row.ids) for row in encoded]
        share = min(slots, -(-sum(lengths) // engine.num_workers))
        batches = length_batches(lengths, max([share, *lengths]))
        with ThreadPoolExecutor(engine.num_workers) as threads:
            found = threads.map(
                lambda batch: engine.generate([encoded[i] for i in batch], options), batches
            )
            for batch, results in zip(batches, found, strict=True):
                for index, hypotheses in zip(batch, results, strict=True):
                    rows[index] = hypotheses[0]
        return codec.decode(rows, *languages)

    return run


if __name__ == "__main__":
    main()
