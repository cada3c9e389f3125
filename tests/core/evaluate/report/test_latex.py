from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluate.report.latex import latex_tables
from core.evaluate.results import EvaluationResult
from core.latex import escaped

HOSTILE = r"\input{x} _a_ 50% #1 & $x$ ~ ^ {b} | < > [c] *d* `e` -- ''"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a_b", r"a\_b"),
        ("50%", r"50\%"),
        ("#1 & 2", r"\#1 \& 2"),
        ("$5", r"\$5"),
        ("{x}", r"\{x\}"),
        ("a|b", r"a\textbar{}b"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        (r"\end{table}", r"\textbackslash{}end\{table\}"),
        ("<b>", r"\textless{}b\textgreater{}"),
        ("[x]*", "{[}x{]}{*}"),
        ("well-known", "well-known"),
        ("a---b", "a-{}-{}-b"),
        ("''", "'{}'"),
        ("?`", r"?\textasciigrave{}"),
        ("a\r\nb\x00c\u2028d", "a  b c d"),
        ("मराठी العربية é", "मराठी العربية é"),
    ],
)
def test_every_character_prints_as_it_is(text: str, latex: str) -> None:
    assert escaped(text) == latex


def _rows(result: EvaluationResult) -> list[list[str]]:
    lines = latex_tables(result).splitlines()
    return [line.removesuffix(r" \\").split(" & ") for line in lines if line.endswith(r"\\")]


def test_scores_stand_with_half_their_interval_and_their_mark(result: EvaluationResult) -> None:
    header, base, fine, llm = _rows(result)[:4]
    assert header[1:] == [r"BLEU $\uparrow$", r"TER $\downarrow$", r"COMET $\uparrow$"]
    assert base[:2] == ["NLLB-200 600M (baseline)", r"28.4{\scriptsize\,$\pm$\,1.3}"]
    assert fine[2] == r"\textbf{51.2}{\scriptsize\,$\pm$\,1.7}\textsuperscript{$\dagger$}"
    assert llm[2] == r"66.6{\scriptsize\,$\pm$\,1.8}\textsuperscript{$\ddagger$}"
    assert llm[3].startswith(r"\textbf{0.815}")


def test_what_prints_as_the_best_is_bold(result: EvaluationResult) -> None:
    _, base, fine, llm = _rows(result)[:4]
    assert r"\textbf{36.0}" in fine[1]
    assert r"\textbf{36.0}" in llm[1]
    assert "textbf" not in base[1]


def test_differences_have_interval_and_p(result: EvaluationResult) -> None:
    row = next(row for row in _rows(result)[5:] if row[0] == "Fine-tuned" and "TER" in row[1])
    assert row[2:] == [
        r"$-$10.5\textsuperscript{$\dagger$}",
        r"{[}$-$11.3, $-$9.7{]}",
        "0.001",
        "0.002",
    ]


def test_captions_say_how_to_repeat_the_numbers(result: EvaluationResult) -> None:
    text = latex_tables(result)
    assert "$n = 500$" in text
    assert "paired bootstrap, 1,000 samples, seed 12345" in text
    assert r"BLEU\textbar\allowbreak{}nrefs:1\textbar\allowbreak{}case:mixed" in text
    assert "7 of 500 test segments also stand in train (English side 7)." in text
    assert "Upload: 12 of its 500 segments failed." in text


def test_one_system_has_one_table_and_no_marks(result: EvaluationResult) -> None:
    alone = replace(result, systems=result.systems[:1], differences=(), ranks=())
    text = latex_tables(alone)
    assert text.count(r"\begin{table}") == 1
    assert "dagger" not in text
    assert "(baseline)" not in text


def test_what_was_not_resampled_has_no_interval(result: EvaluationResult) -> None:
    scores = tuple(
        replace(each, mean=None, half_width=None, low=None, high=None) for each in result.scores
    )
    differences = tuple(replace(each, low=None, high=None) for each in result.differences)
    text = latex_tables(replace(result, scores=scores, differences=differences))
    assert r"\,$\pm$\," not in text
    assert "None" not in text


def _hostile(result: EvaluationResult) -> EvaluationResult:
    systems = tuple(
        replace(each, name=f"[{number}] {HOSTILE}", excluded=each.excluded and HOSTILE)
        for number, each in enumerate(result.systems)
    )
    metrics = tuple(
        replace(each, name=f"{each.name} {HOSTILE}", signature=HOSTILE) for each in result.metrics
    )
    return replace(
        result, systems=systems, metrics=metrics, test_set_name=HOSTILE, split=HOSTILE,
        leak=HOSTILE, notes=(HOSTILE,), src_lang=HOSTILE,
    )  # fmt: skip


def test_hostile_names_open_no_group_and_begin_no_command(result: EvaluationResult) -> None:
    text = latex_tables(_hostile(result)).partition(r"\begin{table}")[2]
    assert r"\input" not in text
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert not re.search(r"(?<!\\)[#~]", text)
    for line in text.splitlines():
        if line.endswith(r" \\"):
            assert len(re.findall(r"(?<!\\)&", line)) in (3, 5)
            assert not line.startswith(("[", "*"))


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex on this machine")
def test_tables_compile_with_booktabs_alone(result: EvaluationResult, tmp_path: Path) -> None:
    body = latex_tables(_hostile(result))
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n\\listoftables\n"
        f"{body}\\end{{document}}\n"
    )
    for _ in range(2):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]


def test_captions_say_what_is_particular_to_a_metric(
    result: EvaluationResult, judged: EvaluationResult
) -> None:
    text = latex_tables(judged)
    assert "$n = 500$ (LLM: 480)." in text
    assert r"half of the 95\,\% interval of 1,000 resamples" in text
    assert r"LLM: 12 of 400 failed (3.0 \%)." in text
    assert "LLM: judged by an LLM. This report does not say how that agrees with people" in text
    assert "judged by an LLM" not in latex_tables(result)
    assert "$n = 1{,}500$." in latex_tables(replace(result, num_scored=1500, metrics=()))
