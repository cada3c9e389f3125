"""The preflight in the browser: settings that cannot fit, and a dry run."""

import re
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect

from tests.e2e.importing import choose_few

pytestmark = pytest.mark.e2e

LARGEST_BYTES = 50 * 10**9


def without_deepspeed(tab: Any) -> None:
    """Chooses the engine that needs no compiler."""
    tab.expand("Evaluation and machine")
    tab.choose("Engine", "plain")


def run_what_could_not_fit(tab: Any, *, name: str) -> str:
    """Makes settings that cannot fit, applies what is suggested, launches; gives the run's id.

    The starter model with a million tokens in a batch: about 60 GB. On larger machines the test is
    skipped.
    """
    if psutil.virtual_memory().total > LARGEST_BYTES:
        pytest.skip("this machine has so much memory that the settings fit")
    tab.menu("Fine-tune")
    tab.click("Try it in a minute")
    tab.settle()
    choose_few(tab)
    tab.choose("Batching", "token budget")
    without_deepspeed(tab)
    tab.fill("Name of the run", name)
    tab.fill("Steps at most", "2")
    tab.fill("Tokens per batch", "1000000")
    tab.fill("Longest source (tokens)", "4096")
    tab.fill("Longest target (tokens)", "4096")
    tab.sees("Cannot be launched yet")
    tab.sees(re.compile(r"needs about [\d.]+ GB of host memory while .*, this machine has"))
    launch = tab.page.locator(".st-key-finetune-launch button").first
    expect(launch).to_be_disabled()
    tab.click("Apply")
    tab.settle()
    expect(launch).to_be_enabled()
    # Not for memory: an untrained model never ends a segment, and would write all 4096 tokens.
    tab.fill("Longest target (tokens)", "24")
    launch.click()
    tab.page.wait_for_url(re.compile(r"/run\?id="))
    return str(tab.page.url).rpartition("id=")[2]


def test_dry_run_is_shown_with_what_it_measured(tab: Any) -> None:
    tab.open("finetune")
    without_deepspeed(tab)
    tab.click("Dry run")
    tab.sees("Dry run of")
    tab.sees("Host memory at most", timeout_ms=300_000)
    tab.sees(re.compile("calibrated by a dry run of"))
