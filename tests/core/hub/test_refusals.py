"""What is told of the hub's errors holds nothing that opens a model."""

import pytest

from core.hub.refusals import scrubbed

SIGNED = "https://cdn.example/ab?Expires=17&Signature=x~y&Key-Pair-Id=K"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Server error '503' for url '{SIGNED}'", "Server error '503' for url "
         "'https://cdn.example/ab?…'"),
        (f"416 for url: {SIGNED} (again)", "416 for url: https://cdn.example/ab?… (again)"),
        ("Bearer hf_abcdefghij is wrong", "… is wrong"),
        ("Why? Nobody knows.", "Why? Nobody knows."),
    ],
)  # fmt: skip
def test_tokens_and_signed_addresses_are_taken_out(text: str, shown: str) -> None:
    assert scrubbed(text) == shown
