"""The workspace: the one place that knows where everything is stored."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from core.errors import HostError
from core.storage.answer_records import AnswerRecords
from core.storage.batch_records import BatchRecords
from core.storage.cache_records import CacheRecords
from core.storage.campaign_records import CampaignRecords
from core.storage.corpus_job_records import CorpusJobRecords
from core.storage.corpus_records import CorpusRecords
from core.storage.database import Database
from core.storage.energy_records import EnergyRecords
from core.storage.evaluation_records import EvaluationRecords
from core.storage.feedback_records import FeedbackRecords
from core.storage.job_records import JobRecords
from core.storage.key_records import KeyRecords
from core.storage.member_records import MemberRecords
from core.storage.notice_records import NoticeRecords
from core.storage.preference_records import PreferenceRecords
from core.storage.queue_records import QueueRecords
from core.storage.rater_records import RaterRecords
from core.storage.rating_records import RatingRecords
from core.storage.run_records import RunRecords
from core.storage.scoring_records import ScoringRecords
from core.storage.service_records import ServiceRecords
from core.storage.study_records import StudyRecords
from core.storage.system_records import SystemRecords
from core.storage.template_records import TemplateRecords
from core.storage.test_set_text_records import TestSetTextRecords
from core.storage.translation_set_records import TranslationSetRecords
from core.storage.version_records import VersionRecords
from core.storage.vote_records import VoteRecords

PROJECT = Path(__file__).resolve().parents[2]
WORKSPACE_VARIABLE = "ADAPTMLLM_WORKSPACE"
DATABASE_VARIABLE = "ADAPTMLLM_DATABASE_URL"


class Workspace:
    """Folders and records below one root; opening it creates what is missing.

    Attributes:
        root: The folder of everything that people made or imported.
        corpora: Records of corpora.
        corpus_jobs: Imports, checks, splits and other work on corpora.
        jobs: Records of jobs.
        queue: The order of those that wait, and which of those that work has which GPU.
        runs: Records of runs.
        studies: Searches for hyperparameters, and ablations.
        versions: Records of models made ready for serving.
        services: Records of translation services.
        keys: Records of the services' API keys.
        feedback: Better translations that users of the services suggested.
        systems: Endpoints and chains.
        templates: Prompt templates with their versions.
        answers: Everything that was asked in the Playground.
        votes: Judgements of the arena.
        batches: Test sets translated as jobs.
        translation_sets: Hypotheses of systems for test sets.
        test_set_texts: Further references and tags of test sets.
        scorings: Segment scores of external scorers, LLM judges and people.
        evaluations: Comparisons that were given a name.
        cache: Answers that were paid for.
        campaigns: Human evaluations with their texts.
        raters: Who judges in them, and what each is asked.
        ratings: What was judged, every save of it, and what was decided afterwards.
        members: Who may use the application besides its owner.
        energy: What jobs and systems took, and grid tables that were added.
        preferences: What holds for the whole installation.
    """

    def __init__(self, root: Path) -> None:
        """Opens the workspace at `root`.

        Raises:
            HostError: The folder cannot be created or written, or the database not opened.
        """
        self.root = root.resolve()
        try:
            for folder in (self.corpora_folder, self.runs_folder, self.models_folder):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HostError(
                f"The workspace {self.root} cannot be used: {error.strerror}.",
                hint=f"Set {WORKSPACE_VARIABLE} to a folder that you may write to.",
            ) from error
        file = URL.create("sqlite", database=str(self.root / "adaptmllm.db"))
        try:
            self.database = Database(os.environ.get(DATABASE_VARIABLE) or file)
            self.database.migrate()
            self.database.hold_open()
        except (SQLAlchemyError, ImportError) as error:
            cause = str(getattr(error, "orig", error)).splitlines()[0].rstrip(".")
            raise HostError(
                f"The database of the workspace {self.root} cannot be used: {cause}.",
                hint=f"Check the folder and {DATABASE_VARIABLE}, if it is set.",
            ) from error
        self.corpora = CorpusRecords(self.database)
        self.corpus_jobs = CorpusJobRecords(self.database)
        self.jobs = JobRecords(self.database)
        self.queue = QueueRecords(self.database)
        self.runs = RunRecords(self.database)
        self.studies = StudyRecords(self.database)
        self.versions = VersionRecords(self.database)
        self.services = ServiceRecords(self.database)
        self.keys = KeyRecords(self.database)
        self.feedback = FeedbackRecords(self.database)
        self.systems = SystemRecords(self.database)
        self.templates = TemplateRecords(self.database)
        self.answers = AnswerRecords(self.database)
        self.votes = VoteRecords(self.database)
        self.batches = BatchRecords(self.database)
        self.translation_sets = TranslationSetRecords(self.database)
        self.test_set_texts = TestSetTextRecords(self.database)
        self.scorings = ScoringRecords(self.database)
        self.evaluations = EvaluationRecords(self.database)
        self.cache = CacheRecords(self.database)
        self.campaigns = CampaignRecords(self.database)
        self.raters = RaterRecords(self.database)
        self.ratings = RatingRecords(self.database)
        self.members = MemberRecords(self.database)
        self.energy = EnergyRecords(self.database)
        self.preferences = PreferenceRecords(self.database)
        self.notices = NoticeRecords(self.database)

    @property
    def corpora_folder(self) -> Path:
        """Segments and raw uploads, a folder a corpus."""
        return self.root / "corpora"

    @property
    def corpus_jobs_folder(self) -> Path:
        """A folder a piece of work on a corpus."""
        return self.root / "corpus_jobs"

    @property
    def runs_folder(self) -> Path:
        """A folder a run."""
        return self.root / "runs"

    @property
    def models_folder(self) -> Path:
        """Models that were built here, such as the starter model."""
        return self.root / "models"

    @property
    def starter_model(self) -> Path:
        """The folder of the starter model."""
        return self.models_folder / "starter"

    @property
    def versions_folder(self) -> Path:
        """A folder a prepared version of a model."""
        return self.root / "versions"

    @property
    def services_folder(self) -> Path:
        """A folder a translation service."""
        return self.root / "services"

    @property
    def batches_folder(self) -> Path:
        """A folder a batch translation."""
        return self.root / "batches"

    @property
    def scorings_folder(self) -> Path:
        """A folder a job that scores."""
        return self.root / "scorings"

    @property
    def footprints_folder(self) -> Path:
        """A folder a measurement of what translating takes."""
        return self.root / "footprints"

    @property
    def searches_folder(self) -> Path:
        """A folder a study: that of its first worker."""
        return self.root / "searches"

    @property
    def statistics_folder(self) -> Path:
        """Cached statistics of metrics; what is missing is computed again."""
        return self.root / "statistics"

    @property
    def secret_file(self) -> Path:
        """The key that links and cookies are signed with; only its owner may read it."""
        return self.root / "secret.key"

    def download_folder(self, download_id: str) -> Path:
        """Gives the folder of a download's job; the model itself is in the hub's cache."""
        return self.root / "downloads" / download_id

    def corpus_folder(self, corpus_id: str) -> Path:
        """Gives the folder of a corpus."""
        return self.corpora_folder / corpus_id

    def corpus_job_folder(self, work_id: str) -> Path:
        """Gives the folder of a piece of work on a corpus."""
        return self.corpus_jobs_folder / work_id

    def split_file(self, corpus_id: str, split: str) -> Path:
        """Gives the JSON-lines file of one split, a segment a line."""
        return self.corpus_folder(corpus_id) / f"{split}.jsonl"

    def run_folder(self, run_id: str) -> Path:
        """Gives the folder of a run."""
        return self.runs_folder / run_id

    def version_folder(self, version_id: str) -> Path:
        """Gives the folder of a prepared version."""
        return self.versions_folder / version_id

    def service_folder(self, service_id: str) -> Path:
        """Gives the folder of a service."""
        return self.services_folder / service_id

    def batch_folder(self, batch_id: str) -> Path:
        """Gives the folder of a batch translation."""
        return self.batches_folder / batch_id

    def study_folder(self, study_id: str) -> Path:
        """Gives the folder of a study's first worker."""
        return self.searches_folder / study_id

    def scoring_folder(self, scoring_id: str) -> Path:
        """Gives the folder of a job that scores."""
        return self.scorings_folder / scoring_id

    def footprint_folder(self, footprint_id: str) -> Path:
        """Gives the folder of a measurement of what translating takes."""
        return self.footprints_folder / footprint_id


def default_workspace() -> Path:
    """Gives the workspace of the environment, or `workspace/` in the project's folder."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or PROJECT / "workspace")
