"""Leaks on the page of a corpus: what is known, row by row, elsewhere, and the way out."""

from __future__ import annotations

import pytest

from core.corpora import works
from core.corpora.deleting import delete_corpus
from core.corpora.leak_search import LeakSearchSettings, status_of
from core.corpora.restored import rejected_of
from core.corpora.segments import read_segments
from core.corpora.storing import store_corpus
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from tests.pages.corpus_pages import (
    at,
    carried_out,
    choose,
    done,
    field,
    hold_jobs,
    new_work,
    said,
    table,
)
from tests.pages.reading import button, shown
from tests.pages.test_pages import opened

HOSTILE = "*a* <b>x</b> $y$\t:red[z] walks home"
TRAIN = [
    (HOSTILE, "Siúlann sé abhaile."),
    ("The nurse writes a letter.", "Scríobhann an t-altra litir."),
    ("The doctor reads the long report at home.", "Léann an dochtúir é."),
    ("She drinks water every morning.", "Ólann sí uisce gach maidin."),
]
DEV = [("the nurse writes a letter", "Scríobhann sí litir anois.")]
TEST = [
    (HOSTILE, "Siúlann siad abhaile anois."),
    ("They swim in the sea.", "Ólann sí uisce gach maidin."),
    ("the nurse writes a LETTER!", "Níl aon rud anseo."),
]


@pytest.fixture
def corpus(workspace: Workspace) -> Corpus:
    """Three of four train rows leak: exactly, normalised, and on the Irish side alone."""
    splits = {"train": TRAIN, "dev": DEV, "test": TEST}
    return store_corpus(
        workspace, name="Leaky", src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits
    )


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_jobs(monkeypatch)


@pytest.fixture
def other(workspace: Workspace) -> Corpus:
    """Another corpus with Irish as its source, whose train holds two of the test's texts."""
    rows = [("Siúlann siad abhaile anois.", HOSTILE), ("Rud eile ar fad.", "Something else.")]
    return store_corpus(
        workspace,
        name="Other *x*",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        splits={"train": rows},
    )


def test_counts_stand_by_split_side_and_level(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    rows = table(app, "Looked for in")
    found = rows[(rows["Held out"] == "test") & (rows["Looked for in"] == "train")]
    counts = found.set_index("Side")[["Exact", "Normalised", "Near"]].T.to_dict("list")
    assert counts == {
        "English": [1, 1, 0],
        "Irish": [1, 0, 0],
        "both": [0, 0, 0],
        "either": [2, 1, 0],
    }
    assert "What dev and test share is learnt by no model" in shown(app)


def test_leaks_stand_exactly_row_by_row_with_filters(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    rows = table(app, "Overlap")
    exact = rows[(rows["Held out"] == "test 1") & (rows["Stands in"] == "train 1")].iloc[0]
    assert exact["English, held out"] == exact["English, there"] == HOSTILE
    app = field(app, "selectbox", "Level").set_value("exact").run()
    app = field(app, "selectbox", "Side").set_value("target").run()
    assert table(app, "Overlap")["Held out"].tolist() == ["test 2"]
    app = choose(app, "Overlap", 0)
    assert "test 2 stands in train 4" in shown(app) and "Irish exact · overlap 100%" in shown(app)
    app = field(app, "selectbox", "Stands in").set_value("dev").run()
    assert "No row matches" in shown(app)


def test_removal_counts_the_rows_of_what_is_chosen_and_makes_a_version(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    assert "3 of 4 train rows would be left out." in shown(app)
    sides = field(app, "pills", "Sides of the held-out segment")
    assert sides.options == ["English", "Irish"]
    app.session_state[sides.key] = ["source"]
    app.run()
    assert "2 of 4 train rows would be left out." in shown(app)
    key = button(app, "Remove from train").key
    app = button(app, "Remove from train").click().run()
    assert not app.exception and all(each.key != key for each in app.button)
    started = new_work(workspace, "unleak")
    new = workspace.corpora.get(works.wait_for(workspace, started.id).result["corpus"])
    assert (new.name, new.counts) == ("Leaky, leaks removed", {"train": 2, "dev": 1, "test": 3})
    assert read_segments(workspace.split_file(new.id, "train")) == TRAIN[2:]
    assert [each.reasons for each in rejected_of(workspace, new).page()] == [("leak",)] * 2
    app = at(workspace, monkeypatch, new, "Left out")
    assert table(app, "Reasons")["Source: English"].tolist() == [HOSTILE, TRAIN[1][0]]


def test_without_a_kind_of_leak_nothing_can_be_removed_and_it_says_why(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    levels = field(app, "pills", "Levels")
    for chosen, words in (([], "at least one level"), (["near"], "No row of train leaks")):
        app.session_state[levels.key] = chosen
        app.run()
        assert button(app, "Remove from train").disabled and words in shown(app)


def test_a_corpus_without_leaks_says_what_was_looked_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = {"train": TRAIN[2:3], "dev": DEV, "test": TEST[:1]}
    fine = store_corpus(
        workspace, name="Fine", src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits
    )
    app = at(workspace, monkeypatch, fine, "Leaks")
    assert "No test or dev segment stands in train (exact, normalised, near ≥ 0.8)" in said(app)
    assert table(app, "Looked for in")["Segments"].tolist() == [1] * 12
    assert not [each for each in app.button if each.label == "Remove from train"]


def test_a_corpus_without_held_out_splits_says_what_to_do(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = store_corpus(
        workspace, name="Only", src_lang="eng_Latn", tgt_lang="gle_Latn", splits={"train": TRAIN}
    )
    assert "split the corpus" in shown(at(workspace, monkeypatch, only, "Leaks"))


@pytest.mark.usefixtures("nothing_starts")
def test_look_again_keeps_to_the_threshold_that_was_set(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    app = next(each for each in app.number_input if "ear" in each.label).set_value(0.6).run()
    app = button(app, "Look again").click().run()
    assert not app.exception
    carried_out(workspace, new_work(workspace, "leakage").id)
    status = status_of(workspace.corpora.get(corpus.id))
    assert status is not None and status.near_threshold == 0.6
    app.run()
    assert "from 60% of 5-grams" in said(app)


@pytest.mark.usefixtures("nothing_starts")
def test_another_corpus_is_compared_and_its_leaks_are_kept_beside_the_own(
    workspace: Workspace, corpus: Corpus, other: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    picker = field(app, "selectbox", "Compared with")
    assert picker.options == ["Its own splits", "Other *x*"]
    app = picker.set_value(other.id).run()
    assert "Nobody has looked" in shown(app)
    app = button(app, "Compare").click().run()
    assert new_work(workspace, "leakage").settings["against"] == other.id
    carried_out(workspace, new_work(workspace, "leakage").id)
    app.run()
    assert field(app, "selectbox", "Compared with").value == other.id
    assert r"Other \*x\* \(leaks\)" in shown(app)
    leak = table(app, "Overlap").iloc[0]
    assert (leak["Held out"], leak["Stands in"]) == ("test 1", "Other *x*: train 1")
    # English stands beside English, though it is the other corpus's target.
    assert leak["English, there"] == HOSTILE
    assert "None of it stands in this corpus's own train" in shown(app)
    app = field(app, "selectbox", "Compared with").set_value("").run()
    assert "3 of 4 train rows would be left out." in shown(app)


@pytest.mark.usefixtures("nothing_starts")
def test_what_was_found_in_a_deleted_corpus_is_still_shown(
    workspace: Workspace, corpus: Corpus, other: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(workspace, "leakage", LeakSearchSettings(corpus=corpus.id, against=other.id))
    delete_corpus(workspace, other.id)
    app = at(workspace, monkeypatch, corpus, "Leaks")
    picker = field(app, "selectbox", "Compared with")
    assert picker.options == ["Its own splits", "Other *x* (deleted)"]
    app = picker.set_value(other.id).run()
    assert len(table(app, "Overlap")) and "was deleted since" in shown(app)
    assert not [each for each in app.button if each.label in ("Look again", "Compare")]


@pytest.mark.usefixtures("nothing_starts")
def test_a_corpus_that_another_tab_deletes_is_said_to_be_gone(
    workspace: Workspace, corpus: Corpus, other: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Leaks")
    app = field(app, "selectbox", "Compared with").set_value(other.id).run()
    delete_corpus(workspace, other.id)
    app.run()
    assert not app.exception
    assert field(app, "selectbox", "Compared with").value == ""
    assert "Other *x* was deleted" in said(app)


def test_what_only_dev_and_test_share_is_seen_and_not_removed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = {"train": TRAIN[2:3], "dev": DEV, "test": DEV}
    store_corpus(workspace, name="Own", src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits)
    app = opened(workspace, monkeypatch, "finetune")
    labels = {each.proto.label for each in app.get("page_link")}
    assert "See its leaks" in labels and "See and remove its leaks" not in labels


def test_a_corpus_without_a_language_in_common_is_not_offered(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_corpus(
        workspace, name="Far", src_lang="mar_Deva", tgt_lang="arb_Arab", splits={"train": TRAIN}
    )
    app = at(workspace, monkeypatch, corpus, "Leaks")
    assert field(app, "selectbox", "Compared with").options == ["Its own splits"]
