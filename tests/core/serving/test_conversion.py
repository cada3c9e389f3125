"""Converted models say what the originals say: tiny models of every family, made on the spot."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.corpora.segments import read_segments
from core.errors import HostError, ModelError
from core.finetune.adapters import bind
from core.finetune.decoding import translate
from core.finetune.models import load_model, load_tokenizer
from core.serving import conversion
from core.serving.codec import Codec
from core.serving.engines.engine import DecodeOptions, Engine, open_engine
from core.serving.engines.transformers_engine import TransformersEngine
from core.serving.models import find_model
from core.serving.servable import Servable
from core.storage.workspace import Workspace
from tests.core.finetune.test_adapters import BUILDERS, ENGLISH, MARKS

# Marian recommends a package that changes no token of ours; sentencepiece is built with SWIG.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses"),
    pytest.mark.filterwarnings("ignore:builtin type .*wig.* has no __module__:DeprecationWarning"),
]

CONVERTED = [family for family in MARKS if family != "mBART-50"]
MAX_LENGTH = 24
Original = Callable[[str], Path]
LAYERS: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "max_position_embeddings": 128,
    "scale_embedding": True,
    "init_std": 0.5,
}
T5_LAYERS: dict[str, Any] = {
    "d_model": 32,
    "d_kv": 16,
    "d_ff": 64,
    "num_layers": 2,
    "num_heads": 2,
    "initializer_factor": 3.0,
}


def build_model(family: str, tokenizer: Any) -> Any:
    """Random weights, so strong that every source has a translation of its own."""
    import torch
    import transformers

    values: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.eos_token_id,
    }
    name = {"NLLB": "M2M100", "mBART-50": "MBart", "MADLAD": "T5"}.get(family, family.split()[-1])
    if name in ("T5", "Marian"):
        values["decoder_start_token_id"] = tokenizer.pad_token_id
    else:
        values["bos_token_id"] = tokenizer.bos_token_id
    if family == "M2M100":  # its tokenizer does not count the 100 languages and 8 spare rows
        values["vocab_size"] += 108
    if family == "MADLAD":
        values |= {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
    values |= T5_LAYERS if name == "T5" else LAYERS
    config = getattr(transformers, f"{name}Config")(**values)
    suffix = "MTModel" if name == "Marian" else "ForConditionalGeneration"
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = getattr(transformers, f"{name}{suffix}")(config)
        if family == "MADLAD":  # its output weights are its own, and its last states not scaled
            model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    with torch.no_grad():
        embeddings = model.get_input_embeddings().weight
        embeddings[tokenizer.eos_token_id] *= 2  # so that some translations end before the limit
        embeddings[len(tokenizer) + 100 :] = 0  # the spare rows have no text
    generation = model.generation_config
    generation.forced_eos_token_id = None  # cutting at the limit is left to the engines
    if name == "Marian":
        generation.bad_words_ids = [[tokenizer.pad_token_id]]  # as in every OPUS-MT model
    return model


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, ready_folder: Path) -> Original:
    """Gives the folder of a tiny model of a family, as Transformers saves it; never changed."""
    made: dict[str, Path] = {}

    def of(family: str) -> Path:
        if family not in made:
            folder = tmp_path_factory.mktemp("original")
            if family == "NLLB":
                tokenizer = load_tokenizer(str(ready_folder / "models/starter"))
            else:
                tokenizer = BUILDERS[family][0](folder)
            made[family] = folder / "model"
            build_model(family, tokenizer).save_pretrained(made[family])
            tokenizer.save_pretrained(made[family])
        return made[family]

    return of


def sources(count: int) -> list[str]:
    words = " ".join(ENGLISH[1:]).split()
    dice = random.Random(20)
    return [" ".join(dice.choices(words, k=dice.randint(1, 9))) for _ in range(count)]


def servable(engine: str) -> Servable:
    return Servable(
        name="tiny",
        model="tiny",
        family="",
        engine=engine,
        engine_reason="",
        quantization="float32",
        sources=[],
        targets=[],
        licence="",
        notice="",
        max_target_length=MAX_LENGTH,
        num_beams=1,
        size_bytes=0,
        created_at="",
    )


def opened(source: Path, folder: Path, engine: str) -> tuple[Codec, Engine]:
    if engine == "ctranslate2":
        conversion.convert(source, folder, "float32")
    else:
        conversion.copy_original(source, folder)
    conversion.save_tokenizer(load_tokenizer(str(source)), folder)
    codec = Codec(folder)
    # A batch holds a few of the sources only, so that batches are part of what is proven.
    return codec, open_engine(folder, servable(engine), codec, threads=1, tokens_per_batch=64)


def generated(source: Path, rows: Any, num_beams: int, **options: Any) -> list[list[int]]:
    """What Transformers alone gives, one source at a time."""
    import torch

    model = load_model(str(source)).eval()
    model.generation_config.max_length = None
    found = []
    for row in rows:
        output = model.generate(
            input_ids=torch.tensor([row.ids]),
            attention_mask=torch.ones(1, len(row.ids), dtype=torch.long),
            forced_bos_token_id=row.first_id,
            max_new_tokens=MAX_LENGTH,
            num_beams=num_beams,
            do_sample=False,
            **options,
        )
        found.append(output[0].tolist())
    return found


def without_marks(rows: Any, tokenizer: Any) -> list[list[int]]:
    marks = (tokenizer.pad_token_id, tokenizer.eos_token_id)
    return [[i for i in row if i not in marks] for row in rows]


@pytest.mark.parametrize("engine_name", ["ctranslate2", "transformers"])
def test_a_length_penalty_reaches_the_engine(
    engine_name: str, original: Original, tmp_path: Path
) -> None:
    source, languages = original("NLLB"), MARKS["NLLB"][0]
    codec, engine = opened(source, tmp_path / "prepared", engine_name)
    rows = codec.encode(sources(20), *languages)
    ending = {"early_stopping": True} if engine_name == "ctranslate2" else {}
    num_tokens = {}
    for penalty in (None, 0.0, 1.0, 5.0):
        options = DecodeOptions(4, 1, MAX_LENGTH, length_penalty=penalty)
        best = [first for first, *_ in engine.generate(rows, options)]
        found = without_marks(best, codec.tokenizer)
        asked = {} if penalty is None else {"length_penalty": penalty}
        expected = without_marks(generated(source, rows, 4, **ending, **asked), codec.tokenizer)
        # Without a penalty CTranslate2 may end a search one step sooner.
        assert sum(one == two for one, two in zip(found, expected, strict=True)) >= 18
        num_tokens[penalty] = sum(map(len, found))
    engine.close()
    assert num_tokens[0.0] < num_tokens[1.0] < num_tokens[5.0]
    assert num_tokens[None] == num_tokens[1.0]


@pytest.mark.parametrize("num_beams", [1, 4])
@pytest.mark.parametrize("family", CONVERTED)
def test_float32_gives_the_tokens_of_transformers(
    family: str, num_beams: int, original: Original, tmp_path: Path
) -> None:
    source, languages = original(family), MARKS[family][0]
    assert conversion.why_not_converted(source) == ""
    codec, engine = opened(source, tmp_path / "prepared", "ctranslate2")
    rows = codec.encode(sources(20), *languages)
    adapter = bind(load_tokenizer(str(source)), *languages)
    assert [list(row.ids) for row in rows] == adapter.encode_sources(sources(20), 99)
    found = [best for best, *_ in engine.generate(rows, DecodeOptions(num_beams, 1, MAX_LENGTH))]
    # CTranslate2 ends a beam search as soon as it has as many translations as beams.
    ending = {"early_stopping": True} if num_beams > 1 else {}
    expected = generated(source, rows, num_beams, **ending)
    assert without_marks(found, codec.tokenizer) == without_marks(expected, codec.tokenizer)
    assert len(set(found)) > 5  # else equality would prove little
    assert codec.decode(found, *languages) == adapter.decode(expected)
    if rows[0].first_id is not None:
        assert {row[0] for row in found} == {rows[0].first_id}


def test_mbart_is_served_by_transformers_in_batches(original: Original, tmp_path: Path) -> None:
    source, languages = original("mBART-50"), MARKS["mBART-50"][0]
    reason = conversion.why_not_converted(source)
    assert (
        reason == "CTranslate2 cannot convert mBART models written by this version of Transformers"
    )
    with pytest.raises(ModelError, match="CTranslate2 cannot convert the model in .*: .*[^.]") as e:
        conversion.convert(source, tmp_path / "converted", "float32")
    assert e.value.message.count("\n") == 0 and "engine transformers" in e.value.hint
    codec, engine = opened(source, tmp_path / "prepared", "transformers")
    assert isinstance(engine, TransformersEngine)
    rows = codec.encode(sources(20), *languages)
    back = codec.encode(sources(20)[:3], *reversed(languages))  # two targets in one batch
    for num_beams in (1, 4):
        options = DecodeOptions(num_beams, num_beams, MAX_LENGTH)
        found = engine.generate([*back, *rows], options)
        assert [len(hypotheses) for hypotheses in found] == [num_beams] * 23
        expected = generated(source, [*back, *rows], num_beams)
        best = [hypotheses[0] for hypotheses in found]
        assert without_marks(best, codec.tokenizer) == without_marks(expected, codec.tokenizer)
    assert len(set(best)) > 5
    engine.close()


def test_family_without_conversion_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "nllb-moe"}')
    reason = conversion.why_not_converted(tmp_path)
    assert reason == "CTranslate2 is not known to convert models of type nllb-moe"
    (tmp_path / "config.json").write_text('{"model_')
    with pytest.raises(ModelError, match=r"config\.json cannot be read: "):
        conversion.why_not_converted(tmp_path)


def test_model_whose_tokenizer_knows_no_codes_is_refused(
    original: Original, tmp_path: Path
) -> None:
    source = tmp_path / "model"
    shutil.copytree(original("NLLB"), source)
    values = json.loads((source / "tokenizer.json").read_text())
    (source / "tokenizer.json").write_text(json.dumps(values).replace("gle_Latn", "gle_Lost"))
    text = (source / "tokenizer_config.json").read_text()
    (source / "tokenizer_config.json").write_text(text.replace("gle_Latn", "gle_Lost"))
    with pytest.raises(ModelError) as caught:
        bind(load_tokenizer(str(source)), "eng_Latn", "gle_Latn")
    assert caught.value.message == "This NLLB model does not know Irish (gle_Latn)."
    conversion.convert(source, tmp_path / "converted", "float32")
    conversion.check_converted_vocabulary(tmp_path / "converted", ["eng_Latn"])
    with pytest.raises(ModelError) as caught:
        conversion.check_converted_vocabulary(tmp_path / "converted", ["eng_Latn", "gle_Latn"])
    assert caught.value.message == (
        "The converted model does not know the language token 'gle_Latn': it would translate "
        "into a wrong language."
    )


@pytest.mark.parametrize(
    ("family", "tokens"), [("NLLB", ["eng_Latn", "gle_Latn"]), ("M2M100", ["__en__", "__ga__"])]
)
def test_converted_vocabulary_holds_the_languages(
    family: str, tokens: list[str], original: Original, tmp_path: Path
) -> None:
    conversion.convert(original(family), tmp_path / "converted", "int8")
    conversion.check_converted_vocabulary(tmp_path / "converted", tokens)
    with pytest.raises(ModelError, match="language token 'xx' and 1 more: it would"):
        conversion.check_converted_vocabulary(tmp_path / "converted", [*tokens, "xx", "yy"])


def test_folder_without_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not know the language token 'gle_Latn': it would"):
        conversion.check_converted_vocabulary(tmp_path, ["gle_Latn"])


def test_weights_that_cannot_be_read_are_named(original: Original, tmp_path: Path) -> None:
    source = tmp_path / "model"
    shutil.copytree(original("T5"), source)
    weights = (source / "model.safetensors").read_bytes()
    (source / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelError, match="The model in .* cannot be read: SafetensorError") as e:
        conversion.convert(source, tmp_path / "converted", "int8")
    assert e.value.message.count("\n") == 0
    assert not (tmp_path / "converted/model.bin").exists()


def test_weights_in_two_forms_are_counted_once(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(bytes(700))
    assert conversion.weights_bytes(tmp_path) == 700
    for part in (1, 2):
        (tmp_path / f"model-0000{part}-of-00002.safetensors").write_bytes(bytes(300))
    assert conversion.weights_bytes(tmp_path) == 600


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("what", ["weights", "original", "tokenizer"])
def test_full_disk_is_named_and_nothing_half_written_stays(
    what: str, small_disk: Path, ready_folder: Path
) -> None:
    source, target = ready_folder / "models/starter", small_disk / "model.partial"
    with pytest.raises(HostError) as caught:
        if what == "weights":
            conversion.convert(source, target, "float32")
        elif what == "original":
            conversion.copy_original(source, target)
        else:
            (small_disk / "ballast").write_bytes(bytes(1_020_000))
            conversion.save_tokenizer(load_tokenizer(str(source)), target)
    assert caught.value.message.startswith("The disk is full (")
    assert caught.value.message.endswith(" MB free) while the converted model is written.")
    assert "Free some space" in caught.value.hint
    assert not target.exists()


@pytest.mark.parametrize("num_beams", [1, 4])
def test_trained_model_translates_as_before_in_float32(
    num_beams: int, trained_folder: Path, tmp_path: Path
) -> None:
    workspace = Workspace(trained_folder)
    reference = find_model(workspace, "demo")
    assert reference.run is not None
    test_file = workspace.split_file(reference.run.corpus_id, "test")
    lines = [source for source, _ in read_segments(test_file, limit=200)]
    workspace.database.dispose()
    assert len(lines) == 200
    languages = (reference.run.src_lang, reference.run.tgt_lang)
    source = Path(reference.source)
    codec, engine = opened(source, tmp_path / "prepared", "ctranslate2")
    rows = engine.generate(codec.encode(lines, *languages), DecodeOptions(num_beams, 1, 64))
    found = codec.decode([best for best, *_ in rows], *languages)
    model = load_model(str(source)).eval()
    model.generation_config.max_length = None
    adapter = bind(load_tokenizer(str(source)), *languages)
    expected = translate(
        model, adapter, lines, max_source_length=512, max_target_length=64, num_beams=num_beams
    ).hypotheses
    triples = zip(lines, expected, found, strict=True)
    differences = [triple for triple in triples if triple[1] != triple[2]]
    # Beams of nearly equal scores may change places where sums are rounded: 3 % at most.
    assert len(differences) <= 6, "\n".join(" | ".join(triple) for triple in differences)
