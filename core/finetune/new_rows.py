"""Embeddings of added languages that learn while all others stay: beside LoRA or frozen words.

The one row of a new language is all that must change, yet it lies in a matrix of up to 262 million
weights that encoder, decoder and output share. What is learnt is therefore the difference from the
row that was copied: a small matrix, added wherever the embeddings are used, as LoRA does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NAME = "new_rows"
_EMBEDDINGS = ("shared.weight", "embed_tokens.weight", "lm_head.weight")


def add_learning_rows(model: Any, token_ids: Sequence[int]) -> None:
    """Makes the embeddings of some tokens learn, beginning as they are."""
    import torch

    class NewRows(torch.nn.Module):  # type: ignore[misc]  # torch is not typed here
        """The differences; its own calls let ZeRO-3 gather them."""

        ids: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            width = model.get_input_embeddings().weight.shape[1]
            self.difference = torch.nn.Parameter(torch.zeros(len(token_ids), width))
            self.register_buffer("ids", torch.tensor(token_ids))

        def forward(self, given: Any, states: Any = None) -> Any:
            """Gives what embeddings of `given` ids, or logits of `states`, are to be changed by."""
            if states is not None:
                return states @ self.difference.T.to(states.dtype)
            is_new = given.unsqueeze(-1) == self.ids
            return is_new.to(self.difference.dtype) @ self.difference

    rows = NewRows().to(model.get_input_embeddings().weight.device)
    model.add_module(NAME, rows)

    def embedded(module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        return output + float(getattr(module, "embed_scale", 1.0)) * rows(inputs[0])

    def scored(_: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        return output.index_add(-1, rows.ids, rows(None, inputs[0]).to(output.dtype))

    stacks = (model.get_encoder(), model.get_decoder())
    for module in {id(m): m for m in (s.get_input_embeddings() for s in stacks)}.values():
        module.register_forward_hook(embedded)
    model.get_output_embeddings().register_forward_hook(scored)


def merged_rows(weights: dict[str, Any]) -> dict[str, Any]:
    """Gives weights with what was learnt for new tokens added to the embeddings."""
    if f"{NAME}.difference" not in weights:
        return weights
    ids = weights[f"{NAME}.ids"].long()
    difference = weights[f"{NAME}.difference"].float()
    merged: dict[int, Any] = {}  # a tied weight has several names
    result = {}
    for name, tensor in weights.items():
        if name.startswith(f"{NAME}."):
            continue
        if name.endswith(_EMBEDDINGS):
            if id(tensor) not in merged:
                rows = tensor.index_select(0, ids).float() + difference
                merged[id(tensor)] = tensor.index_copy(0, ids, rows.to(tensor.dtype))
            tensor = merged[id(tensor)]
        result[name] = tensor
    return result
