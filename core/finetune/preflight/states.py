"""Weights and what the optimizer keeps beside them, by engine, ZeRO stage, offload and precision.

Bytes a weight. In fp32: 4, gradient 4, AdamW's two moments 8. In bf16 and fp16 DeepSpeed keeps 2,
gradient 2, and in float32 a master weight 4, its gradient 4 and the moments 8: together the 20 of
`deepspeed.runtime.zero.stage_1_and_2.estimate_zero2_model_states_mem_needs`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.finetune.preflight.longest_batch import CorpusLengths
from core.finetune.preflight.shapes import Shape, num_trained
from core.finetune.preflight.terms import Term
from core.finetune.settings import FineTuneSettings

BUCKET_WEIGHTS = 500_000_000  # DeepSpeed's reduce_bucket_size
_LIVE_WEIGHTS = 1_000_000_000  # its stage3_max_live_parameters


@dataclass(frozen=True)
class Case:
    """What an estimate is made for.

    Attributes:
        shape: Dimensions of the model.
        settings: The run's.
        lengths: What is known of the corpus.
        on_gpu: Whether the run trains on GPUs.
    """

    shape: Shape
    settings: FineTuneSettings
    lengths: CorpusLengths
    on_gpu: bool

    @property
    def trained(self) -> int:
        """Weights that are trained."""
        return num_trained(self.shape, self.settings)

    @property
    def is_deepspeed(self) -> bool:
        """Whether DeepSpeed runs the steps."""
        return self.settings.engine == "deepspeed"

    @property
    def stage(self) -> int:
        """ZeRO stage; 0 without DeepSpeed."""
        return self.settings.zero_stage if self.is_deepspeed else 0

    @property
    def weight_bytes(self) -> int:
        """Bytes of a weight while training: DeepSpeed casts them, autocast alone does not."""
        return 2 if self.is_deepspeed and self.settings.precision != "fp32" else 4

    @property
    def has_master(self) -> bool:
        """Whether DeepSpeed steps on float32 weights of its own, in one flat piece a group."""
        return self.stage >= 1 or self.weight_bytes == 2

    @property
    def offloads(self) -> bool:
        """Whether the optimizer state is kept in host memory."""
        return self.settings.offload != "none"


def _share(count: int, num_bytes: int, parts: int, what: str) -> tuple[str, int]:
    divided = f" / {parts} processes" if parts > 1 else ""
    return f"{count:,} {what} × {num_bytes} bytes{divided}", count * num_bytes // parts


def weights_term(case: Case) -> Term:
    """Gives the weights that a process holds while it trains."""
    parts = case.settings.world_size if case.stage == 3 else 1
    return Term("weights", *_share(case.shape.num_weights, case.weight_bytes, parts, "weights"))


def casts_term(case: Case) -> Term:
    """Gives autocast's copies of the weights, without DeepSpeed."""
    is_cast = not case.is_deepspeed and case.settings.precision != "fp32"
    count = case.shape.num_weights if is_cast else 0
    return Term("weights cast for the step", *_share(count, 2, 1, "weights"))


def gradients_term(case: Case) -> Term:
    """Gives the gradients in the precision of the weights."""
    parts = case.settings.world_size if case.stage >= 2 else 1
    return Term("gradients", *_share(case.trained, case.weight_bytes, parts, "trained weights"))


def optimizer_terms(case: Case) -> list[Term]:
    """Gives master weights and AdamW's moments, which stay from the first step to the last."""
    parts = case.settings.world_size if case.stage >= 1 else 1
    terms = [Term("optimizer moments", *_share(case.trained, 8, parts, "trained weights"))]
    if case.has_master:
        terms.append(Term("master weights", *_share(case.trained, 4, parts, "trained weights")))
    return terms


def float_gradients_term(case: Case) -> Term:
    """Gives the gradients in float32, which the update of master weights needs."""
    parts = case.settings.world_size if case.stage >= 1 else 1
    count = case.trained if case.weight_bytes == 2 or case.offloads else 0
    return Term("gradients in float32", *_share(count, 4, parts, "trained weights"))


def update_terms(case: Case) -> list[Term]:
    """Gives what an update of the weights on processors takes for its moment.

    PyTorch's AdamW makes the root of the second moment and the divisor from it, each as large as
    the tensor it is at: without master weights one of the model's, with them all of a group, into
    which DeepSpeed has copied the gradients; ZeRO-3 alone keeps what it copied from. An offloaded
    optimizer is DeepSpeed's own and makes neither.
    """
    parts = case.settings.world_size if case.stage >= 1 else 1
    at_once = case.trained if case.has_master else case.shape.num_largest_weights
    made = 0 if case.offloads else min(at_once, case.trained)
    copied = case.trained if case.has_master else 0
    terms = [
        Term("gradients, flat", *_share(copied, 4, parts, "trained weights")),
        Term("AdamW's root and divisor", *_share(made, 8, parts, "trained weights")),
    ]
    is_kept = case.stage == 3 or not case.has_master
    return [gradients_term(case), *terms] if is_kept else terms


def bucket_term(case: Case) -> Term:
    """Gives DeepSpeed's buffer for gradients on their way between processes.

    A GPU reserves all of it; of a processor's only the part that is written to is ever in memory.
    """
    count = BUCKET_WEIGHTS if case.stage >= 1 else 0
    if not case.on_gpu:
        count = min(count, case.trained)
    width = 4 if case.stage == 1 else case.weight_bytes
    return Term("DeepSpeed's bucket", *_share(count, width, 1, "gradients"))


def gathered_term(case: Case) -> Term:
    """Gives the weights that ZeRO-3 brings together for the layers at work."""
    alone = case.settings.world_size == 1 and case.settings.offload != "optimizer and weights"
    if case.stage != 3 or alone:
        return Term("gathered weights", "", 0)
    count = min(case.shape.num_weights, _LIVE_WEIGHTS + case.shape.num_largest_weights)
    return Term("gathered weights", *_share(count, case.weight_bytes, 1, "weights at once"))
