"""The settings of a run: the one declaration behind form, command line and settings file."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.errors import ConfigError
from core.finetune.recipes import RECIPES as RECIPES
from core.finetune.recipes import SCRATCH as SCRATCH
from core.finetune.recipes import STARTER as STARTER
from core.settings import Settings, checked_language


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    """Declares a field; `title` is its label where the name alone would not read well."""
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class FineTuneSettings(Settings):
    """Everything that decides what a run does.

    The description of each field says what it is, and why one would change it; the `group` in
    its schema is the part of the form where it stands.
    """

    version: Literal[1] = 1
    name: str = _field(
        "", "What to call the run; empty: base model and direction.", "Run", max_length=200
    )
    base_model: str = _field(
        STARTER,
        "The model to start from: 'starter', a hub id such as facebook/nllb-200-distilled-600M, "
        "a local folder, or 'from scratch': random weights, and pieces learnt from the corpus.",
        "Run",
        min_length=1,
        max_length=1000,
    )
    corpus: str = _field("", "Name or id of the corpus to learn from.", "Run")
    src_lang: str = _field("eng_Latn", "Translate from: a FLORES-200 code.", "Run")
    tgt_lang: str = _field("gle_Latn", "Translate to: a FLORES-200 code.", "Run")

    # Small models with few pieces and strong dropout do better on small corpora: Sennrich & Zhang
    # (2019, "Revisiting Low-Resource NMT"), Araabi & Monz (2020, "Optimizing Transformer for
    # Low-Resource NMT").
    scratch_pieces: int = _field(
        4000,
        "Pieces of words to learn from the training split, both languages together; small "
        "corpora want few, so that each is seen often.",
        "From scratch",
        ge=100,
        le=256_000,
        title="Vocabulary (pieces)",
    )
    scratch_d_model: int = _field(
        256,
        "Width of the model; the heads must divide it.",
        "From scratch",
        ge=8,
        le=4096,
        title="Model width (d_model)",
    )
    scratch_layers: int = _field(
        3,
        "Layers of the encoder, and again of the decoder; more needs more data.",
        "From scratch",
        ge=1,
        le=48,
        title="Layers (each side)",
    )
    scratch_heads: int = _field(
        4,
        "Attention heads of each layer.",
        "From scratch",
        ge=1,
        le=64,
        title="Attention heads",
    )
    scratch_ffn_factor: int = _field(
        4,
        "Width of the feed-forward blocks in model widths.",
        "From scratch",
        ge=1,
        le=16,
        title="Feed-forward factor",
    )
    scratch_dropout: float = _field(
        0.3,
        "Share of activations dropped in training; 0.3 to 0.5 for small corpora, 0.1 for large "
        "ones.",
        "From scratch",
        ge=0,
        le=0.9,
        title="Dropout",
    )

    method: Literal["full", "lora"] = _field(
        "full",
        "full: the model's own weights are trained. lora: they all stay, and small matrices beside "
        "chosen layers are trained (LoRA); that takes a fraction of the memory, forgets less, and "
        "wants a learning rate about ten times higher.",
        "Method",
    )
    lora_rank: int = _field(
        16,
        "LoRA only: width of the added matrices; more can learn more and takes more memory.",
        "Method",
        ge=1,
        le=1024,
        title="LoRA rank",
    )
    lora_alpha: float = _field(
        32.0,
        "LoRA only: the added matrices count alpha / rank; more of it acts like a higher learning "
        "rate.",
        "Method",
        gt=0,
        le=10_000,
        title="LoRA alpha",
    )
    lora_dropout: float = _field(
        0.05,
        "LoRA only: share of the added matrices' inputs dropped in training; more of it fits small "
        "corpora.",
        "Method",
        ge=0,
        le=0.9,
        title="LoRA dropout",
    )
    lora_targets: Literal["attention", "attention and feed-forward"] = _field(
        "attention",
        "LoRA only: the layers that get matrices. With feed-forward layers more is learnt, with "
        "about twice the memory for it.",
        "Method",
        title="LoRA on",
    )
    freeze: Literal["nothing", "embeddings", "encoder", "encoder and embeddings"] = _field(
        "nothing",
        "Full only: parts whose weights stay as they are. Takes less memory, and keeps what the "
        "model knows of words the corpus lacks, or of a source language it already reads well.",
        "Method",
        title="Frozen",
    )

    num_epochs: int = _field(
        3,
        "Passes over the training split. More fits small corpora better until dev scores fall.",
        "Training",
        ge=1,
        le=1000,
        title="Epochs",
    )
    max_steps: int = _field(
        0,
        "Stop after this many optimizer steps; 0 = as many as the epochs need.",
        "Training",
        ge=0,
        le=10_000_000,
        title="Steps at most",
    )
    learning_rate: float = _field(
        2e-5,
        "Peak step size of AdamW. 1e-5 to 1e-4 suits a pre-trained model; an untrained one "
        "needs about 2e-3.",
        "Training",
        gt=0,
        le=1.0,
    )
    schedule: Literal["linear", "cosine", "constant"] = _field(
        "linear",
        "How the learning rate falls to zero after the warm-up.",
        "Training",
        title="Learning-rate schedule",
    )
    warmup_steps: int = _field(
        50,
        "Optimizer steps over which the learning rate rises from zero; protects a pre-trained "
        "model from large first updates.",
        "Training",
        ge=0,
        le=100_000,
        title="Warm-up steps",
    )
    weight_decay: float = _field(
        0.01,
        "Pulls weights towards zero at each step; more of it can help very small corpora.",
        "Training",
        ge=0,
        le=2.0,
    )
    label_smoothing: float = _field(
        0.0,
        "Share of probability spread over all tokens; 0.1 is usual for training translation "
        "models, 0 keeps losses comparable.",
        "Training",
        ge=0,
        le=0.5,
    )
    max_grad_norm: float = _field(
        1.0,
        "Gradients longer than this are shortened; 0 switches clipping off.",
        "Training",
        ge=0,
        le=1000.0,
        title="Gradient clipping",
    )
    seed: int = _field(
        20240302,
        "Decides shuffling and dropout; same seed, same run.",
        "Training",
        ge=0,
        le=2**32 - 1,
    )

    batching: Literal["token budget", "fixed size"] = _field(
        "token budget",
        "Token budget groups segments of similar length, so that almost nothing is padding; "
        "fixed size draws segments at random, as most tools do.",
        "Batches",
    )
    tokens_per_batch: int = _field(
        1920,
        "Token budget only: longest segment times segments of one batch, per process; caps memory.",
        "Batches",
        ge=16,
        le=1_000_000,
        title="Tokens per batch",
    )
    batch_size: int = _field(
        16,
        "Fixed size only: segments in one batch, per process.",
        "Batches",
        ge=1,
        le=65536,
        title="Segments per batch",
    )
    gradient_accumulation: int = _field(
        1,
        "Batches added up before one optimizer step: a larger effective batch in the same memory.",
        "Batches",
        ge=1,
        le=1024,
    )
    max_source_length: int = _field(
        128,
        "Longer sources are cut to this many tokens.",
        "Batches",
        ge=4,
        le=4096,
        title="Longest source (tokens)",
    )
    max_target_length: int = _field(
        128,
        "Longer targets are cut, and translations end, at this many tokens.",
        "Batches",
        ge=4,
        le=4096,
        title="Longest target (tokens)",
    )

    eval_every_steps: int = _field(
        0,
        "Steps between evaluations on the dev split (each also saves a checkpoint); 0 = at the "
        "end of each epoch.",
        "Evaluation",
        ge=0,
        le=10_000_000,
        title="Steps between evaluations",
    )
    eval_segments: int = _field(
        200,
        "Dev segments translated at each evaluation; fewer is faster, more is surer.",
        "Evaluation",
        ge=1,
        le=100_000,
        title="Dev segments translated",
    )
    num_samples: int = _field(
        8,
        "Fixed dev segments shown side by side on the run's page.",
        "Evaluation",
        ge=0,
        le=100,
        title="Sample segments",
    )
    num_beams: int = _field(
        4,
        "Beam size for the final translations of the test split; 1 is fastest. Evaluations "
        "during training always use 1.",
        "Evaluation",
        ge=1,
        le=32,
        title="Beams",
    )

    engine: Literal["deepspeed", "plain"] = _field(
        "deepspeed",
        "deepspeed: started by the DeepSpeed launcher. plain: the same trainer on PyTorch alone, "
        "for hosts where DeepSpeed cannot compile.",
        "Machine",
    )
    precision: Literal["fp32", "bf16", "fp16"] = _field(
        "fp32",
        "bf16 halves memory and is fast on recent GPUs; fp16 is for older GPUs; fp32 is the only "
        "sensible choice on a processor.",
        "Machine",
    )
    zero_stage: int = _field(
        2,
        "What DeepSpeed splits over processes: 0 nothing, 1 optimizer, 2 and gradients, 3 and "
        "weights.",
        "Machine",
        ge=0,
        le=3,
        title="ZeRO stage",
    )
    offload: Literal["none", "optimizer", "optimizer and weights"] = _field(
        "none",
        "Keeps part of the training state in host memory: fits larger models on one GPU, slower. "
        "Weights need ZeRO stage 3.",
        "Machine",
    )
    num_processes: int = _field(
        1,
        "Training processes: one a GPU, or one a group of cores.",
        "Machine",
        ge=1,
        le=64,
        title="Processes",
    )
    threads_per_process: int = _field(
        0,
        "Processor threads of each process; 0 = all cores divided by the processes.",
        "Machine",
        ge=0,
        le=512,
    )
    memory_limit_gb: float = _field(
        0.0,
        "Each process fails with a clear message rather than take more host memory than this; "
        "0 = no limit.",
        "Machine",
        ge=0,
        le=100_000,
        title="Memory limit (GB)",
    )
    keep_checkpoints: int = _field(
        1,
        "How many of the latest checkpoints stay on disk.",
        "Machine",
        ge=1,
        le=100,
        title="Checkpoints kept",
    )

    energy_budget_kwh: float = _field(
        0.0,
        "Energy that the run may take, in kWh: processor, memory and GPUs together, as the devices "
        "take it, without PUE. A resumed run has it anew; 0 = no budget.",
        "Emissions",
        ge=0,
        le=1_000_000,
        title="Energy budget (kWh)",
    )
    budget_action: Literal["warn", "stop and save"] = _field(
        "warn",
        "Above the budget. warn: the run's page says so. stop and save: the step is finished and a "
        "checkpoint written, so that Resume can continue.",
        "Emissions",
        title="Above the budget",
    )

    @field_validator("src_lang", "tgt_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code)

    @model_validator(mode="after")
    def _rules_between_fields(self) -> Self:
        broken = []
        if self.src_lang == self.tgt_lang:
            broken.append(f"src_lang and tgt_lang are both {self.src_lang}")
        if self.engine == "plain" and self.offload != "none":
            broken.append(f"offload {self.offload!r} needs engine 'deepspeed', not 'plain'")
        elif self.offload == "optimizer and weights" and self.zero_stage != 3:
            broken.append(
                f"offload 'optimizer and weights' needs zero_stage 3, not {self.zero_stage}"
            )
        elif self.offload == "optimizer" and self.zero_stage == 0:
            broken.append("offload 'optimizer' needs zero_stage 1, 2 or 3, not 0")
        if self.precision == "fp16" and self.zero_stage == 0 and self.engine == "deepspeed":
            broken.append("precision 'fp16' needs zero_stage 1, 2 or 3, not 0")
        if self.base_model == SCRATCH and self.scratch_d_model % self.scratch_heads:
            broken.append(
                f"scratch_heads {self.scratch_heads} must divide scratch_d_model "
                f"{self.scratch_d_model}"
            )
        if self.method == "lora" and self.base_model == SCRATCH:
            broken.append(
                "method 'lora' needs a trained base model, not 'from scratch': its random weights "
                "would stay as they are"
            )
        if self.method == "lora" and self.freeze != "nothing":
            broken.append(
                f"freeze {self.freeze!r} needs method 'full', not 'lora', which freezes all given "
                "weights by itself"
            )
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @property
    def direction(self) -> str:
        """The language pair as `eng_Latn-gle_Latn`."""
        return f"{self.src_lang}-{self.tgt_lang}"

    @property
    def display_name(self) -> str:
        """The name given, or one made of base model and direction."""
        model = self.base_model.rstrip("/").rsplit("/", 1)[-1]
        return self.name or f"{model[:180]} {self.src_lang[:3]}→{self.tgt_lang[:3]}"


def from_recipe(name: str, /, **values: Any) -> FineTuneSettings:
    """Gives the settings of a recipe with `values` on top.

    Raises:
        ConfigError: There is no such recipe, or a value is out of bounds.
    """
    if name not in RECIPES:
        raise ConfigError(f"There is no recipe {name!r}.", hint=f"Recipes: {', '.join(RECIPES)}.")
    return FineTuneSettings.parse({**RECIPES[name][1], **values})
