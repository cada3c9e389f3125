"""Which prompt is used, as it is chosen in a form: a template, and where its fillings come from."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.errors import ConfigError
from core.settings import Settings
from core.storage.workspace import Workspace
from core.systems.prompting import Pair, Prompting
from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.template import Template
from core.systems.protocol import System

if TYPE_CHECKING:  # rapidfuzz, which a bundle that only serves lacks
    from core.systems.retrieval.nearest import ExampleIndex

KEPT_INDEXES = 2
_BUILDING = threading.Lock()
log = logging.getLogger(__name__)
MAX_GLOSSARY_LINES = 5000


class PromptChoice(Settings):
    """A template and its fillings."""

    version: Literal[1] = 1
    template: str = Field(
        default="Zero-shot", description="Name of the prompt template.", max_length=80
    )
    template_version: int = Field(default=0, description="Its version; 0 = the newest.", ge=0)
    corpus: str = Field(
        default="",
        description="Training corpus from which similar examples are retrieved.",
        max_length=200,
    )
    excludes_leaks: bool = Field(
        default=True,
        description="Never show test or dev segments, nor the very segment that is asked for.",
    )
    min_similarity: float = Field(
        default=0.0,
        description="Examples less similar than this are left out (0 to 100).",
        ge=0,
        le=100,
    )
    glossary: str = Field(
        default="", description="Terms, `source TAB translation` a line.", max_length=500_000
    )
    context: str = Field(
        default="", description="Segments before this one, a line each.", max_length=100_000
    )
    draft_system: str = Field(
        default="", description="Id of the system whose draft is post-edited.", max_length=1000
    )
    cleans: bool = Field(
        default=True, description="Take fences, quotes and preambles off; the raw answer is kept."
    )


def all_templates(workspace: Workspace) -> dict[str, tuple[Template, int]]:
    """Gives every template with its newest version by name; one of ours that nobody changed: 0."""
    ours = {template.name: (template, 0) for template in built_in_templates()}
    own = {}
    for record in workspace.templates.newest():
        try:
            own[record.name] = (Template.parse(record.content), record.version)
        except ConfigError as error:  # of another version of the program: must not hide the others
            log.warning("the template %s cannot be read: %s", record.name, error.message)
    return ours | own


def find_template(workspace: Workspace, name: str, version: int = 0) -> tuple[Template, int]:
    """Gives a template and its version.

    Raises:
        ConfigError: There is none.
    """
    if version:
        record = workspace.templates.get(name, version)
        return Template.parse(record.content), record.version
    known = all_templates(workspace)
    if name not in known:
        raise ConfigError(
            f"There is no prompt template {name!r}.", hint=f"Templates: {', '.join(known)}."
        )
    return known[name]


def glossary_pairs(text: str) -> tuple[Pair, ...]:
    """Gives the terms of a glossary: two columns, separated by a tab, by " = " or by "=".

    Raises:
        ConfigError: A line has no two columns, or there are too many.
    """
    pairs = []
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MAX_GLOSSARY_LINES:
        raise ConfigError(f"The glossary has {len(lines)} lines; {MAX_GLOSSARY_LINES} are allowed.")
    for number, line in lines:
        source, mark, target = line.partition(next(filter(line.__contains__, ("\t", " = ")), "="))
        if not mark or not source.strip() or not target.strip():
            raise ConfigError(
                f"Line {number} of the glossary, {line.strip()[:60]!r}, has no two columns.",
                hint="Write a term, a tab and its translation, or `term = translation`.",
            )
        pairs.append((source.strip(), target.strip()))
    return tuple(pairs)


class Prompter:
    """Fills a chosen template for one segment after the other.

    Attributes:
        template: The template.
        template_version: Its version.
    """

    def __init__(
        self,
        workspace: Workspace,
        choice: PromptChoice,
        src_lang: str,
        tgt_lang: str,
        *,
        draft_system: System | None = None,
    ) -> None:
        """Looks up everything; building the index of a large corpus takes seconds.

        Raises:
            ConfigError: Template, glossary or corpus do not fit.
            DataError: The corpus does not exist or is empty.
        """
        found = find_template(workspace, choice.template, choice.template_version)
        self.template, self.template_version = found
        self._choice = choice
        self._draft_system = draft_system
        self._glossary = glossary_pairs(choice.glossary) if self.template.uses_glossary else ()
        self._index: ExampleIndex | None = None
        if needs_corpus(self.template):
            if not choice.corpus:
                raise ConfigError(
                    f"The template {self.template.name!r} shows examples, and no corpus was chosen "
                    "from which to take them.",
                    hint="Choose a training corpus, or write examples into the template.",
                )
            corpus = workspace.corpora.get(choice.corpus)
            self._index = _index(workspace, corpus.id, src_lang, tgt_lang)

    def prompting_for(self, source: str, context: Sequence[Pair] = ()) -> Prompting:
        """Gives how an LLM is asked for one segment.

        Args:
            source: The segment.
            context: The segments before it; those of the form where there are none.
        """
        examples: tuple[Pair, ...] = ()
        if self._index is not None:
            examples = self._examples(self._index, source)
        lines = (line.strip() for line in self._choice.context.splitlines())
        return Prompting(
            template=self.template,
            template_version=self.template_version,
            examples=examples,
            glossary=self._glossary,
            context=tuple(context) or tuple((line, "") for line in lines if line),
            draft_system=self._draft_system,
            cleans=self._choice.cleans,
        )

    def _examples(self, index: ExampleIndex, source: str) -> tuple[Pair, ...]:
        count, excludes_leaks = self.template.num_examples, self._choice.excludes_leaks
        if self.template.examples_from == "fixed":
            found = index.spread(source, count=count, excludes_leaks=excludes_leaks)
        else:
            found = index.examples(
                source,
                count=count,
                min_similarity=self._choice.min_similarity,
                excludes_leaks=excludes_leaks,
            )
        return tuple((example.source, example.target) for example in found)


def needs_corpus(template: Template) -> bool:
    """Whether a template takes examples from a corpus: all do that have none of their own."""
    is_fixed = template.examples_from == "fixed" and not template.fixed_examples
    return bool(template.num_examples) and (is_fixed or template.examples_from == "retrieved")


def _index(workspace: Workspace, corpus_id: str, src_lang: str, tgt_lang: str) -> ExampleIndex:
    stat = workspace.split_file(corpus_id, "train").stat()
    with _BUILDING:  # six columns that want the same index wait for one
        return _kept_index(workspace, corpus_id, src_lang, tgt_lang, stat.st_mtime_ns)


@lru_cache(maxsize=KEPT_INDEXES)
def _kept_index(
    workspace: Workspace, corpus_id: str, src_lang: str, tgt_lang: str, changed_ns: int
) -> ExampleIndex:
    """Builds an index once; `changed_ns` makes a corpus that was split again another one."""
    del changed_ns
    from core.systems.retrieval.nearest import open_index

    return open_index(workspace, workspace.corpora.get(corpus_id), src_lang, tgt_lang)
