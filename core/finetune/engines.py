"""Two ways to run an optimizer step behind one interface: DeepSpeed, and PyTorch alone.

Both take the loss of a micro-batch already divided so that the *sum* over accumulation and
processes is the mean over the step's label tokens; both therefore give the same gradients.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Protocol

from core.errors import TrainingError
from core.finetune.deepspeed_config import deepspeed_config
from core.finetune.methods import load_trained, without_frozen
from core.finetune.settings import FineTuneSettings


class Engine(Protocol):
    """What the training loop needs from the machinery below it."""

    module: Any

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Gives the context in which the model is called."""

    def forward(self, **inputs: Any) -> Any:
        """Calls the model."""

    def backward(self, loss: Any, *, is_last: bool) -> None:
        """Adds the gradients of one micro-batch; `is_last` marks the last of a step."""

    def step(self, learning_rate: float) -> float | None:
        """Updates the weights and gives the gradient norm before clipping, None if not told."""

    def save(self, folder: Path) -> None:
        """Writes trained weights and optimizer state; every process must call it.

        Frozen weights are those of the base model, which is loaded again in any case.
        """

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote."""

    def close(self) -> None:
        """Lets go of the model; the engine cannot be used after it."""


class DeepSpeedEngine:
    """DeepSpeed's engine; ZeRO stage, offload and precision come from the settings."""

    def __init__(self, model: Any, settings: FineTuneSettings, world_size: int) -> None:
        import deepspeed

        self._scale = world_size * settings.gradient_accumulation
        self._engine, self._optimizer, _, _ = deepspeed.initialize(
            model=model,
            optimizer=self._new_optimizer(model, settings),
            config=deepspeed_config(settings),
            dist_init_required=False,
        )
        self.module = self._engine.module

    @staticmethod
    def _new_optimizer(model: Any, settings: FineTuneSettings) -> Any:
        groups = parameter_groups(model, settings.weight_decay)
        if settings.offload != "none":
            from deepspeed.ops.adam import DeepSpeedCPUAdam

            return DeepSpeedCPUAdam(groups, lr=settings.learning_rate, adamw_mode=True)
        import torch

        return torch.optim.AdamW(groups, lr=settings.learning_rate)

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Gives an empty context: DeepSpeed casts weights and inputs itself."""
        return contextlib.nullcontext()

    def forward(self, **inputs: Any) -> Any:
        """Calls the model."""
        return self._engine(**inputs)

    def backward(self, loss: Any, *, is_last: bool) -> None:
        """Undoes DeepSpeed's mean over accumulation and processes, then adds the gradients."""
        self._engine.backward(loss * self._scale)
        if not is_last:
            self._engine.step()  # counts the micro-batch; weights change at the boundary only

    def step(self, learning_rate: float) -> float | None:
        """Updates the weights and gives the gradient norm; ZeRO stage 0 in fp32 has none."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._engine.step()
        norm = self._engine.get_global_grad_norm()
        return float(norm) if norm is not None else None

    def close(self) -> None:
        """Takes DeepSpeed's hooks off the model: they keep the optimizer state in memory."""
        self._engine.destroy()

    def save(self, folder: Path) -> None:
        """Writes DeepSpeed's checkpoint of all processes into `folder`."""
        self._engine.save_checkpoint(
            str(folder), tag="state", save_latest=False, exclude_frozen_parameters=True
        )

    def load(self, folder: Path) -> None:
        """Reads DeepSpeed's checkpoint.

        Raises:
            TrainingError: DeepSpeed found none (it only logs that and would start from zero), or
                the checkpoint's weights are not the model's.
        """
        found, _ = self._engine.load_checkpoint(
            str(folder), tag="state", custom_load_fn=lambda src, dst: load_trained(dst, src)
        )
        if found is None:
            raise TrainingError(f"DeepSpeed cannot read the checkpoint {folder.name}.")


class PlainEngine:
    """PyTorch alone, for hosts where DeepSpeed cannot compile; several processes by DDP."""

    def __init__(self, model: Any, settings: FineTuneSettings, world_size: int) -> None:
        import torch
        from torch.nn.parallel import DistributedDataParallel

        self._settings = settings
        self._world_size = world_size
        self.module = model
        # Buffers are constants here; sharing them in each call would make processes with fewer
        # dev batches keep the others waiting.
        self._wrapped = (
            DistributedDataParallel(model, broadcast_buffers=False) if world_size > 1 else model
        )
        groups = parameter_groups(model, settings.weight_decay)
        self._optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate)
        self._device = next(model.parameters()).device.type
        self._scaler = torch.amp.GradScaler(self._device, enabled=settings.precision == "fp16")

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Gives PyTorch's autocast for bf16 and fp16."""
        import torch

        if self._settings.precision == "fp32":
            return contextlib.nullcontext()
        dtype = torch.bfloat16 if self._settings.precision == "bf16" else torch.float16
        context: contextlib.AbstractContextManager[Any] = torch.autocast(self._device, dtype=dtype)
        return context

    def forward(self, **inputs: Any) -> Any:
        """Calls the model."""
        return self._wrapped(**inputs)

    def backward(self, loss: Any, *, is_last: bool) -> None:
        """Undoes DDP's mean over processes, then adds the gradients."""
        waits = self._world_size > 1 and not is_last
        context = self._wrapped.no_sync() if waits else contextlib.nullcontext()
        with context:
            self._scaler.scale(loss * self._world_size).backward()

    def step(self, learning_rate: float) -> float:
        """Updates the weights and gives the gradient norm before clipping."""
        import torch

        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._scaler.unscale_(self._optimizer)
        limit = self._settings.max_grad_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.module.parameters(), limit)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        return float(norm)

    def close(self) -> None:
        """Does nothing: nothing here holds on to the model."""

    def save(self, folder: Path) -> None:
        """Writes weights and optimizer state by the first process; the others wait."""
        import torch
        import torch.distributed as dist

        if dist.get_rank() == 0:
            folder.mkdir(parents=True, exist_ok=True)
            state = {
                "model": without_frozen(self.module),
                "optimizer": self._optimizer.state_dict(),
                "scaler": self._scaler.state_dict(),
            }
            torch.save(state, folder / "state.pt")
        dist.barrier()

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote; tensors only, no pickled code."""
        import torch

        state = torch.load(folder / "state.pt", map_location=self._device, weights_only=True)
        load_trained(self.module, state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])


def parameter_groups(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    """Gives AdamW's groups: no decay for biases and layer norms."""
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]  # LoRA adds no biases
