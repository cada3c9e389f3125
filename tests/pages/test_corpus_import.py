"""Files on the import form that cannot be read as they are guessed: what one can say of them."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.corpora.segments import read_segments
from core.storage.workspace import Workspace
from tests.pages.corpus_pages import carried_out, hold_jobs, said
from tests.pages.reading import button
from tests.pages.test_pages import opened

# Multi-line quoted cells behind a plain header, as pandas writes them.
ROWS = "".join(f'"two\nlines {n}"\t"dhá\nlíne {n}"\n' for n in range(5))
QUOTED = f"English\tIrish\n{ROWS}".encode()


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_jobs(monkeypatch)


def chosen(app: AppTest, label: str, value: str) -> AppTest:
    return next(each for each in app.selectbox if each.label == label).set_value(value).run()


def test_quotation_marks_are_said_of_a_file_that_cannot_be_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "corpora")
    app = app.file_uploader[0].set_value(("x.tsv", QUOTED, "text/plain")).run()
    assert not app.exception
    assert "choose the quoting 'quoted'" in app.error[0].value
    assert button(app, "Import").disabled
    app = chosen(app, "Quotation marks are", "quoted")
    assert not app.error and "cannot be read" not in said(app)
    assert not button(app, "Import").disabled
    app = button(app, "Import").click().run()
    assert not app.exception
    (begun,) = workspace.corpus_jobs.all()
    result = carried_out(workspace, begun.id).result
    corpus = workspace.corpora.get(result["corpus"])
    assert corpus.counts == {"train": 3, "dev": 1, "test": 1}
    source, target = read_segments(workspace.split_file(corpus.id, "train"))[0]
    assert (source[:9], target[:9]) == ("two\nlines", "dhá\nlíne ")


def test_one_of_several_that_is_read_wrongly_is_not_left_out_in_silence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "corpora")
    files = [
        ("train.tsv", b"a\tb\n" * 9, "text/plain"),
        ("dev.tsv", b"c\td\n" * 9 + b"e\tfg\n", ""),
    ]
    app = app.file_uploader[0].set_value(files).run()
    assert not app.exception and not button(app, "Import").disabled
    app = chosen(app, "Encoding of dev\\.tsv", "utf-32-le")
    assert button(app, "Import").disabled
    assert "Correct how 'dev.tsv' is read, or leave it out." in said(app)
