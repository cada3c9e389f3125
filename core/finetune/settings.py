"""The settings of a run: the one declaration behind form, command line and settings file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.errors import ConfigError
from core.finetune.launcher_rules import broken_launcher_rules, slurm_name, slurm_options
from core.finetune.recipes import RECIPES as RECIPES
from core.finetune.recipes import SCRATCH as SCRATCH
from core.finetune.recipes import STARTER as STARTER
from core.settings import Settings, checked_language

MAX_MIXED = 50


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    """Declares a field; `title` is its label where the name alone would not read well."""
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class MixedCorpus(Settings):
    """A further corpus to learn from."""

    corpus: str = Field(description="Name or id of the corpus.", min_length=1)
    weight: float = Field(
        default=1.0,
        description="How often each of its training segments is seen an epoch; those of the main "
        "corpus are seen once. With 0.5 another half of them is drawn for every epoch.",
        gt=0,
        le=1000,
        title="Weight",
    )
    tag: str = Field(
        default="",
        description="Text before each of its sources, such as <BT> for sources that were "
        "translated by a machine: the model learns to tell them from real ones (Caswell et al. "
        "2019). Where both directions are learnt, sources that people wrote have none. "
        "Empty = none.",
        max_length=100,
        title="Tag",
    )

    @field_validator("tag")
    @classmethod
    def _is_one_line(cls, tag: str) -> str:
        if not tag.isprintable():
            raise ValueError(f"the tag {tag!r} holds line breaks or control characters")
        return tag.strip()


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
    base_model_revision: str = _field(
        "",
        "Hub models only: the commit, branch or tag to use. Empty: the version on this machine, or "
        "else the newest; the run writes down which commit it was, and stays with it.",
        "Run",
        max_length=200,
        title="Revision of the base model",
    )
    corpus: str = _field("", "Name or id of the corpus to learn from.", "Run")
    src_lang: str = _field("eng_Latn", "Translate from: a FLORES-200 code.", "Run")
    tgt_lang: str = _field("gle_Latn", "Translate to: a FLORES-200 code.", "Run")
    src_lang_like: str = _field(
        "",
        "For NLLB and M2M100 that do not know src_lang: code of a related language that they know. "
        "The language is added, and its embedding begins as that one's; empty = the model must "
        "know it.",
        "Run",
        title="Source language begins as",
    )
    tgt_lang_like: str = _field(
        "",
        "The same for tgt_lang.",
        "Run",
        title="Target language begins as",
    )

    both_directions: bool = _field(
        False,
        "Every training segment is also learnt the other way round, so that one model translates "
        "both ways; an epoch is twice as long. Scores of both directions are recorded.",
        "Data",
        title="Both directions",
    )
    mixed: tuple[MixedCorpus, ...] = _field(
        (),
        "Further corpora of the same two languages whose train splits are mixed in, each with a "
        "weight; dev and test stay those of the main corpus, and what stands in them is left out.",
        "Data",
        title="Further corpora",
        max_length=MAX_MIXED,
    )
    general_corpus: str = _field(
        "",
        "Name or id of a corpus of general text in the same languages, mixed in so that the model "
        "does not forget it; its dev split is scored at each evaluation. Empty = none.",
        "Data",
        title="General-domain corpus",
    )
    general_share: float = _field(
        0.2,
        "General-domain corpus only: its share of the training segments of an epoch; 0 = it is "
        "scored and not learnt from.",
        "Data",
        ge=0,
        le=0.9,
        title="Share of general text",
    )

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

    # Dev loss and dev scores disagree: in the paper's own EN-GA run the loss is least after epoch 5
    # and BLEU greatest after epoch 8. What people get is translations, so a score of those is the
    # default; of the three chrF++ hangs least on single words, which counts in small dev splits.
    best_metric: Literal["chrF++", "BLEU", "TER", "loss", "last"] = _field(
        "chrF++",
        "What the best checkpoint is chosen by, on the dev split; its weights become the run's "
        "model. TER and loss: lower is better. last: the model is that of the last step.",
        "Selection",
        title="Best checkpoint by",
    )
    early_stopping_patience: int = _field(
        0,
        "End the run after this many evaluations without a better value; 0 = train all steps.",
        "Selection",
        ge=0,
        le=1000,
        title="Patience (evaluations)",
    )
    early_stopping_min_delta: float = _field(
        0.0,
        "How much better a value must be to count for the patience, in the metric's own units: "
        "points of chrF++, BLEU or TER, or loss per token.",
        "Selection",
        ge=0,
        le=100,
        title="Least gain that counts",
    )
    average_checkpoints: int = _field(
        0,
        "Also try the mean of the weights of this many best checkpoints, and use it if it is "
        "better on dev than the best alone; they stay on disk until then. 0 or 1 = do not.",
        "Selection",
        ge=0,
        le=50,
        title="Checkpoints averaged",
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
    gradient_checkpointing: bool = _field(
        False,
        "Keeps only each layer's input for the backward pass and computes the rest again: takes "
        "much less memory for long batches, and about a third more time.",
        "Machine",
        title="Recompute activations",
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
        "How many of the latest checkpoints stay on disk; the best one stays beside them.",
        "Machine",
        ge=1,
        le=100,
        title="Checkpoints kept",
    )

    launcher: Literal["this machine", "hostfile", "slurm"] = _field(
        "this machine",
        "Who starts the training processes. hostfile: on the machines that a DeepSpeed hostfile "
        "names, by ssh. slurm: as a job that sbatch hands over. Both need the workspace and this "
        "program on a file system that the machines share.",
        "Launcher",
        title="Start on",
    )
    num_nodes: int = _field(
        1,
        "Machines that train together, each with as many processes; of a hostfile the first ones.",
        "Launcher",
        ge=1,
        le=1024,
        title="Nodes",
    )
    hostfile: str = _field(
        "",
        "Hostfile only: its path; one `name slots=N` a line, N the processes the machine can take.",
        "Launcher",
        max_length=1000,
    )
    slurm_partition: str = _field(
        "", "Slurm only: the partition; empty: Slurm's default.", "Launcher", max_length=200
    )
    slurm_time_limit_minutes: int = _field(
        0,
        "Slurm only: minutes that the job may take; shortly before their end a checkpoint is saved "
        "and the run stops, so that Resume can continue. 0: the partition's own limit.",
        "Launcher",
        ge=0,
        le=525_600,
        title="Slurm time limit (min)",
    )
    slurm_account: str = _field(
        "",
        "Slurm only: the account that is charged; empty: your default one.",
        "Launcher",
        max_length=200,
    )
    slurm_gpus_per_node: int = _field(
        0,
        "Slurm only: GPUs of each node, at least one a process; 0: none is asked for.",
        "Launcher",
        ge=0,
        le=64,
        title="Slurm GPUs per node",
    )
    slurm_cpus_per_node: int = _field(
        0,
        "Slurm only: processor cores of each node; 0: threads_per_process, at least one, for each "
        "process.",
        "Launcher",
        ge=0,
        le=4096,
        title="Slurm cores per node",
    )
    slurm_memory_gb: float = _field(
        0.0,
        "Slurm only: host memory of each node in GB; Slurm ends a job that takes more. 0: the "
        "partition's default.",
        "Launcher",
        ge=0,
        le=100_000,
        title="Slurm memory (GB)",
    )
    slurm_options: str = _field(
        "",
        "Slurm only: further options of sbatch, separated by spaces, such as `--qos=long "
        "--constraint=a100`.",
        "Launcher",
        max_length=1000,
        title="Further Slurm options",
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

    def changed(self, **values: Any) -> Self:
        """Gives a checked copy with `values` changed; another model has no commit of the old one.

        Raises:
            ConfigError: A new value is out of bounds.
        """
        return super().changed(**with_own_revision({"base_model": self.base_model}, values))

    @field_validator("src_lang", "tgt_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code)

    @field_validator("src_lang_like", "tgt_lang_like")
    @classmethod
    def _is_language_or_empty(cls, code: str) -> str:
        return checked_language(code) if code else ""

    @model_validator(mode="after")
    def _rules_of_new_languages(self) -> Self:
        for side in ("src_lang", "tgt_lang"):
            code = getattr(self, side)
            if code == getattr(self, f"{side}_like"):
                raise ValueError(f"{side} and {side}_like are both {code}")
        return self

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

    @field_validator("slurm_partition", "slurm_account")
    @classmethod
    def _is_slurm_name(cls, name: str) -> str:
        return slurm_name(name)

    @field_validator("slurm_options")
    @classmethod
    def _are_slurm_options(cls, text: str) -> str:
        return " ".join(slurm_options(text))

    @model_validator(mode="after")
    def _rules_of_launcher(self) -> Self:
        if broken := broken_launcher_rules(self):
            raise ValueError("; ".join(broken))
        return self

    @property
    def is_elsewhere(self) -> bool:
        """Whether other machines, or Slurm, do the training."""
        return self.launcher != "this machine"

    @property
    def world_size(self) -> int:
        """Training processes of all nodes."""
        return self.num_processes * self.num_nodes

    @model_validator(mode="after")
    def _selection_has_a_metric(self) -> Self:
        if self.best_metric != "last":
            return self
        wanting = [
            f"{name} {value}"
            for name, value in (
                ("early_stopping_patience", self.early_stopping_patience),
                ("average_checkpoints", self.average_checkpoints if self.has_average else 0),
            )
            if value
        ]
        if wanting:
            raise ValueError(
                f"{' and '.join(wanting)} needs a best_metric to compare by, not 'last'"
            )
        return self

    @property
    def has_average(self) -> bool:
        """Whether the mean of several checkpoints is tried."""
        return self.average_checkpoints > 1

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


def with_own_revision(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Gives new values, with an empty revision where they name another model and none of it."""
    is_other = values.get("base_model", before.get("base_model")) != before.get("base_model")
    return {"base_model_revision": "", **values} if is_other else dict(values)
