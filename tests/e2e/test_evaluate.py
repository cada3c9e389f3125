"""Three systems on the sample test set: scored, compared, drilled into and exported."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from playwright.sync_api import expect
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER
from sacrebleu.significance import PairedTest

from core.corpora.segments import read_segments
from tests.e2e.driving import App

pytestmark = pytest.mark.e2e

METRICS = {"bleu": BLEU, "chrf2": CHRF, "ter": TER}


def outputs(app: App) -> tuple[list[str], dict[str, list[str]]]:
    """Gives the references of the sample's test split, and three systems of falling quality."""
    workspace = app.opened()
    corpus = workspace.corpora.all()[0]
    pairs = read_segments(workspace.split_file(corpus.id, "test"))
    references = [target for _, target in pairs]
    systems = {
        "careful": [
            text if n % 5 else " ".join(text.split()[:-1]) for n, text in enumerate(references)
        ],
        "hasty": [" ".join(text.split()[::-1][1:]) for text in references],
        "lazy": [
            source if n % 4 == 0 else "Níl a fhios agam." for n, (source, _) in enumerate(pairs)
        ],
    }
    return references, systems


def test_three_systems_are_scored_compared_drilled_into_and_exported(
    tab: Any, app: App, tmp_path: Path
) -> None:
    references, systems = outputs(app)
    tab.open("evaluate")
    tab.sees("Nothing to compare yet")
    add_files(tab, systems, tmp_path)
    exported = scores_equal_sacrebleu(tab, references, systems, tmp_path)
    assert exported["num_scored"] == len(references)
    drill_into_copies(tab, systems["lazy"])
    drill_into_a_bucket(tab)
    export(tab, systems, tmp_path)
    assert len(app.opened().translation_sets.all()) == 3


def add_files(tab: Any, systems: dict[str, list[str]], folder: Path) -> None:
    """Uploads one file too short, which is refused, then three plain texts at once."""
    short = folder / "short.txt"
    short.write_text("Aon líne amháin.\n", encoding="utf-8")
    upload = tab.page.locator("input[type=file]").first
    upload.set_input_files(short)
    press_add(tab)
    tab.sees(re.compile("holds 1 hypothesis; the test set has 200 segments"))
    tab.page.reload()
    tab.settle()
    files = []
    for name, texts in systems.items():
        path = folder / f"{name}.txt"
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        files.append(path)
    tab.page.locator("input[type=file]").first.set_input_files(files)
    expect(tab.page.get_by_text("lazy.txt")).to_be_visible()
    press_add(tab)
    tab.page.get_by_test_id("stDataFrame").first.wait_for()
    tab.settle()


def press_add(tab: Any) -> None:
    tab.page.get_by_role("button", name="Add", exact=True).click()


def download(tab: Any, label: str, path: Path) -> Path:
    with tab.page.expect_download() as found:
        tab.page.get_by_role("button", name=label, exact=True).click()
    found.value.save_as(path)
    return path


def part(tab: Any, name: str) -> None:
    tab.page.get_by_role("tab", name=name, exact=True).click()
    tab.settle()


def scores_equal_sacrebleu(
    tab: Any, references: list[str], systems: dict[str, list[str]], folder: Path
) -> dict[str, Any]:
    """Compares what the page gives away with sacreBLEU's public classes, to the last digit."""
    tab.page.get_by_test_id("stCode").filter(has_text="n=200").wait_for()
    part(tab, "Report")
    path = download(tab, "JSON", folder / "evaluation.json")
    exported: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names = {each["set_id"]: each["name"] for each in exported["systems"]}
    assert sorted(names.values()) == sorted(systems)
    values = {(names[e["set_id"]], e["metric"]): e["value"] for e in exported["scores"]}
    for key, metric in METRICS.items():
        for name, texts in systems.items():
            assert values[name, key] == metric().corpus_score(texts, [references]).score
    baseline = names[exported["baseline_id"]]
    named = [(baseline, systems[baseline])]
    named += [(name, texts) for name, texts in systems.items() if name != baseline]
    _, tested = PairedTest(named, {"BLEU": BLEU()}, [references], test_type="bs")()
    p_values = {
        names[e["set_id"]]: e["p_value"] for e in exported["differences"] if e["metric"] == "bleu"
    }
    assert p_values == {
        name: result.p_value
        for name, result in zip(tested["System"][1:], tested["BLEU"][1:], strict=True)
    }
    return exported


def drill_into_copies(tab: Any, lazy: list[str]) -> None:
    """Goes from the rate of copied sources to the segments, and reads one of them."""
    part(tab, "Causes")
    tab.choose_row(2)
    tab.page.get_by_role("heading", name="Copy of the source").wait_for()
    tab.page.get_by_role("button", name="Show 50 segments").click()
    tab.settle()
    tab.sees("Copy of the source in lazy: 50 segments")
    tab.choose_row(1)
    tab.page.get_by_role("heading", name="Segment 1", exact=True).wait_for()
    expect(tab.page.locator(".answer-text").filter(has_text=lazy[0]).first).to_be_visible()
    tab.click("Show all segments")
    tab.sees("200 segments")


def drill_into_a_bucket(tab: Any) -> None:
    part(tab, "Causes")
    tab.page.get_by_role("radio", name="Buckets").click()
    tab.settle()
    tab.choose_row(1)
    tab.page.get_by_role("button", name=re.compile(r"Show \d+ segments")).click()
    tab.settle()
    tab.sees(re.compile(r"Length of the source, .* words: \d+ segments"))


def export(tab: Any, systems: dict[str, list[str]], folder: Path) -> None:
    part(tab, "Report")
    archive = zipfile.ZipFile(download(tab, "Everything (ZIP)", folder / "evaluation.zip"))
    assert {"scores.csv", "table.tex", "evaluation.json", "report.html", "segments.csv"} <= set(
        archive.namelist()
    )
    page = html.fromstring(archive.read("report.html"))
    text = page.text_content()
    for name in systems:
        assert name in text
    assert not page.xpath("//script") and "BLEU|nrefs:1" in text
    tab.fill("Save this comparison as", "First comparison")
    tab.click("Save")
    tab.sees("First comparison")
    tab.page.reload()
    tab.settle()
    part(tab, "Report")
    tab.sees("First comparison")


def test_every_part_fits_a_phone(tab: Any, app: App) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.open("evaluate")
    for name in ("Scores", "Segments", "Causes", "Robustness", "Scorers", "People", "Report"):
        part(tab, name)
        main = "document.querySelector('[data-testid=stMain]')"
        assert tab.page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1, name
