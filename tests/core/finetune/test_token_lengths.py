from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.corpora.segments import Pair, read_segments, write_segments
from core.errors import ModelError
from core.finetune.adapters import Adapter, bind
from core.finetune.models import load_tokenizer
from core.finetune.preview import compute_preview
from core.finetune.recipes import SCRATCH, STARTER
from core.finetune.settings import from_recipe
from core.finetune.token_lengths import Limits, SplitTokens, TokenLengths, measure_tokens
from core.storage.workspace import Workspace

SRC_LANG, TGT_LANG = "eng_Latn", "gle_Latn"
WIDE = Limits(1000, 1000)

Measure = Callable[..., SplitTokens]


@pytest.fixture
def starter(ready_folder: Path) -> Adapter:
    """The starter model's tokenizer, as the trainer has it."""
    return bind(load_tokenizer(str(ready_folder / "models" / "starter")), SRC_LANG, TGT_LANG)


@pytest.fixture
def measured(ready_folder: Path, tmp_path: Path) -> Measure:
    """Measures pairs in tokens of the starter model."""
    workspace = Workspace(ready_folder)

    def measure(pairs: list[Pair], limits: Limits = WIDE, **options: Any) -> SplitTokens:
        path = tmp_path / "train.jsonl"
        write_segments(path, pairs)
        found = measure_tokens(
            workspace, STARTER, {"train": path}, SRC_LANG, TGT_LANG, limits, **options
        )
        return found.splits["train"]

    return measure


def test_lengths_are_those_that_the_trainer_sees(measured: Measure, starter: Adapter) -> None:
    pairs = [("Wash your hands.", "Nigh do lámha."), ("Hands", "Lámha"), ("", "a b c d e")]
    found = measured(pairs)
    sources = [len(ids) for ids in starter.encode_sources([s for s, _ in pairs], 1000)]
    targets = [len(ids) for ids in starter.encode_targets([t for _, t in pairs], 1000)]
    assert found.source.num_tokens == sum(sources)
    assert found.target.num_tokens == sum(targets)
    assert found.source.length_spread is not None
    assert found.source.length_spread.max == max(sources)
    assert found.source.lengths.total == 3
    assert (found.num_segments, found.num_measured, found.num_cut) == (3, 3, 0)
    rows = sorted(enumerate(targets, start=1), key=lambda item: -item[1])
    assert list(found.target.longest) == rows


def test_what_is_longer_than_the_maximum_is_what_the_trainer_cuts(
    measured: Measure, starter: Adapter
) -> None:
    pairs = [("word " * n, "focal " * (10 - n)) for n in range(11)]
    whole = starter.encode_sources([source for source, _ in pairs], 1000)
    limit = sorted(map(len, whole))[5]
    cut = starter.encode_sources([source for source, _ in pairs], limit)
    num_changed = sum(one != other for one, other in zip(whole, cut, strict=True))
    found = measured(pairs, Limits(limit, 1000))
    assert found.source.num_longer == found.num_cut == num_changed == 5
    assert found.source.share_longer == pytest.approx(5 / 11)
    assert found.target.num_longer == 0
    both = measured(pairs, Limits(limit, 2))
    assert (both.target.num_longer, both.num_cut) == (10, 11)  # a pair counts once


def test_unknown_characters_are_named(measured: Measure) -> None:
    pairs = [("hands Ω", "lámha"), ("ΩЖ Ω", "lámha Ж"), ("hands", "lámha"), ("Ω", "é")]
    found = measured(pairs)
    source = found.source
    assert source.unknown_characters == (("Ω", 4), ("Ж", 1))
    assert (source.num_unknown, source.num_with_unknown) == (4, 3)  # ΩЖ is one token
    assert source.num_with_unknown / source.lengths.total == 0.75
    assert source.unknown_share == 4 / source.num_tokens
    assert found.target.unknown_characters == (("Ж", 1),)
    assert found.target.num_with_unknown == 1


def test_special_tokens_are_no_part_of_a_word(measured: Measure, starter: Adapter) -> None:
    num_tokens = len(starter.tokenizer.tokenize("hands hands"))
    found = measured([("hands hands", "lámha")] * 3)
    assert found.source.tokens_per_word == num_tokens / 2
    assert found.source.tokens_per_character == pytest.approx(num_tokens / 11)
    blank = measured([(" ", "lámha")])
    assert blank.source.tokens_per_word is None


def test_the_longest_rows_are_named_in_order(measured: Measure) -> None:
    pairs = [("a " * (n % 40), "b") for n in range(100)]
    found = measured(pairs).source
    numbers = [number for number, _ in found.longest]
    assert numbers[:4] == [40, 80, 39, 79]
    assert len(numbers) == 20
    lengths = [length for _, length in found.longest]
    assert lengths == sorted(lengths, reverse=True)


def test_a_reversed_corpus_is_read_from_its_second_side(measured: Measure) -> None:
    pairs = [("one two three", "aon"), ("four", "Ω ceathair")]
    turned = [(target, source) for source, target in pairs]
    assert measured(pairs, is_reversed=True) == measured(turned)


def test_of_a_large_split_some_segments_are_drawn(measured: Measure) -> None:
    pairs = [("a " * n, "b") for n in range(50)]
    found = measured(pairs, Limits(1000, 1000, max_segments=20))
    assert (found.num_segments, found.num_measured) == (50, 20)
    assert found.source.lengths.total == 20
    assert found == measured(pairs, Limits(1000, 1000, max_segments=20))
    assert found != measured(pairs, Limits(1000, 1000, max_segments=20, seed=2))
    whole = dict(measured(pairs).source.longest)
    assert all(whole.get(number, length) == length for number, length in found.source.longest)
    assert max(number for number, _ in found.source.longest) > 20


def test_the_report_comes_through_json(ready_workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    write_segments(path, [("hands Ω", "lámha")])
    paths = {"dev": path, "test": tmp_path / "absent.jsonl"}
    found = measure_tokens(ready_workspace, STARTER, paths, SRC_LANG, TGT_LANG, WIDE)
    assert TokenLengths.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert (found.base_model, found.family, list(found.splits)) == (
        STARTER,
        "NLLB",
        ["dev", "test"],
    )
    absent = found.splits["test"]
    assert (absent.num_measured, absent.source.length_spread) == (0, None)
    assert (absent.source.share_longer, absent.source.unknown_share) == (0, 0)


def test_shares_are_those_of_the_preview(ready_workspace: Workspace) -> None:
    (corpus,) = ready_workspace.corpora.all()
    path = ready_workspace.split_file(corpus.id, "train")
    pairs = read_segments(path)[:2000]
    write_segments(
        path,
        [(f"{source} Ω" if n % 3 else source, target) for n, (source, target) in enumerate(pairs)],
    )
    settings = from_recipe(
        "Try it in a minute", corpus=corpus.id, max_source_length=20, max_target_length=25
    )
    preview = compute_preview(ready_workspace, settings)
    limits = Limits(20, 25)
    found = measure_tokens(
        ready_workspace, STARTER, {"train": path}, SRC_LANG, TGT_LANG, limits
    ).splits["train"]
    assert 0 < preview.cut_source < 1
    assert found.source.share_longer == preview.cut_source
    assert found.target.share_longer == preview.cut_target
    assert found.source.num_with_unknown == 1333


def test_watch_follows_the_rows_and_may_end_the_work(measured: Measure) -> None:
    seen: list[tuple[str, int, int]] = []
    pairs = [("a", "b")] * 2500
    measured(pairs, watch=lambda *call: seen.append(call))
    phase = "counting tokens of the train split"
    assert seen == [(phase, done, 2500) for done in (0, 1000, 2000, 2500)]

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(pairs, watch=end)


def test_models_that_cannot_be_had_are_named(ready_workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="A model from scratch exists only in the run"):
        measure_tokens(ready_workspace, SCRATCH, {}, SRC_LANG, TGT_LANG, WIDE)
    with pytest.raises(ModelError, match="holds no model"):
        measure_tokens(ready_workspace, str(tmp_path), {}, SRC_LANG, TGT_LANG, WIDE)
