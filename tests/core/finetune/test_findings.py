"""What is found about runs that did not fail, from records as the trainer writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.corpora.sample import generate_sample
from core.finetune.evidence import Evidence, Finding, Output, read_evidence
from core.finetune.findings import findings
from core.finetune.run_folder import TEST_NOTE, RunFolder
from core.finetune.segments import Encoded
from core.finetune.settings import FineTuneSettings
from core.finetune.shares import training_shares
from core.storage.files import append_json_line, write_json

PLAN = {"total_steps": 100, "steps_per_epoch": 50, "padding_share": 0.02}


def train(losses: Sequence[float], **values: Any) -> list[dict[str, Any]]:
    """Training records, one a step."""
    return [
        {"kind": "train", "step": step, "loss": loss, "grad_norm": 1.0, **values}
        for step, loss in enumerate(losses, start=1)
    ]


def evaluations(points: dict[int, tuple[float, float]], **values: Any) -> list[dict[str, Any]]:
    """Evaluations: (dev loss, chrF++) by step."""
    return [
        {
            "kind": "eval",
            "step": step,
            "loss": loss,
            "scores": [{"name": "chrF++", "value": score, "num_segments": 100}],
            **values,
        }
        for step, (loss, score) in points.items()
    ]


def found(settings: FineTuneSettings | None = None, **values: Any) -> dict[str, Finding]:
    """The findings by their code, of a run that learns well but for `values`."""
    usual: dict[str, Any] = {
        "train": train([5.0 - 0.04 * step for step in range(100)]),
        "evals": evaluations({0: (5.0, 10.0), 50: (3.0, 30.0), 100: (2.0, 40.0)}),
        "plan": PLAN,
    }
    evidence = Evidence(settings or FineTuneSettings(), **{**usual, **values})
    return {each.code: each for each in findings(evidence)}


def diff(finding: Finding) -> str:
    assert finding.remedy is not None
    return finding.remedy.diff


def outputs(hypotheses: Sequence[str], pairs: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    pairs = pairs or generate_sample(len(hypotheses), 1, 1).train
    rows = [Output(*pair, text) for pair, text in zip(pairs, hypotheses, strict=True)]
    return {"outputs": rows, "outputs_of": "test segments"}


def test_a_run_that_learns_well_has_no_findings() -> None:
    pairs = generate_sample(20, 1, 1).train
    assert found(**outputs([reference for _, reference in pairs], pairs)) == {}
    assert findings(Evidence(FineTuneSettings())) == []  # not begun


def test_overfitting_names_the_best_step() -> None:
    points = {0: (5.0, 1.0), 20: (2.0, 30.0), 40: (1.5, 42.0), 60: (1.7, 41.0), 80: (1.9, 40.0)}
    finding = found(evals=evaluations(points))["overfitting"]
    assert finding.severity == "warning"
    assert "since step 40 the dev loss rises, from 1.500 to 1.900" in finding.sentence
    assert diff(finding) == "max_steps 0 → 40"


def test_a_dev_score_that_still_rises_makes_it_a_note() -> None:
    points = {20: (2.0, 30.0), 40: (1.5, 42.0), 60: (1.7, 43.0), 80: (1.9, 44.0)}
    finding = found(evals=evaluations(points))["overfitting"]
    assert finding.severity == "note"
    assert "best at step 80 (44.0) all the same" in finding.sentence


@pytest.mark.parametrize(
    "losses",
    [
        {20: 2.0, 40: 1.5, 60: 1.51, 80: 1.505},  # within a hundredth
        {20: 2.0, 40: 1.5, 60: 1.9, 80: 1.5},  # it came back
        {20: 2.0, 40: 1.5, 60: 1.9},  # once only
    ],
)
def test_small_or_passing_rises_are_no_overfitting(losses: dict[int, float]) -> None:
    points = {step: (loss, float(step)) for step, loss in losses.items()}
    assert "overfitting" not in found(evals=evaluations(points))


def test_a_rising_training_loss_is_another_matter() -> None:
    points = {20: (2.0, 30.0), 40: (1.5, 42.0), 60: (1.7, 41.0), 80: (1.9, 40.0)}
    rising = train([1.0 + 0.01 * step for step in range(100)])
    assert "overfitting" not in found(evals=evaluations(points), train=rising)


def test_no_learning_asks_for_larger_steps_for_more_or_for_smaller_ones() -> None:
    flat = evaluations({0: (5.0, 20.0), 50: (5.0, 20.2), 100: (5.0, 20.1)})
    still = train([5.0] * 100)
    finding = found(evals=flat, train=still)["no_learning"]
    assert finding.severity == "problem"
    assert "was 20.0 before training and at best 20.2 since" in finding.sentence
    assert diff(finding) == "learning_rate 2e-05 → 6e-05"
    lora = FineTuneSettings(base_model="facebook/nllb-200-distilled-600M", method="lora")
    assert diff(found(lora, evals=flat, train=still)["no_learning"]) == (
        "learning_rate 2e-05 → 0.0002"
    )
    assert diff(found(evals=flat)["no_learning"]) == "num_epochs 3 → 6"
    worse = evaluations({0: (5.0, 20.0), 50: (5.5, 10.0), 100: (6.0, 5.0)})
    assert diff(found(evals=worse, train=still)["no_learning"]) == "learning_rate 2e-05 → 7e-06"


def test_a_live_run_is_not_judged_before_its_time() -> None:
    flat = evaluations({0: (5.0, 20.0), 10: (5.0, 20.0)})
    early = train([5.0] * 10)
    texts = outputs([""] * 10)
    assert found(evals=flat, train=early, is_live=True, **texts) == {}
    assert {"no_learning", "empty"} <= set(found(evals=flat, train=early, **texts))


def test_forgetting_reads_general_scores_where_evaluations_carry_them() -> None:
    def general(*values: float) -> list[dict[str, Any]]:
        records = evaluations({0: (5.0, 10.0), 50: (3.0, 30.0), 100: (2.0, 40.0)})
        for record, value in zip(records, values, strict=True):
            record["general_scores"] = [{"name": "chrF++", "value": value}]
        return records

    finding = found(evals=general(50.0, 47.0, 43.5))["forgetting"]
    assert finding.severity == "problem" and "fell from 50.0 to 43.5" in finding.sentence
    assert found(evals=general(50.0, 49.0, 48.0))["forgetting"].severity == "warning"
    assert "forgetting" not in found(evals=general(50.0, 49.0, 49.9))
    nllb = FineTuneSettings(base_model="facebook/nllb-200-distilled-600M")
    assert "method full → lora" in diff(found(nllb, evals=general(50.0, 47.0, 43.5))["forgetting"])
    broken = evaluations({0: (5.0, 10.0), 50: (3.0, 30.0)}, general_scores=["?"])
    assert "forgetting" not in found(evals=broken)


def test_spikes_of_the_gradient_norm() -> None:
    records = train([5.0 - 0.04 * step for step in range(100)])
    settings = FineTuneSettings(warmup_steps=10)
    for step in (3, 5, 7, 9):
        records[step - 1]["grad_norm"] = 300.0  # while it warms up
    assert "unstable" not in found(settings, train=records)
    for step, norm in ((30, 50.0), (60, 80.0), (90, None)):
        records[step - 1]["grad_norm"] = norm
    finding = found(settings, train=records)["unstable"]
    assert "3 of 90 gradient norms" in finding.sentence
    assert "infinite, came at step 90" in finding.sentence
    assert diff(finding) == "learning_rate 2e-05 → 1e-05, warmup_steps 10 → 20"


def test_padding() -> None:
    fixed = FineTuneSettings(batching="fixed size", batch_size=32)
    plan = {**PLAN, "padding_share": 0.41}
    finding = found(fixed, plan=plan, shares={"tokens_per_segment": 20.0})["padding"]
    assert "41% of what is computed is padding" in finding.sentence
    assert diff(finding) == "batching fixed size → token budget, tokens_per_batch 1920 → 640"
    assert found(plan=plan)["padding"].remedy is None


def test_evaluations_that_take_longer_than_training() -> None:
    records = train([5.0 - 0.04 * step for step in range(100)], train_seconds=60.0)
    finding = found(train=records, evaluating_s=90.0)["evaluating"]
    assert "90 s against 60 s" in finding.sentence
    assert diff(finding) == "eval_every_steps 0 → 100, eval_segments 200 → 100"
    assert "evaluating" not in found(train=records, evaluating_s=50.0)


def test_outputs_in_another_script_are_told_and_shared_names_are_not() -> None:
    hindi = FineTuneSettings(tgt_lang="hin_Deva")
    pairs = [("Take one tablet.", "एक गोली लें।")] * 8 + [("Paracetamol", "Paracetamol")] * 2
    references = [reference for _, reference in pairs]
    assert found(hindi, **outputs(references, pairs)) == {}
    latin = ["Ek goli len."] * 6 + references[6:]
    finding = found(hindi, **outputs(latin, pairs))["wrong_language"]
    assert finding.severity == "problem"
    assert finding.sentence == (
        "8 of 10 test segments are not in the script of Hindi; of their references 2."
    )


def test_copies_of_the_source_are_told() -> None:
    pairs = generate_sample(10, 1, 1).train
    copied = [source for source, _ in pairs[:4]] + [reference for _, reference in pairs[4:]]
    finding = found(**outputs(copied, pairs))["wrong_language"]
    assert "4 of 10 test segments are copies of their source" in finding.sentence


ENGLISH = "The committee has decided that all of the member states must report every year."
FRENCH = "Le comité a décidé que tous les États membres doivent présenter un rapport chaque année."
GERMAN = "Der Ausschuss hat beschlossen, dass alle Mitgliedstaaten jedes Jahr berichten müssen."


def test_another_language_in_the_same_script_is_told() -> None:
    french = FineTuneSettings(tgt_lang="fra_Latn")
    pairs = [(ENGLISH, FRENCH)] * 10
    assert found(french, **outputs([FRENCH] * 10, pairs)) == {}
    finding = found(french, **outputs([GERMAN] * 7 + [FRENCH] * 3, pairs))["wrong_language"]
    assert "30% of 10 test segments look like French, of their references 100%" in finding.sentence
    assert "German" in finding.sentence


def test_empty_and_repeated_outputs() -> None:
    pairs = generate_sample(20, 1, 1).train
    texts = [reference for _, reference in pairs]
    finding = found(**outputs(["", *texts[1:]], pairs))["empty"]
    assert finding.sentence == "1 of 20 test segments are empty."
    assert diff(finding) == "num_epochs 3 → 6"  # the dev loss still fell
    loops = ["an an an an an an an"] * 4 + texts[4:]
    finding = found(**outputs(loops, pairs))["repeated"]
    assert finding.severity == "problem" and "4 of 20" in finding.sentence


def test_translations_cut_at_the_length_limit() -> None:
    finding = found(num_capped=12, num_decoded=100)["truncated"]
    assert finding.sentence == "12 of 100 translations of dev segments were cut at 128 tokens."
    assert diff(finding) == "max_target_length 128 → 256"
    assert "truncated" not in found(num_capped=4, num_decoded=100)
    loops = outputs(["an an an an an an an"] * 10)
    finding = found(num_capped=12, num_decoded=100, **loops)["truncated"]
    assert "loops" in finding.advice and diff(finding) == "num_epochs 3 → 6"


def test_training_segments_that_are_cut_and_tokens_that_are_unknown() -> None:
    shares = {"cut_source": 0.05, "cut_target": 0.001, "unknown_source": 0.0, "unknown_target": 0.2}
    settings = FineTuneSettings(tokens_per_batch=128)
    both = found(settings, shares=shares)
    assert "5.0% have their source cut at 128 tokens" in both["cut"].sentence
    assert diff(both["cut"]) == "tokens_per_batch 128 → 256, max_source_length 128 → 256"
    assert both["unknown_tokens"].severity == "problem"
    assert both["unknown_tokens"].remedy is None
    scratch = FineTuneSettings(base_model="from scratch")
    assert diff(found(scratch, shares=shares)["unknown_tokens"]) == "scratch_pieces 4000 → 8000"


def test_shares_are_counted_on_what_the_trainer_encoded() -> None:
    class Tokenizer:
        unk_token_id = 3

    encoded = Encoded([[9, 9, 3, 2], [9, 2]], [[9] * 8, [9] * 4])
    settings = FineTuneSettings(max_source_length=4, max_target_length=8)
    assert training_shares(encoded, Tokenizer(), settings) == {
        "cut_source": 0.5,
        "cut_target": 0.5,
        "unknown_source": 0.1667,
        "unknown_target": 0.0,
        "tokens_per_segment": 6.0,
    }


def test_the_worst_comes_first() -> None:
    codes = list(found(plan={**PLAN, "padding_share": 0.5}, **outputs([""] * 10)))
    assert codes == ["empty", "padding"]


def write(folder: RunFolder, *records: dict[str, Any]) -> None:
    for record in records:
        append_json_line(folder.metrics_file, {"elapsed_s": 0.0, **record})


def test_evidence_is_read_from_a_run_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    evals = evaluations({0: (5.0, 1.0), 10: (4.0, 2.0), 20: (3.0, 3.0)}, num_capped=7)
    note = "dev split after step"
    write(
        folder,
        {"kind": "phase", "phase": "evaluating", "note": f"{note} 0", "elapsed_s": 1.0},
        {"kind": "shares", "cut_source": 0.5},
        {"kind": "plan", **PLAN},
        {"kind": "phase", "phase": "training", "note": "", "elapsed_s": 11.0},
        *evals[:2],
        *train([5.0] * 20),
        {"kind": "phase", "phase": "evaluating", "note": f"{note} 20", "elapsed_s": 20.0},
        evals[2],
        {"kind": "phase", "phase": "saving", "note": "", "elapsed_s": 26.5},
        # It was killed, and goes on from step 10.
        {"kind": "plan", **PLAN},
        {"kind": "resume", "step": 10},
    )
    rows = [{"source": "a", "reference": "b", "hypothesis": "c"}]
    for step in (0, 10, 20):
        append_json_line(folder.samples_file, {"step": step, "rows": rows})
    found = read_evidence(folder, FineTuneSettings(), is_live=True)
    assert found.step == 10 and [each["step"] for each in found.evals] == [0, 10]
    assert found.evaluating_s == 6.5
    assert found.shares["cut_source"] == 0.5
    assert (found.outputs_of, found.outputs) == (
        "sample segments after step 10",
        [Output("a", "b", "c")],
    )
    assert (found.num_capped, found.num_decoded) == (7, 100)

    row = {"source": "a", "reference": "b", "base": "x", "fine_tuned": "y"}
    append_json_line(folder.outputs_file, row)
    decoded = {"kind": "decoded", "num_capped": 1, "num_segments": 1}
    write(folder, {**decoded, "note": TEST_NOTE})
    general = {"num_capped": 600, "num_segments": 3000, "note": "test split, general, fine-tuned"}
    write(folder, {**decoded, **general})
    write_json(folder.result_file, {"base": [], "fine_tuned": []})
    found = read_evidence(folder, FineTuneSettings(), is_live=False)
    assert (found.outputs_of, found.outputs) == ("test segments", [Output("a", "b", "y")])
    assert (found.num_capped, found.num_decoded) == (1, 1)


def test_an_empty_folder_and_bare_records_are_no_fault(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert findings(read_evidence(folder, FineTuneSettings(), is_live=True)) == []
    append_json_line(folder.metrics_file, {"kind": "train", "step": 1, "loss": 2.5})
    append_json_line(folder.metrics_file, {"kind": "phase", "phase": "training", "note": ""})
    assert findings(read_evidence(folder, FineTuneSettings(), is_live=False)) == []
