"""Everything that is kept between reruns, all of it bounded; core functions stay plain."""

from __future__ import annotations

import streamlit as st

from core.annotate.campaign_data import CampaignData
from core.annotate.stored import load_campaign
from core.emissions.course import EnergyCourse, EnergyCourseReader
from core.emissions.records import FILE_NAME as ENERGY_FILE_NAME
from core.emissions.stored import all_energy
from core.emissions.totals import Total, grand_total
from core.finetune.advice import Advice, advise
from core.finetune.history import History, HistoryReader
from core.finetune.preview import Preview, preview_in_process
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.host import HostFacts, host_facts
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.workspace import Workspace, default_workspace
from core.systems.board import Board


def workspace() -> Workspace:
    """Gives the workspace that this server works on."""
    return _workspace(str(default_workspace()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(root: str) -> Workspace:
    from pathlib import Path

    return Workspace(Path(root))


def board() -> Board:
    """Gives the board on which this server's questions to systems are answered."""
    return _board(str(workspace().root))


@st.cache_resource(max_entries=4, show_spinner=False, on_release=lambda board: board.close())
def _board(root: str) -> Board:
    return Board(_workspace(root))


def history(run_id: str) -> History:
    """Gives the history of a run with everything that was written until now."""
    return _history(str(workspace().root), run_id).read()


@st.cache_resource(max_entries=16, show_spinner=False)
def _history(root: str, run_id: str) -> HistoryReader:
    """One reader a run, shared by all tabs, so that each line is parsed once."""
    return HistoryReader(_workspace(root).run_folder(run_id))


def advice(run: Run, state: JobState) -> Advice:
    """Gives what can be said about a run; read anew when it has written something."""
    folder = RunFolder(workspace().run_folder(run.id))
    files = (folder.metrics_file, folder.samples_file, folder.outputs_file, folder.result_file)
    sizes = [file.stat().st_size if file.exists() else 0 for file in files]
    return _advice(str(workspace().root), run.id, repr((state.state, state.reason, sizes)))


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def _advice(root: str, run_id: str, stamp: str) -> Advice:
    del stamp  # part of the key
    opened = _workspace(root)
    return advise(opened, opened.runs.get(run_id))


def energy_taken() -> Total:
    """Gives what everything took that was measured; at most half a minute old."""
    return _energy_taken(str(workspace().root))


@st.cache_data(max_entries=4, ttl=30, show_spinner=False)
def _energy_taken(root: str) -> Total:
    """Thousands of jobs take a third of a second to add up."""
    return grand_total(all_energy(_workspace(root)))


def energy_course(run_id: str) -> EnergyCourse:
    """Gives the course of a run's energy until now."""
    return _energy_course(str(workspace().root), run_id).read()


@st.cache_resource(max_entries=16, show_spinner=False)
def _energy_course(root: str, run_id: str) -> EnergyCourseReader:
    """One reader a run, as for its history."""
    return EnergyCourseReader(_workspace(root).run_folder(run_id) / ENERGY_FILE_NAME)


def facts() -> HostFacts:
    """Gives the facts of the host, at most a few seconds old."""
    return _facts(str(workspace().root))


@st.cache_data(ttl=5, max_entries=4, show_spinner=False)
def _facts(root: str) -> HostFacts:
    from pathlib import Path

    return host_facts(Path(root))


def preview(settings: FineTuneSettings) -> Preview:
    """Gives what the model will see; computed once for the settings that decide it."""
    chosen = ("base_model", "base_model_revision", "corpus", "src_lang", "tgt_lang")
    further = ("src_lang_like", "tgt_lang_like", "both_directions", "mixed")
    general = ("general_corpus", "general_share")
    sizes = ("max_source_length", "max_target_length", "scratch_pieces")
    values = settings.model_dump(include={*chosen, *further, *general, *sizes})
    return _preview(str(workspace().root), FineTuneSettings.parse(values).model_dump_json())


@st.cache_data(
    ttl=3600,
    max_entries=64,
    show_spinner="Asking the model's own tokenizer; up to a minute where the hub is not reached …",
)
def _preview(root: str, settings: str) -> Preview:
    import json

    return preview_in_process(_workspace(root), FineTuneSettings.parse(json.loads(settings)))


def campaign(campaign_id: str) -> CampaignData:
    """Gives a campaign with all that was judged until now; it is read anew after a save only.

    Raises:
        DataError: There is no such campaign.
    """
    opened = workspace()
    progress = opened.ratings.progress(campaign_id)
    decided = [
        (each.segment, each.system, each.decided_at) for each in opened.ratings.gold(campaign_id)
    ]
    raters = [each.name for each in opened.raters.of_campaign(campaign_id)]
    stamp = repr((opened.campaigns.get(campaign_id), sorted(progress.items()), decided, raters))
    return _campaign(str(opened.root), campaign_id, stamp)


@st.cache_resource(max_entries=6, show_spinner="Reading the campaign …")
def _campaign(root: str, campaign_id: str, stamp: str) -> CampaignData:
    return load_campaign(_workspace(root), campaign_id)
