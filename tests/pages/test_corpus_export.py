"""Exporting a corpus: the page that offers it, and the addresses that send the files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.corpora import kept
from app.downloads import routes
from core.corpora.formats.files import MemoryFile
from core.corpora.formats.looking import look
from core.corpora.formats.reading import rows
from core.corpora.importing import ImportSettings, import_corpus
from core.corpora.segments import Row
from core.corpora.storing import store_corpus
from core.storage.corpus_records import Corpus
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from tests.pages.reading import shown
from tests.pages.test_pages import opened

TEXTS = [
    Row('tab\t"quoted" <b>&amp; 🙂', "نص عربي\u2028x"),
    Row("  outer spaces ", "e\u0301 क्षि\u200dया"),
    Row("", "empty source"),
]
WITH_BREAK = Row("line\nbreak", "bris\r\nlíne")


@pytest.fixture
def client(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    return TestClient(Starlette(routes=routes()))


@pytest.fixture
def stored(workspace: Workspace) -> Callable[..., Corpus]:
    def make(train: list[Row], name: str = "*a* “b”/../x") -> Corpus:
        return store_corpus(
            workspace,
            name=name,
            src_lang="eng_Latn",
            tgt_lang="arb_Arab",
            splits={"train": train, "dev": [Row("dev", "d")]},
        )

    return make


Stored = Callable[..., Corpus]


def link(app: AppTest, label: str) -> Any:
    return next(each for each in app.link_button if each.label.startswith(label))


def read_back(content: bytes, format: str) -> list[Row]:
    file = MemoryFile(f"x.{format}", content)
    found = rows(file, look(file).choice, "eng_Latn", "arb_Arab")
    return [each.row for each in found]


@pytest.mark.parametrize("format", ["tsv", "jsonl", "tmx", "parquet"])
def test_what_is_downloaded_is_the_split(
    client: TestClient, stored: Stored, workspace: Workspace, format: str
) -> None:
    corpus = stored([*TEXTS, WITH_BREAK])
    answer = client.get(f"/download/corpora/{corpus.id}/train.{format}")
    assert answer.status_code == 200
    assert read_back(answer.content, format) == [*TEXTS, WITH_BREAK]
    assert int(answer.headers["content-length"]) == len(answer.content)
    name = f"{corpus.id[:8]}-train-eng_Latn-arb_Arab.{format}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    # Nothing is left beside the corpus.
    assert [path.name for path in workspace.corpora_folder.iterdir()] == [corpus.id]


def test_two_text_files_refuse_line_breaks_or_make_them_spaces(
    client: TestClient, stored: Stored, workspace: Workspace
) -> None:
    corpus = stored([*TEXTS, WITH_BREAK])
    address = f"/download/corpora/{corpus.id}/all.moses"
    refusal = client.get(address)
    assert refusal.status_code == 409
    assert refusal.text.startswith(
        "Row 4 holds a line break, which line-aligned files cannot hold."
    )
    assert refusal.headers["content-type"].startswith("text/plain")
    assert [path.name for path in workspace.corpora_folder.iterdir()] == [corpus.id]
    answer = client.get(address, params={"line_breaks": "space"})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    found = {name: archive.read(name).decode().split("\n") for name in archive.namelist()}
    sources = [row.source for row in TEXTS]
    assert list(found.values())[0] == [*sources, "line break", "dev", ""]
    assert list(found.values())[1][3:] == ["bris líne", "d", ""]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("{id}/train.xlsx", 404),
        ("{id}/middle.tsv", 404),
        ("{id}/train.tsv?line_breaks=x", 404),
        ("nobody/train.tsv", 404),
        ("{id}/test.tsv", 409),  # it is empty
        ("{id}/raw.zip", 404),
        ("nobody/raw.zip", 404),
        ("{id}/rejected.tsv", 409),  # nothing was left out
        ("../{id}/train.tsv", 404),
    ],
)
def test_what_is_not_there_is_answered_in_a_sentence(
    client: TestClient, stored: Stored, address: str, status: int
) -> None:
    answer = client.get(f"/download/corpora/{address.format(id=stored(TEXTS).id)}")
    assert answer.status_code == status
    assert answer.text


def test_the_raw_files_come_back_as_they_were_given(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        MemoryFile("first <b>.tsv", "source\ttarget\none\ta haon\n".encode("utf-16")),
        MemoryFile("../second.jsonl", b'{"source": "two", "target": "a d\xc3\xb3"}\n'),
    ]
    files += [MemoryFile(f"{n}.tsv", f"s {n}\tt {n}\n".encode()) for n in range(10)]
    corpus = import_corpus(workspace, ImportSettings(name="raw"), files)
    answer = client.get(f"/download/corpora/{corpus.id}/raw.zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.namelist() == [file.name.rpartition("/")[2] for file in files]
    assert [archive.read(name) for name in archive.namelist()] == [file.data for file in files]
    app = opened(workspace, monkeypatch, "corpus", id=corpus.id, part="Export")
    assert not app.exception
    table = next(each.value for each in app.dataframe if "File" in each.value)
    assert list(table["File"])[:2] == ["first <b>.tsv", "second.jsonl"]
    assert list(table["Size"])[:2] == ["52 bytes", "37 bytes"]
    assert link(app, "Raw files").url == f"/download/corpora/{corpus.id}/raw.zip"


@pytest.fixture
def page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[Corpus], AppTest]:
    def open_page(corpus: Corpus) -> AppTest:
        app = opened(workspace, monkeypatch, "corpus", id=corpus.id, part="Export")
        assert not app.exception
        return app

    return open_page


Page = Callable[[Corpus], AppTest]


def choose(app: AppTest, label: str, value: str) -> AppTest:
    return next(each for each in app.button_group if each.label == label).set_value(value).run()


def test_the_page_offers_each_format_and_split(stored: Stored, page: Page) -> None:
    corpus = stored([*TEXTS, WITH_BREAK])
    app = page(corpus)
    assert link(app, "Download").url == f"/download/corpora/{corpus.id}/all.tsv"
    app = choose(choose(app, "Format", "parquet"), "Split", "dev")
    assert link(app, "Download").url == f"/download/corpora/{corpus.id}/dev.parquet"
    assert f"{corpus.id[:8]}-dev-eng_Latn-arb_Arab.parquet" in shown(app)
    assert not app.warning


def test_a_format_that_cannot_hold_a_segment_is_said_before(stored: Stored, page: Page) -> None:
    corpus = stored([*TEXTS, WITH_BREAK])
    app = choose(page(corpus), "Format", "moses")
    (warning,) = app.warning
    assert "Row 4 holds a line break" in warning.value
    assert link(app, "Download").proto.disabled
    app = app.toggle[0].set_value(True).run()
    assert not app.warning and not link(app, "Download").proto.disabled
    assert link(app, "Download").url.endswith("/all.moses?line_breaks=space")
    app = choose(app, "Split", "dev")
    app = app.toggle[0].set_value(False).run()
    assert not app.warning


def test_a_large_corpus_is_not_tried_in_the_page(
    stored: Stored, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MAX_TRIED_ROWS", 2)
    app = choose(page(stored([*TEXTS, WITH_BREAK])), "Format", "moses")
    assert not app.warning and not link(app, "Download").proto.disabled


def test_a_version_says_where_the_files_are(workspace: Workspace, page: Page) -> None:
    corpus = store_corpus(
        workspace,
        name="cleaned",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": TEXTS},
        details={"made_by": "clean", "parent_name": "*raw*"},
    )
    assert "This version was made from \\*raw\\*" in shown(page(corpus))
