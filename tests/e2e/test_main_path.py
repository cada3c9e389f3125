"""From files to a better model in the browser, with everything that may go wrong on the way."""

import io
import re
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import TimeoutError, expect

from core.corpora.sample import generate_sample
from core.emissions.carbon import change_settings
from core.emissions.stored import all_energy
from tests.e2e.driving import App
from tests.e2e.importing import import_files

pytestmark = pytest.mark.e2e

RUN_LIMIT_S = 300
NUM_STEPS = 250  # long enough to look at it while it learns, also on a fast machine


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application as a newcomer starts it: it makes its sample and starter model itself."""
    folder = tmp_path_factory.mktemp("newcomer") / "workspace"
    folder.mkdir()
    server = App(folder)
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def aligned_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two line-aligned files of 400 pairs, and a third that is a line short."""
    folder = tmp_path_factory.mktemp("files")
    pairs = generate_sample(num_train=400, num_dev=1, num_test=1, seed=7).train
    texts = {
        "train.en": [source for source, _ in pairs],
        "train.ga": [target for _, target in pairs],
        "short.ga": [target for _, target in pairs[:-1]],
    }
    for name, lines in texts.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: folder / name for name in texts}


def wait_for_state(tab: Any, *states: str) -> str:
    """Waits for a state badge on the run's page."""
    pattern = re.compile(rf"^({'|'.join(states)})$")
    found = tab.page.get_by_test_id("stMain").get_by_text(pattern)
    badge = found.filter(visible=True).first
    try:
        badge.wait_for(timeout=RUN_LIMIT_S * 1000)
    except TimeoutError as error:
        seen = tab.page.get_by_test_id("stMain").inner_text()
        raise AssertionError(f"none of {states} came:\n{seen}\n{tab.app.log()}") from error
    return str(badge.inner_text())


def test_home_says_what_to_do_next_and_what_the_machine_has(tab: Any) -> None:
    tab.open()
    tab.sees("Next step")
    tab.sees("Processor cores")
    tab.expand("Versions and folders")
    tab.sees(re.compile("torch 2"))


def test_two_aligned_files_become_a_corpus_with_splits(
    tab: Any, aligned_files: dict[str, Path]
) -> None:
    tab.open("corpora")
    import_files(tab, "Clinic letters", [aligned_files["train.en"], aligned_files["short.ga"]])
    tab.sees("'train.en' has 400 lines and 'short.ga' has 399; 'train.en' is longer by 1.")
    assert len(tab.app.opened().corpora.all()) == 1  # the sample only: nothing half imported
    tab.click("Dismiss")

    import_files(tab, "Clinic letters", [aligned_files["train.en"], aligned_files["train.ga"]])
    tab.page.get_by_role("link", name="Open").first.click()
    tab.page.get_by_role("heading", name="Clinic letters").wait_for()
    corpus = tab.app.opened().corpora.get("Clinic letters")
    assert corpus.counts == {"train": 360, "dev": 20, "test": 20}


def test_a_run_learns_is_stopped_resumed_survives_the_server_and_is_scored(tab: Any) -> None:
    url = launch_two(tab)
    see_it_learn(tab, url)
    stop_and_resume(tab)

    # The server is killed; the runs go on, and the restarted server finds them.
    tab.app.end(signal.SIGKILL)
    time.sleep(1)
    tab.app.start()
    tab.page.goto(url)
    see_the_result(tab)

    # The second one started and ended by itself.
    deadline = time.monotonic() + RUN_LIMIT_S
    while tab.app.opened().runs.get("second run").job.state != "finished":
        assert time.monotonic() < deadline
        time.sleep(1)
    tab.menu("Runs")


def launch_two(tab: Any) -> str:
    """Launches a run and a second one that waits; gives the address of the first."""
    tab.open(f"corpus?id={tab.app.opened().corpora.get('Clinic letters').id}")
    tab.sees(re.compile("imported from train.en, train.ga"))
    tab.click("Fine-tune on this corpus")
    tab.sees("What the model will see")
    tab.sees("First token of every translation: gle_Latn")
    tab.sees(re.compile(r"^Source\s+eng_Latn .*</s>$"))
    tab.fill("Steps at most", str(NUM_STEPS))
    tab.fill("Name of the run", "first *run* <b>")
    tab.expand("Evaluation and machine")
    tab.fill("Steps between evaluations", "100")
    tab.fill("Threads per process", "1")  # two would wait for each other on a busy machine
    tab.expand("Command and DeepSpeed configuration")
    tab.sees(re.compile("--module core.finetune.trainer RUN/settings.json"))
    launch = tab.page.get_by_role("button", name="Launch")
    launch.dblclick()  # one run all the same
    tab.page.wait_for_url(re.compile(r"/run\?id="))
    first_url = tab.page.url
    tab.sees("first *run* <b>")

    # A second launch waits its turn.
    tab.menu("Fine-tune")
    tab.fill("Steps at most", "5")
    tab.fill("Name of the run", "second run")
    tab.page.get_by_role("button", name=re.compile("Launch")).click()
    tab.page.wait_for_url(re.compile(r"/run\?id="))
    wait_for_state(tab, "queued")
    assert [run.name for run in tab.app.opened().runs.newest()] == ["second run", "first *run* <b>"]

    return str(first_url)


def see_it_learn(tab: Any, url: str) -> None:
    tab.page.goto(url)
    wait_for_state(tab, "training")
    tab.page.locator(".live-charts .main-svg").first.wait_for()
    tab.sees("Samples from the dev split")
    tab.sees(re.compile(rf"Step \d+ of {NUM_STEPS}"))
    energy = tab.page.get_by_test_id("stMetric").filter(has_text="Energy so far")
    expect(energy).to_contain_text(re.compile(r"\d m?Wh"))
    tab.sees(re.compile("^Energy since the start$"))


def stop_and_resume(tab: Any) -> None:
    tab.click("Stop and save")
    wait_for_state(tab, "stopped")
    stopped = tab.app.opened().runs.newest()[1].job.progress["step"]
    assert 0 < stopped < NUM_STEPS
    tab.sees(f"Stopped on request after step {stopped}; a checkpoint was saved.")
    tab.click("Resume")
    wait_for_state(tab, "queued", "preparing", "training")


def see_the_result(tab: Any) -> None:
    wait_for_state(tab, "finished")
    tab.sees("On the test split")
    for name in ("BLEU", "BLEU lowercased", "TER", "chrF1", "chrF3", "chrF++"):
        tab.page.get_by_test_id("stMetric").filter(has_text=name).first.wait_for()
    tab.expand("Signatures")
    tab.sees(re.compile(r"nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:.*n=20"))
    tab.expand("Both outputs side by side")
    run = tab.app.opened().runs.get("first *run* <b>")
    values = {score["name"]: score["value"] for score in run.scores["fine_tuned"]}
    base = {score["name"]: score["value"] for score in run.scores["base"]}
    assert values["chrF++"] > base["chrF++"]
    tab.page.get_by_test_id("stPopover").get_by_role("button").click()
    link = tab.page.get_by_role("link", name="Model").get_attribute("href")
    archive = zipfile.ZipFile(io.BytesIO(tab.page.request.get(tab.app.url + link).body()))
    assert archive.testzip() is None
    assert "model/model.safetensors" in archive.namelist()


def test_what_the_runs_took_is_told_in_a_sentence_to_copy(tab: Any) -> None:
    change_settings(tab.app.opened(), grid="Ireland")
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.open("emissions")
    code = tab.page.get_by_test_id("stCode").filter(has_text="CO2eq").first
    expect(code).to_contain_text("IRL 2023")
    code.hover()
    code.get_by_role("button", name="Copy to clipboard").click()
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    amounts = r"[\d.]+ (m|k|)Wh, [\d.]+ (k|m|)g CO2eq, IRL 2023, PUE 1, codecarbon 3\S+"
    assert re.fullmatch(rf"{amounts}, (GPU .*, )?CPU .*, RAM \w+", copied.strip())
    # Two runs, compared on two grids.
    assert len(all_energy(tab.app.opened(), kinds=("run",))) == 2
    tab.page.get_by_role("tab", name="What if").click()
    tab.sees("Sweden 2023 (SWE)")


def test_the_page_server_stays_light(tab: Any) -> None:
    tab.open("finetune")
    tab.sees("First token of every translation")
    maps = Path(f"/proc/{tab.app.pid}/maps").read_text()
    assert "streamlit" in " ".join(psutil.Process(tab.app.pid).cmdline())
    assert "libtorch" not in maps


def test_duplicate_and_delete(tab: Any) -> None:
    run = tab.app.opened().runs.get("second run")
    tab.open(f"run?id={run.id}")
    tab.click("Duplicate")
    tab.page.get_by_role("heading", name="Fine-tune").wait_for()
    assert tab.field("Steps at most").input_value() == "5"

    tab.open(f"run?id={run.id}")
    tab.click("Delete …")
    tab.click("Delete for good")
    tab.sees("Every fine-tuning")
    assert [left.name for left in tab.app.opened().runs.newest()] == ["first *run* <b>"]
    assert not tab.app.opened().run_folder(run.id).exists()


def test_a_model_that_cannot_be_had_is_explained(tab: Any) -> None:
    tab.open("finetune")
    tab.choose("Base model", "Another hub id or folder …")
    tab.sees("No base model was named.")
    tab.fill("Hub id or folder", "/no/such/folder")
    tab.sees("There is no folder /no/such/folder. Check the path.")
    assert tab.page.get_by_role("button", name="Launch").is_disabled()


@pytest.mark.parametrize("path", ["", "corpora", "finetune", "runs", "deploy", "emissions"])
def test_pages_fit_a_phone(tab: Any, path: str) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.open(path)
    tab.page.get_by_role("heading").first.wait_for()
    main = "document.querySelector('[data-testid=stMain]')"
    assert tab.page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1
