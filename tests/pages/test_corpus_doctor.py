"""The data doctor and the rows that were left out, on small corpora."""

from __future__ import annotations

import csv
import io

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import downloads
from app.corpora.download_routes import rejected_response, rejected_url
from core.corpora import works
from core.corpora.checking import CheckSettings
from core.corpora.cleaned import CleanSettings
from core.corpora.doctor.findings import Finding, write_findings
from core.corpora.doctor.settings import preset
from core.corpora.restored import RestoreSettings, rejected_of
from core.corpora.segments import read_segments
from core.corpora.storing import REJECTED_FILE, store_corpus
from core.storage.corpus_job_records import CorpusJob
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

HOSTILE = "  *a* <b>x</b> $y$\t:red[z]\n-> 471 "
LETTER = ("The nurse writes a letter to the man.", "Scríobhann an t-altra litir chuig an bhfear.")
TRAIN = [
    LETTER,
    (HOSTILE, "Tá an aimsir go maith inniu sa chathair mhór."),
    ("The doctor reads the report at home.", "Léann an dochtúir an tuarascáil sa bhaile."),
    LETTER,
    ("no translation was made here", "no translation was made here"),
    ("She drinks water every morning.", "Ólann sí uisce gach maidin."),
]
CLEAN = "Clean: make a version without these"
DEV = [("the same on both sides", "the same on both sides")]
TEST = [("They walk to the sea in the evening.", "Siúlann siad chun na farraige tráthnóna.")]


@pytest.fixture
def corpus(workspace: Workspace) -> Corpus:
    """Two duplicates, an untranslated pair and a lost number in train; one flagged row in dev."""
    splits = {"train": TRAIN, "dev": DEV, "test": TEST}
    return store_corpus(
        workspace, name="Letters", src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits
    )


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_jobs(monkeypatch)


def test_an_unchecked_corpus_says_what_the_doctor_does(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    assert "looks at every pair for 19 kinds of trouble" in shown(app)
    assert field(app, "radio", "Preset").value == "standard"
    assert not app.metric[3:]  # beyond the counts of the splits nothing is known yet


def test_another_preset_fills_every_field_anew(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    assert field(app, "number_input", "Length ratio up to").value == 3.0
    app = field(app, "number_input", "Length ratio up to").set_value(4.5).run()
    app = field(app, "radio", "Preset").set_value("gentle").run()
    assert field(app, "number_input", "Length ratio up to").value == 6.0
    assert not field(app, "toggle", "Numbers differ").value


def test_with_every_check_off_nothing_can_be_checked_and_it_says_why(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    for check in preset("standard").active:
        app.session_state[f"doctor.{corpus.id}.standard.{check}"] = False
    app.run()
    assert button(app, "Check").disabled and "Every check is switched off" in shown(app)


def test_check_is_one_real_job_whose_findings_are_shown(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    key = button(app, "Check").key
    app = field(app, "number_input", "Numbers from").set_value(1000).run()
    app = button(app, "Check").click().run()
    # A second click is one on a button that is not there any more.
    assert not app.exception and all(each.key != key for each in app.button)
    started = new_work(workspace, "check")
    assert started.job.person == "owner"
    asked = CheckSettings.parse(works.wait_for(workspace, started.id).settings)
    assert (asked.preset, asked.doctor.least_number) == ("standard", 1000)
    app.run()
    found = table(app, "Check").set_index("Check")
    assert found.loc["Duplicate"][["Train", "Dev", "Test"]].tolist() == [1, 0, 0]
    assert found.loc["Source = target"][["Train", "Dev", "Test"]].tolist() == [1, 1, 0]
    assert "Numbers differ" not in found.index  # 471 is below the threshold that was set
    assert {each.label: each.value for each in app.metric}["Rows"] == "8"
    assert "standard, changed" in shown(app)
    # Another look begins with what was asked last, and the preset is still to be had.
    assert field(app, "radio", "Preset").value == "as last time"
    assert field(app, "number_input", "Numbers from").value == 1000
    app = field(app, "radio", "Preset").set_value("standard").run()
    assert field(app, "number_input", "Numbers from").value == 13


@pytest.fixture
def checked(workspace: Workspace, corpus: Corpus, nothing_starts: None) -> CorpusJob:
    """A finished check with the standard thresholds."""
    return done(workspace, "check", CheckSettings(corpus=corpus.id))


def test_flagged_rows_stand_exactly_with_reasons_and_filters(
    workspace: Workspace, corpus: Corpus, checked: CorpusJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    rows = table(app, "Reasons")
    assert HOSTILE in rows["Source: English"].tolist()
    hostile = rows[rows["Row"] == 2].iloc[0]
    assert "Numbers differ" in hostile["Reasons"] and "471" in hostile["Details"]
    app = field(app, "selectbox", "Split").set_value("dev").run()
    assert table(app, "Reasons")["Split"].tolist() == ["dev"]
    app = field(app, "selectbox", "Split").set_value("all splits").run()
    app = field(app, "selectbox", "Reason").set_value("duplicate").run()
    assert table(app, "Reasons")["Row"].tolist() == [4]
    app = choose(app, "Reasons", 0)
    assert "train, row 4" in shown(app) and "Duplicate: same as row 1" in shown(app)
    app = field(app, "text_input", "Search").set_value("nowhere").run()
    assert "No row matches" in shown(app)


def test_cleaning_counts_what_remains_and_leaves_out_only_the_chosen(
    workspace: Workspace, corpus: Corpus, checked: CorpusJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    pills = field(app, "pills", "Leave out what these checks flag")
    assert "Source = target · 1" in pills.options  # dev's is not counted: it stays
    before = next(text.value for text in app.text if "Train keeps" in text.value)
    app.session_state[pills.key] = ["duplicate", "identical"]
    app.run()
    assert "Train keeps 4 of 6 rows. 2 would be left out." in shown(app)
    assert "Train keeps 4 of 6" not in before
    app = button(app, CLEAN).click().run()
    assert not app.exception
    made = carried_out(workspace, new_work(workspace, "clean").id).result["corpus"]
    new = workspace.corpora.get(made)
    assert (new.name, new.counts) == ("Letters, cleaned", {"train": 4, "dev": 1, "test": 1})
    assert workspace.corpora.get(corpus.id).num_train == 6


def test_cleaning_without_a_check_or_a_free_name_says_what_is_missing(
    workspace: Workspace, corpus: Corpus, checked: CorpusJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    app = field(app, "text_input", "Name of the new version").set_value("Letters").run()
    assert button(app, CLEAN).disabled and "already a corpus named 'Letters'" in said(app)
    pills = field(app, "pills", "Leave out what these checks flag")
    app.session_state[pills.key] = []
    app.run()
    assert button(app, CLEAN).disabled and "Choose at least one check." in said(app)


def test_held_out_rows_are_cleaned_only_where_the_check_said_so(
    workspace: Workspace,
    corpus: Corpus,
    nothing_starts: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doctor = preset("standard").changed(clean_held_out=True)
    done(workspace, "check", CheckSettings(corpus=corpus.id, doctor=doctor))
    app = at(workspace, monkeypatch, corpus, "Data doctor")
    assert "dev keeps 0 of 1 rows" in shown(app)
    assert button(app, CLEAN).disabled and "Nothing of dev would be left" in shown(app)


def test_a_clean_corpus_is_said_to_be_one(
    workspace: Workspace, nothing_starts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = store_corpus(
        workspace, name="Fine", src_lang="eng_Latn", tgt_lang="gle_Latn", splits={"train": TEST}
    )
    done(workspace, "check", CheckSettings(corpus=fine.id))
    app = at(workspace, monkeypatch, fine, "Data doctor")
    assert [each.value for each in app.success] == ["No row was flagged by these checks."]
    assert not [each for each in app.button if each.label.startswith("Clean")]


@pytest.fixture
def cleaned(workspace: Workspace, corpus: Corpus, checked: CorpusJob) -> Corpus:
    """The corpus without what the standard check flagged in train."""
    settings = CleanSettings(corpus=corpus.id, check=checked.id, name="Cleaned")
    return workspace.corpora.get(done(workspace, "clean", settings).result["corpus"])


def test_left_out_rows_come_back_to_their_places_in_a_new_version(
    workspace: Workspace, cleaned: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, cleaned, "Left out")
    assert button(app, "Take back rows").disabled
    assert "Choose rows in the table first." in said(app)
    rows = table(app, "Reasons")
    place = rows["Row"].tolist().index(2)
    app = choose(app, "Reasons", place)
    app = button(app, "Take back 1 row").click().run()
    assert not app.exception
    made = carried_out(workspace, new_work(workspace, "restore").id).result["corpus"]
    new = workspace.corpora.get(made)
    kept = read_segments(workspace.split_file(new.id, "train"))
    assert kept == [pair for pair in TRAIN[:3] + TRAIN[5:] if pair in kept] and TRAIN[1] in kept
    assert new.num_train == cleaned.num_train + 1 and new.name == "Cleaned (2)"
    assert rejected_of(workspace, new).count == len(rows) - 1


def test_all_matching_rows_are_taken_back_beyond_the_page(
    workspace: Workspace, cleaned: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Finding("train", n, f"text {n}", "téacs", "", ("numbers",)) for n in range(150)]
    write_findings(workspace.corpus_folder(cleaned.id) / REJECTED_FILE, many)
    app = at(workspace, monkeypatch, cleaned, "Left out")
    assert len(table(app, "Reasons")) == 100 and "150 rows, 100 a page" in shown(app)
    assert "Only rows chosen on this page are taken back." in said(app)
    app = choose(app, "Reasons", 3)
    assert button(app, "Take back 1 row of this page")
    label = "All 150 rows that match, not only the chosen ones"
    app = field(app, "toggle", label).set_value(True).run()
    app = button(app, "Take back 150 rows").click().run()
    settings = RestoreSettings.parse(new_work(workspace, "restore").settings)
    assert settings.rows == tuple(("train", n) for n in range(150))


def test_rows_of_an_import_are_listed_with_their_place_and_stay_out(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = store_corpus(
        workspace,
        name="Raw",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": TEST},
        details={"made_by": "import", "rejected": {"empty": 1, "no_translation": 1}},
    )
    rows = [
        Finding("", 1, HOSTILE, "", "", ("empty",), "a *b*.tsv, line 3"),
        Finding("", 4, "no target", "", "", ("no_translation",), "a *b*.tsv, line 6"),
    ]
    write_findings(workspace.corpus_folder(raw.id) / REJECTED_FILE, rows)
    app = at(workspace, monkeypatch, raw, "Left out")
    found = table(app, "Where")
    assert found["Where"].tolist() == ["a *b*.tsv, line 3", "a *b*.tsv, line 6"]
    assert found["Source: English"].tolist() == [HOSTILE, "no target"]
    assert found["Reasons"].tolist() == ["Empty side", "No translation"]
    assert "nothing to take back" in shown(app)
    assert not [each for each in app.button if each.label.startswith("Take back")]


def test_where_nothing_was_left_out_it_says_so(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing was left out" in shown(at(workspace, monkeypatch, corpus, "Left out"))


def test_left_out_rows_are_downloaded_with_the_names_of_the_checks(
    workspace: Workspace, cleaned: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = at(workspace, monkeypatch, cleaned, "Left out")
    links = [each.proto.url for each in app.get("link_button")]
    assert [rejected_url(cleaned.id, kind) for kind in ("tmx", "tsv", "xlsx")] == links
    answer = TestClient(Starlette(routes=downloads.routes())).get(links[1])
    assert answer.status_code == 200
    assert "left-out.tsv" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text), delimiter="\t"))
    assert ["train", "4", *TRAIN[3], "Duplicate"] in [row[:5] for row in rows]


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [("doc", 404, "There are tmx, tsv, xlsx"), ("tsv", 409, "Nothing was left out of 'Letters'")],
)
def test_what_cannot_be_downloaded_is_answered_with_why(
    workspace: Workspace, corpus: Corpus, kind: str, status: int, words: str
) -> None:
    answer = rejected_response(workspace, corpus.id, kind)
    assert answer.status_code == status and words in bytes(answer.body).decode()
    assert rejected_response(workspace, "nonsense", "tsv").status_code == 404
