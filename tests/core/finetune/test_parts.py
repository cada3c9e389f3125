"""What an epoch is made of, and what stays out of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.corpora.deleting import delete_corpus
from core.corpora.storing import store_corpus
from core.errors import AdaptMLLMError, ConfigError, DataError
from core.finetune import runs
from core.finetune.adapters import Adapter, bind
from core.finetune.directions import Directions, bind_directions, check_tells_direction
from core.finetune.models import load_tokenizer
from core.finetune.parts import planned_parts, training_sources, with_corpus_ids
from core.finetune.preview import compute_preview
from core.finetune.run_data import data_files, read_data
from core.finetune.settings import FineTuneSettings, from_recipe
from core.finetune.training_text import read_training
from core.storage.workspace import Workspace

EN_GA = {"src_lang": "eng_Latn", "tgt_lang": "gle_Latn"}


def pairs(what: str, count: int) -> list[tuple[str, str]]:
    return [(f"{what} source {n}", f"{what} target {n}") for n in range(count)]


@pytest.fixture
def home(workspace: Workspace) -> Workspace:
    """Main corpus, one to mix in that leaks on either side, general text, other languages."""
    main = pairs("main", 20)
    leaks = [
        ("MAIN  source 16!", "something else"),  # dev, in another form
        ("something else", "main target 19"),  # test, on the other side
        ("general source 9", "general target 9"),  # what forgetting is measured on
    ]
    turned = [(target, source) for source, target in [*pairs("more", 10), *leaks]]
    general = pairs("general", 10)
    corpora: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        ("main", EN_GA, {"train": main[:16], "dev": main[16:18], "test": main[18:]}),
        ("more", {"src_lang": "gle_Latn", "tgt_lang": "eng_Latn"}, {"train": turned}),
        ("general", EN_GA, {"train": general[:8], "dev": general[8:]}),
        ("mr", {"src_lang": "eng_Latn", "tgt_lang": "mar_Deva"}, {"train": pairs("mr", 3)}),
        ("leaking", EN_GA, {"train": [main[17]]}),
        ("no dev", EN_GA, {"train": pairs("no dev", 3)}),
        ("no train", EN_GA, {"dev": pairs("no train", 3)}),
    ]
    for name, langs, splits in corpora:
        store_corpus(workspace, name=name, **langs, splits=splits)
    return workspace


def settings_of(**values: Any) -> FineTuneSettings:
    return FineTuneSettings.parse({"corpus": "main", **values})


MORE = [{"corpus": "more", "weight": 2.5, "tag": "<BT>"}]


def test_parts_are_counted_before_anything_is_read(home: Workspace) -> None:
    settings = settings_of(mixed=MORE, general_corpus="general", general_share=0.25)
    sources = training_sources(home, settings)
    parts = planned_parts(sources, settings)
    assert [(p.source.role, p.num_segments, p.num_drawn) for p in parts] == [
        ("main", 16, 16),
        ("mixed", 13, 32),
        ("general", 8, 16),
    ]
    both = planned_parts(sources, settings.changed(both_directions=True))
    assert [part.is_reversed for part in both] == [False] * 3 + [True] * 3
    assert [part.num_drawn for part in both] == [16, 32, 16] * 2


def test_leaks_are_left_out_on_either_side_and_in_any_form(home: Workspace) -> None:
    settings = settings_of(mixed=MORE, general_corpus="general", both_directions=True)
    training = read_training(home, settings)
    assert [(p.num_segments, p.num_left_out) for p in training.parts] == [
        (16, 0),
        (10, 3),
        (8, 0),
    ] * 2
    main, mixed, general, main_back, mixed_back, _ = training.splits
    assert mixed.sources == [f"<BT> more source {n}" for n in range(10)]
    assert mixed.references == [f"more target {n}" for n in range(10)]
    assert mixed_back.sources == [f"<BT> more target {n}" for n in range(10)]
    assert (main_back.sources, main_back.references) == (main.references, main.sources)
    assert general.sources[0] == "general source 0"
    # Without general text nothing of it is measured on.
    alone = read_training(home, settings.changed(general_corpus=""))
    assert alone.parts[1].num_left_out == 2
    with pytest.raises(DataError, match="Every training segment of 'leaking' stands in the dev"):
        read_training(home, settings_of(mixed=[{"corpus": "leaking"}]))


@pytest.mark.parametrize("made_by", ["back-translate", "clean"])
def test_only_sources_that_a_system_translated_are_tagged(home: Workspace, made_by: str) -> None:
    """Caswell et al. tag what the model must not take for text of people; versions, too."""
    details = {"made_by": made_by, "translated_lang": "eng_Latn"}
    store_corpus(home, name="BT", **EN_GA, splits={"train": pairs("bt", 2)}, details=details)
    mixed = [{"corpus": "BT", "tag": "<BT>"}]
    both = read_training(home, settings_of(mixed=mixed, both_directions=True))
    assert [part.tag for part in both.parts] == ["", "<BT>", "", ""]
    assert both.splits[1].sources[0] == "<BT> bt source 0"
    assert both.splits[3].sources[0] == "bt target 0"
    turned = settings_of(mixed=mixed, src_lang="gle_Latn", tgt_lang="eng_Latn")
    assert read_training(home, turned).splits[1].sources[0] == "bt target 0"


def test_general_text_may_be_scored_and_not_learnt_from(home: Workspace) -> None:
    settings = settings_of(general_corpus="general", general_share=0)
    assert [each.source.role for each in read_training(home, settings).parts] == ["main"]


@pytest.mark.parametrize(
    ("values", "kind", "sentence"),
    [
        (
            {"mixed": [{"corpus": "mr"}]},
            ConfigError,
            "The corpus 'mr' holds eng_Latn and mar_Deva, the run asks for eng_Latn to gle_Latn.",
        ),
        ({"mixed": [{"corpus": "none"}]}, DataError, "There is no corpus 'none'"),
        ({"mixed": [{"corpus": "main"}]}, ConfigError, "'main' is named twice"),
        ({"mixed": MORE, "general_corpus": "more"}, ConfigError, "'more' is named twice"),
        ({"general_corpus": "no dev"}, DataError, "The dev split of 'no dev' is empty"),
        ({"general_corpus": "no train"}, DataError, "The train split of 'no train' is empty"),
        ({"mixed": [{"corpus": "no train"}]}, DataError, "train split of 'no train' is empty"),
    ],
)
def test_what_cannot_be_mixed_is_refused_at_launch(
    home: Workspace, values: dict[str, Any], kind: type[AdaptMLLMError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        runs.check_launch(home, settings_of(**values))
    assert home.runs.newest() == []


def test_stored_settings_name_corpora_by_ids(home: Workspace) -> None:
    settings = with_corpus_ids(home, settings_of(mixed=MORE, general_corpus="general"))
    ids = {each.name: each.id for each in home.corpora.all()}
    assert settings.corpus == ids["main"] and settings.general_corpus == ids["general"]
    assert [each.model_dump() for each in settings.mixed] == [
        {"corpus": ids["more"], "weight": 2.5, "tag": "<BT>"}
    ]
    assert with_corpus_ids(home, settings) == settings


def test_files_are_told_with_their_hashes(home: Workspace) -> None:
    files = data_files(home, settings_of(mixed=MORE, general_corpus="general"))
    assert [(file["corpus"], file["split"], file["num_segments"]) for file in files] == [
        ("main", "train", 16),
        ("main", "dev", 2),
        ("main", "test", 2),
        ("more", "train", 13),
        ("general", "train", 8),
        ("general", "dev", 2),
        ("general", "test", 0),
    ]
    assert len({file["sha256"] for file in files}) == 7


def test_each_direction_has_its_codes(ready_workspace: Workspace) -> None:
    (corpus,) = ready_workspace.corpora.all()
    settings = from_recipe("Try it in a minute", corpus=corpus.id, both_directions=True)
    source = str(ready_workspace.starter_model)
    directions = bind_directions(lambda: load_tokenizer(source), settings)
    data = read_data(ready_workspace, settings, directions)
    half = len(data.train.sources) // 2
    to_tokens = directions.main.tokenizer.convert_ids_to_tokens
    first = [to_tokens(data.train.sources[i][:1])[0] for i in (0, half)]
    labels = [to_tokens(data.train.targets[i][:1])[0] for i in (0, half)]
    assert first == ["eng_Latn", "gle_Latn"] and labels == first[::-1]
    # The other direction's tokenizer has not turned that of the first one.
    assert data.train.sources[half][1:] == data.train.targets[0][1:]
    (reverse,) = data.further
    assert reverse.dev.sources == data.dev_text.references
    assert reverse.adapter.forced_bos_token_id != directions.main.forced_bos_token_id


def test_preview_shows_a_row_of_each_part(ready_workspace: Workspace) -> None:
    (corpus,) = ready_workspace.corpora.all()
    more = [("A new one.", "Ceann nua."), *[("The nurse.", "An t-altra.")] * 3]
    store_corpus(ready_workspace, name="more", **EN_GA, splits={"train": more})
    settings = from_recipe(
        "Try it in a minute",
        corpus=corpus.id,
        both_directions=True,
        mixed=[{"corpus": "more", "tag": "<BT>"}],
    )
    preview = compute_preview(ready_workspace, settings)
    assert [row.part for row in preview.rows] == [0, 1, 2, 3]
    assert [row.label_tokens[0] for row in preview.rows] == ["gle_Latn"] * 2 + ["eng_Latn"] * 2
    assert preview.rows[1].source == "<BT> A new one."
    assert [part["num_drawn"] for part in preview.parts] == [corpus.num_train, 4] * 2


def test_a_model_of_one_direction_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        check_tells_direction(Adapter("Marian", None))
    assert caught.value.message == (
        "This Marian model translates one direction and cannot be told another; both_directions "
        "needs one that can."
    )
    check_tells_direction(Adapter("Marian", None, source_prefix=">>gle<< "))
    check_tells_direction(Adapter("NLLB", None, forced_bos_token_id=7))


def test_directions_know_which_adapter_is_meant(ready_workspace: Workspace) -> None:
    tokenizer = load_tokenizer(str(ready_workspace.starter_model))
    main = bind(tokenizer, "eng_Latn", "gle_Latn")
    other = Adapter("NLLB", None)
    assert Directions(main).adapter(is_reversed=False) is main
    assert Directions(main, other).adapter(is_reversed=True) is other


def test_a_corpus_that_a_run_mixes_in_is_not_deleted(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.queue.advance_after", lambda *_: None)  # nothing is trained
    (corpus,) = ready_workspace.corpora.all()
    more = store_corpus(ready_workspace, name="more", **EN_GA, splits={"train": pairs("more", 5)})
    mixed = [{"corpus": "more"}]
    run = runs.launch(
        ready_workspace, FineTuneSettings.parse({"corpus": corpus.id, "mixed": mixed})
    )
    assert run.settings["mixed"][0]["corpus"] == more.id
    with pytest.raises(DataError, match="1 run.* use the corpus 'more'"):
        delete_corpus(ready_workspace, "more")
