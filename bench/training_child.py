"""One variant of the training bench, alone in its process: `python -m bench.training_child SPEC`.

Both sides get the same token ids, the same initial weights, AdamW with the same linear schedule,
clipping at 1.0 and fp32. The clock runs from the first batch to the last optimizer step.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from core.finetune.run_folder import RunFolder
from core.finetune.segments import Encoded, Split
from core.finetune.settings import FineTuneSettings
from core.jobs.recorder import Recorder
from core.storage.files import read_json

DEV_SEGMENTS_PER_BATCH = 16


def main() -> None:
    """Trains as the spec says and prints one JSON object."""
    spec = read_json(Path(sys.argv[1]))
    settings = FineTuneSettings.parse(spec["settings"])
    data = Path(spec["data"])
    measured = (_ours if spec["side"] == "ours" else _peer)(settings, data, spec)
    sys.stdout.write("\n" + json.dumps(measured) + "\n")
    sys.stdout.flush()
    os._exit(0)  # DeepSpeed's threads need not be waited for


def _ours(settings: FineTuneSettings, data: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """Trains with the application's own loop."""
    from core.finetune.adapters import bind
    from core.finetune.distributed import join_ranks, seed_everything
    from core.finetune.engines import DeepSpeedEngine, PlainEngine
    from core.finetune.models import load_tokenizer
    from core.finetune.segments import Data
    from core.finetune.training import Loop

    ranks = join_ranks(settings.engine)
    seed_everything(settings.seed, 0)
    adapter = bind(load_tokenizer(str(data / "tokenizer")), settings.src_lang, settings.tgt_lang)
    train, dev = (Encoded(**read_json(data / f"{split}.json")) for split in ("train", "dev"))
    # The loop translates one segment at its end, after the clock has stopped.
    text = Split(["Wash your hands."], ["Nigh do lámha."])
    folder = RunFolder(Path(spec["output"]))
    watch = _Watch(folder)
    model = _new_model(len(adapter.tokenizer), settings.seed)
    engine = (DeepSpeedEngine if settings.engine == "deepspeed" else PlainEngine)(
        model, settings, 1
    )
    loop = Loop(engine, adapter, Data(train, dev, text, text), settings, folder, ranks, watch)
    loaded = _peak_bytes()
    outcome = loop.run()
    return {
        "wall_s": watch.ended_s - watch.began_s,
        "loaded_bytes": loaded,
        "peak_bytes": watch.peak_bytes,
        "steps": outcome.step,
        "dev_loss": _dev_loss(loop.module, dev, adapter.tokenizer.pad_token_id),
    }


class _Watch(Recorder):
    """Writes the records of a run and notes when its first step began and its last one ended."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder, 0)
        self.began_s = self.ended_s = 0.0
        self.peak_bytes = 0

    def phase(self, phase: str, note: str = "") -> None:
        super().phase(phase, note)
        if phase == "training" and not self.began_s:
            self.began_s = time.perf_counter()
        if phase == "evaluating" and not self.ended_s:
            self.ended_s = time.perf_counter()
            self.peak_bytes = _peak_bytes()


def _peer(settings: FineTuneSettings, data: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """Trains with Transformers' Seq2SeqTrainer, without evaluation, logging or checkpoints."""
    from transformers import (
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        set_seed,
    )

    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(str(data / "tokenizer"))
    train, dev = (Encoded(**read_json(data / f"{split}.json")) for split in ("train", "dev"))
    rows = [
        {"input_ids": source, "attention_mask": [1] * len(source), "labels": target}
        for source, target in zip(train.sources, train.targets, strict=True)
    ]
    model = _new_model(len(tokenizer), settings.seed)
    arguments = Seq2SeqTrainingArguments(
        output_dir=spec["output"],
        per_device_train_batch_size=settings.batch_size,
        num_train_epochs=settings.num_epochs,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        lr_scheduler_type="linear",
        train_sampling_strategy=spec["sampling"],
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        seed=settings.seed,
    )
    clock = _clock()
    trainer = Seq2SeqTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        processing_class=tokenizer,
        callbacks=[clock],
    )
    loaded = _peak_bytes()
    trainer.train()
    return {
        "wall_s": clock.ended_s - clock.began_s,
        "loaded_bytes": loaded,
        "peak_bytes": clock.peak_bytes,
        "steps": trainer.state.global_step,
        "dev_loss": _dev_loss(model, dev, tokenizer.pad_token_id),
    }


def _clock() -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Notes when training began and ended."""

        began_s = ended_s = 0.0
        peak_bytes = 0

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.began_s = time.perf_counter()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            self.ended_s = time.perf_counter()
            self.peak_bytes = _peak_bytes()

    return Clock()


def _new_model(vocab_size: int, seed: int) -> Any:
    """Gives NLLB's architecture in miniature; the same seed gives the same weights."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=vocab_size,
        d_model=128,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=512,
        decoder_ffn_dim=512,
        dropout=0.1,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        max_position_embeddings=512,
        decoder_start_token_id=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = M2M100ForConditionalGeneration(config)
    model.generation_config.max_length = None
    return model


def _dev_loss(model: Any, dev: Encoded, pad: int) -> float:
    """Gives the cross-entropy per label token, the same way for both sides."""
    import torch

    from core.finetune.decoding import padded

    model.eval()
    total = num_tokens = 0.0
    with torch.no_grad():
        for first in range(0, len(dev.sources), DEV_SEGMENTS_PER_BATCH):
            part = slice(first, first + DEV_SEGMENTS_PER_BATCH)
            inputs, mask = padded(dev.sources[part], pad)
            labels, _ = padded(dev.targets[part], -100)
            loss = model(
                input_ids=torch.tensor(inputs),
                attention_mask=torch.tensor(mask),
                labels=torch.tensor(labels),
            ).loss
            count = sum(map(len, dev.targets[part]))
            total += float(loss) * count
            num_tokens += count
    return total / num_tokens


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
