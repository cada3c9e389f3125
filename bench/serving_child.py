"""One engine of the serving bench, alone in its process: `python -m bench.serving_child SPEC`.

Prints one JSON object: `seconds` for all lines, `counts` of tokens given for each, `singles_s`
of the model alone for lines that came one by one, `peak_bytes` of the process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.data import SRC_LANG, TGT_LANG
from core.host import num_cores, peak_memory_bytes
from core.storage.files import read_json, utc_now

# Gives the number of tokens of each translation, without start, end and padding.
Translate = Callable[[list[str]], list[int]]

HF_BATCH = 32
NLLB_600M = {
    "vocab_size": 256_206,
    "d_model": 1024,
    "encoder_layers": 12,
    "decoder_layers": 12,
    "encoder_attention_heads": 16,
    "decoder_attention_heads": 16,
    "encoder_ffn_dim": 4096,
    "decoder_ffn_dim": 4096,
    "encoder_layerdrop": 0.0,
    "decoder_layerdrop": 0.0,
    "max_position_embeddings": 1024,
    "decoder_start_token_id": 2,
    "scale_embedding": True,
}


def main() -> None:
    """Does what the spec says and prints the figures."""
    spec = read_json(Path(sys.argv[1]))
    values = _built(spec) if spec["engine"] == "build" else _measured(spec)
    values["peak_bytes"] = peak_memory_bytes()
    sys.stdout.write("\n" + json.dumps(values) + "\n")


def _measured(spec: dict[str, Any]) -> dict[str, Any]:
    engines = {"loop": _transformers, "batched": _transformers, "plain": _ctranslate2}
    began_s = time.perf_counter()
    clock: list[float] = []
    translate = engines[spec["engine"]](spec, clock)
    translate(spec["warm_up"])  # the first call also allocates and starts threads
    load_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    counts = translate(spec["lines"])
    seconds = time.perf_counter() - began_s
    clock.clear()
    for line in spec["singles"]:
        translate([line])
    return {"seconds": seconds, "load_s": load_s, "counts": counts, "singles_s": clock}


def _transformers(spec: dict[str, Any], clock: list[float]) -> Translate:
    """Gives Transformers' `generate`, one line at a time or batches of lines of like length."""
    import torch

    from core.finetune.adapters import bind
    from core.finetune.models import load_model, load_tokenizer

    torch.set_num_threads(num_cores())
    adapter = bind(load_tokenizer(spec["original"]), SRC_LANG, TGT_LANG)
    tokenizer = adapter.tokenizer
    model = load_model(spec["original"]).eval()
    model.generation_config.max_length = None  # max_new_tokens comes with each call
    ignored = {tokenizer.pad_token_id, tokenizer.eos_token_id}
    size = HF_BATCH if spec["engine"] == "batched" else 1

    def run(lines: list[str]) -> list[int]:
        order = sorted(range(len(lines)), key=lambda index: -len(lines[index]))
        counts = [0] * len(lines)
        for first in range(0, len(order), size):
            part = order[first : first + size]
            batch = tokenizer([lines[i] for i in part], return_tensors="pt", padding=True)
            began_s = time.perf_counter()
            with torch.inference_mode():
                rows = model.generate(
                    **batch,
                    forced_bos_token_id=adapter.forced_bos_token_id,
                    max_new_tokens=spec["max_length"],
                    num_beams=1,
                    do_sample=False,
                )
            clock.append(time.perf_counter() - began_s)
            tokenizer.batch_decode(rows, skip_special_tokens=True)
            for index, row in zip(part, rows.tolist(), strict=True):
                counts[index] = sum(token not in ignored for token in row)
        return counts

    return run


def _ctranslate2(spec: dict[str, Any], clock: list[float]) -> Translate:
    """Gives CTranslate2 without anything around it: one call, its batches even over workers."""
    import ctranslate2

    from core.serving.codec import Codec

    codec = Codec(Path(spec["prepared"]))
    to_tokens = codec.tokenizer.convert_ids_to_tokens
    workers = spec["workers"]
    translator = ctranslate2.Translator(
        spec["prepared"],
        device="cpu",
        inter_threads=workers,
        intra_threads=max(1, num_cores() // workers),
    )

    def run(lines: list[str]) -> list[int]:
        sources = [to_tokens(list(r.ids)) for r in codec.encode(lines, SRC_LANG, TGT_LANG)]
        slots = max(map(len, sources)) * -(-len(sources) // workers)
        began_s = time.perf_counter()
        found = translator.translate_batch(
            sources,
            target_prefix=[[TGT_LANG]] * len(sources),
            max_batch_size=min(slots, spec["tokens_per_batch"]),
            batch_type="tokens",
            beam_size=1,
            max_decoding_length=spec["max_length"],
        )
        clock.append(time.perf_counter() - began_s)
        rows = [result.hypotheses[0] for result in found]
        to_ids = codec.tokenizer.convert_tokens_to_ids
        codec.decode([to_ids(row) for row in rows], SRC_LANG, TGT_LANG)
        return [len(row) for row in rows]

    return run


def _built(spec: dict[str, Any]) -> dict[str, Any]:
    """Makes a model of NLLB-600M's shape with random weights, and its int8 form to be served.

    Such weights repeat the target language's token up to the length limit: every translation is
    as long as every other, and is no text, so that nothing is searched again for being a loop.
    """
    from core.finetune.models import load_tokenizer
    from core.serving import conversion
    from core.serving.servable import Servable

    original, prepared = Path(spec["original"]), Path(spec["prepared"])
    tokenizer = load_tokenizer(spec["tokenizer"])
    num_parameters = _write_random(original)
    tokenizer.save_pretrained(original)
    conversion.convert(original, prepared, "int8")
    conversion.save_tokenizer(tokenizer, prepared)
    Servable(
        name="NLLB-600M shape",
        model="random weights",
        family="NLLB",
        engine="ctranslate2",
        engine_reason="",
        quantization="int8",
        sources=[SRC_LANG],
        targets=[TGT_LANG],
        licence="built on this machine",
        notice="",
        max_target_length=spec["max_length"],
        num_beams=1,
        size_bytes=conversion.weights_bytes(prepared),
        created_at=utc_now(),
    ).save(prepared)
    return {"num_parameters": num_parameters}


def _write_random(folder: Path) -> int:
    """Writes the weights in float32, as NLLB's are; gives how many there are."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    # Allocated once and filled once: Transformers' own initialisation takes several times as long.
    with torch.device("meta"):
        model = M2M100ForConditionalGeneration(M2M100Config(**NLLB_600M))
    model.to_empty(device="cpu")
    model.tie_weights()
    torch.manual_seed(1)
    for name, weights in model.named_parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.02)
        else:
            torch.nn.init.constant_(weights, float(name.endswith("norm.weight")))
    model.save_pretrained(folder)
    return sum(weights.numel() for weights in model.parameters())


if __name__ == "__main__":
    main()
