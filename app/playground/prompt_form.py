"""How LLMs are prompted and how all systems search: fields, and the final messages to look at."""

from __future__ import annotations

import streamlit as st

from app.forms import groups_of, optional_fields
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.text import plain
from core.storage.workspace import Workspace
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice, Prompter, all_templates, needs_corpus
from core.systems.prompting import messages_of
from core.systems.prompts.template import Template
from core.systems.prompts.tokens import count_messages
from core.systems.protocol import Request, SystemInfo

DRAFT_MARK = "⟨the draft comes here⟩"


def prompt_form(workspace: Workspace, systems: list[SystemInfo], *, key: str) -> PromptChoice:
    """Shows the templates with the fields that the chosen one needs."""
    templates = all_templates(workspace)
    left, right = st.columns(2)
    with left:
        name = st.selectbox(
            "Prompt template",
            list(templates),
            format_func=lambda each: _labelled(each, templates[each][1]),
            key=f"{key}.template",
            persist_state="session",
            help="How LLMs are asked; MT systems take the source alone. Templates are edited "
            "under Settings.",
        )
    template, _ = templates[name]
    with right:
        st.caption(plain(template.description))
        st.page_link(page_path("settings"), label="Edit templates", icon=":material/edit:")
    values = {"template": name, **_fillings(workspace, template, systems, key)}
    values["cleans"] = st.toggle(
        "Clean answers",
        value=True,
        key=f"{key}.cleans",
        persist_state="session",
        help="Takes fences, quotes and preambles off an LLM's answer; the raw text stays visible.",
    )
    return PromptChoice.parse(values)


def _labelled(name: str, version: int) -> str:
    return f"{name} · v{version}" if version else name


def _fillings(
    workspace: Workspace, template: Template, systems: list[SystemInfo], key: str
) -> dict[str, object]:
    values: dict[str, object] = {}
    if needs_corpus(template):
        values |= _example_fields(workspace, key)
    if template.uses_glossary:
        values["glossary"] = st.text_area(
            "Glossary",
            key=f"{key}.glossary",
            persist_state="session",
            placeholder="nurse = altra",
            help="A term, a tab or =, and its translation, a line each. Only terms that occur in "
            "the source are shown to the LLM.",
        )
    if template.uses_context:
        values["context"] = st.text_area(
            "Segments before this one",
            key=f"{key}.context",
            persist_state="session",
            help="One a line, the earliest first. A batch takes them from the test set itself.",
        )
    if template.draft_from == "system":
        known = {info.id: info for info in systems if not info.is_llm}
        values["draft_system"] = (
            st.selectbox(
                "Whose draft",
                list(known),
                format_func=lambda each: known[each].name,
                key=f"{key}.draft",
                persist_state="session",
                help="This system translates first, the LLM edits its draft.",
            )
            or ""
        )
    return values


def _example_fields(workspace: Workspace, key: str) -> dict[str, object]:
    corpora = [corpus for corpus in workspace.corpora.all() if corpus.num_train]
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    with left:
        corpus = st.selectbox(
            "Examples from",
            corpora,
            format_func=lambda each: f"{each.name} · {each.num_train:,} training segments",
            key=f"{key}.corpus",
            persist_state="session",
            help="Retrieved examples are the training segments most like the source; fixed ones "
            "are the same for every source.",
        )
    with middle:
        least = st.number_input(
            "Least similarity",
            0.0,
            100.0,
            0.0,
            5.0,
            key=f"{key}.similarity",
            persist_state="session",
            help="0 to 100; less similar examples are left out.",
        )
    with right:
        excludes = st.toggle(
            "Leave out leaks",
            value=True,
            key=f"{key}.leaks",
            persist_state="session",
            help="Never shows test or dev segments, nor the very segment that is asked for: they "
            "would give the answer away.",
        )
    chosen = corpus.id if corpus is not None else ""
    return {"corpus": chosen, "min_similarity": least, "excludes_leaks": excludes}


def chosen_words(choice: PromptChoice, parameters: Parameters) -> None:
    """Says which prompt and parameters are in force, as their fields may be folded."""
    words = [f"prompt {choice.template!r}"] if choice.template != PromptChoice().template else []
    given = parameters.model_dump(exclude_defaults=True)
    words += [f"{name.replace('_', ' ')} {value}" for name, value in given.items()]
    if words:
        st.caption(plain(f"Asked with {', '.join(words)}."))


def parameter_form(*, key: str) -> Parameters:
    """Shows the parameters; an empty field is not sent."""
    values: dict[str, object] = {}
    for group, names in groups_of(Parameters).items():
        st.markdown(f"**{group}**")
        numbers = [name for name in names if name != "stop"]
        values |= optional_fields(Parameters, numbers, {}, key=key)
        if "stop" in names:
            text = st.text_input(
                "Stop before",
                key=f"{key}.stop",
                persist_state="session",
                placeholder="\\n",
                help="The answer ends before this text; several are separated by two spaces; \\n "
                "is a line break.",
            )
            parts = [part.replace("\\n", "\n") for part in text.split("  ")]
            values["stop"] = tuple(part for part in parts if part)
    return Parameters.parse(values)


def preview(
    workspace: Workspace, request: Request, choice: PromptChoice, systems: list[SystemInfo]
) -> None:
    """Shows the final messages with their probable number of tokens, before they are sent."""
    llms = [info.name for info in systems if info.is_llm]
    if not llms:
        st.caption("No LLM is among the chosen systems; MT systems get the source as it is.")
        return
    if not request.source.strip():
        st.caption("Type a source first.")
        return
    with shown_in_place("The prompt cannot be made"):
        prompter = Prompter(workspace, choice, request.src_lang, request.tgt_lang)
        asked = Request(
            request.source,
            request.src_lang,
            request.tgt_lang,
            request.parameters,
            prompter.prompting_for(request.source),
        )
        draft = DRAFT_MARK if prompter.template.draft_from != "none" else ""
        messages = messages_of(asked, draft)
        st.text(f"About {count_messages(list(messages)):,} tokens for {', '.join(llms)}")
        for message in messages:
            st.caption(message["role"])
            st.code(message["content"], language=None, wrap_lines=True)
