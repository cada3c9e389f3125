"""The prompts part of the Settings page: edit a template, each change a new version."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from app.forms import field_problems
from app.problem_views import shown_in_place
from app.state import session, set_widget
from app.text import ago
from core.errors import ConfigError
from core.storage.workspace import Workspace
from core.systems.prompt_choice import all_templates
from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.rendering import Filling, render
from core.systems.prompts.template import ExamplePair, Template

VARIABLES = "source, source_language, target_language, examples, glossary, context, draft"
TITLES = {
    "num_examples": "Number of examples",
    "examples_from": "Examples",
    "draft_from": "Draft from",
    "uses_glossary": "Glossary",
    "uses_context": "Document context",
    "system": "System message",
    "user": "User message",
}
SAMPLE = Filling(
    source="The nurse has a report.",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    examples=(("The nurse is here.", "Tá an t-altra anseo."),),
    glossary=(("nurse", "altra"),),
    context=(("The doctor is here.", ""),),
    draft="Tá tuairisc ag an altra.",
)


def template_editor(workspace: Workspace) -> None:
    """Shows a template's texts, lets them be changed, and shows the messages that they give."""
    templates = all_templates(workspace)
    key = f"template.{session().form_version}"
    # A saved version changes the options, and a select box would fall back to the first one.
    if session().saved_template in templates:
        set_widget("template.chosen", session().saved_template)
    session().saved_template = ""
    name = st.selectbox(
        "Template",
        list(templates),
        format_func=lambda each: f"{each} · v{templates[each][1]}" if templates[each][1] else each,
        key="template.chosen",
    )
    template, version = templates[name]
    st.caption(_origin(name, version))
    values = _fields(template, f"{key}.{name}")
    edited = _checked(values)
    with st.container(horizontal=True):
        is_saved = st.button(
            "Save as a new version",
            type="primary",
            icon=":material/save:",
            key=f"{key}.save.{name}",
            disabled=edited is None or edited == template,
            help="Nothing was changed." if edited == template else "Answers name their version.",
        )
        is_unwanted = version and st.button(
            "Delete my versions", icon=":material/delete:", key=f"{key}.delete.{name}"
        )
    if is_saved and edited is not None:
        _save(workspace, edited)
    if is_unwanted:
        _confirm_deletion(workspace, name)
    if edited is not None:
        _messages(edited)
    _versions(workspace, name)


def _origin(name: str, version: int) -> str:
    if not version:
        return "Shipped with the program. Saving a change makes version 1 of your own."
    if _is_shipped(name):
        return f"Version {version}, changed by you; the one we ship comes back when you delete it."
    return f"Version {version}, made by you."


def _is_shipped(name: str) -> bool:
    return any(template.name == name for template in built_in_templates())


def _save(workspace: Workspace, template: Template) -> None:
    record = workspace.templates.save(template.name, template.model_dump(mode="json"))
    session().notice = f"Saved {record.name}, version {record.version}."
    session().form_version += 1
    session().saved_template = record.name
    st.rerun()


@st.dialog("Delete your versions?")
def _confirm_deletion(workspace: Workspace, name: str) -> None:
    st.text(name)
    count = len(workspace.templates.versions(name))
    what = "Your version is" if count == 1 else f"Your {count} versions are"
    after = "The one we ship comes back." if _is_shipped(name) else "The template is gone then."
    st.write(f"{what} deleted for good. {after} Answers keep the messages that were sent.")
    with st.container(horizontal=True):
        is_meant = st.button("Delete for good", type="primary", key="template.delete.yes")
        is_kept = st.button("Keep them", key="template.delete.no")
    if is_meant:
        workspace.templates.delete(name)
        session().notice = f"Deleted your versions of {name}."
        session().form_version += 1
        session().saved_template = name
    if is_meant or is_kept:
        st.rerun()


def _fields(template: Template, key: str) -> dict[str, Any]:
    values = template.model_dump()
    left, right = st.columns(2)
    with left:
        values["name"] = st.text_input(
            "Name", template.name, key=f"{key}.name", help="Another name makes another template."
        )
        values["style"] = st.selectbox(
            "Style",
            ["chat", "completion"],
            index=["chat", "completion"].index(template.style),
            key=f"{key}.style",
        )
        values["draft_from"] = st.selectbox(
            "Draft from",
            ["none", "itself", "system"],
            index=["none", "itself", "system"].index(template.draft_from),
            key=f"{key}.draft",
        )
    with right:
        values |= _material_fields(template, key)
    if values["examples_from"] == "fixed":
        values["fixed_examples"] = _fixed_examples(template, key)
    values["system"] = st.text_area("System message", template.system, key=f"{key}.system")
    values["user"] = st.text_area(
        "User message",
        template.user,
        height=180,
        key=f"{key}.user",
        help=f"Jinja with the variables {VARIABLES}.",
    )
    return values


def _material_fields(template: Template, key: str) -> dict[str, Any]:
    """Shows what a prompt holds beside the source."""
    sources = ["none", "fixed", "retrieved"]
    examples_from = st.selectbox(
        "Examples", sources, index=sources.index(template.examples_from), key=f"{key}.examples"
    )
    count = st.number_input("Number of examples", 0, 50, template.num_examples, key=f"{key}.count")
    glossary = st.toggle("Glossary", template.uses_glossary, key=f"{key}.glossary")
    context = st.toggle("Document context", template.uses_context, key=f"{key}.context")
    return {
        "examples_from": examples_from,
        "num_examples": count,
        "uses_glossary": glossary,
        "uses_context": context,
    }


def _fixed_examples(template: Template, key: str) -> tuple[ExamplePair, ...]:
    rows = [{"source": pair.source, "target": pair.target} for pair in template.fixed_examples]
    edited = st.data_editor(
        rows or [{"source": "", "target": ""}],
        num_rows="dynamic",
        width="stretch",
        key=f"{key}.fixed",
    )
    return tuple(
        ExamplePair(source=row["source"], target=row["target"])
        for row in edited
        if row.get("source") and row.get("target")
    )


def _checked(values: dict[str, Any]) -> Template | None:
    try:
        values = {**values, "fixed_examples": [dict(each) for each in values["fixed_examples"]]}
        return Template.parse(values)
    except ConfigError as error:
        st.badge("Cannot be saved", icon=":material/error:", color="red")
        st.text(_by_titles("\n".join(field_problems(Template, error, TITLES))))
        return None


def _by_titles(sentences: str) -> str:
    """Gives sentences with the fields' titles where they name fields of the program."""
    names = "|".join(name for name in TITLES if "_" in name)
    return re.sub(rf"\b(?:{names})\b", lambda found: f"'{TITLES[found[0]]}'", sentences)


def _messages(template: Template) -> None:
    with st.expander("The messages for an example"), shown_in_place("It cannot be filled"):
        for message in render(template, SAMPLE):
            st.caption(message["role"])
            st.code(message["content"], language=None, wrap_lines=True)


def _versions(workspace: Workspace, name: str) -> None:
    found = workspace.templates.versions(name)
    if len(found) < 2:
        return
    with st.expander(f"{len(found)} versions"):
        for record in found:
            st.caption(f"Version {record.version} · {ago(record.created_at)}")
            st.code(record.content["user"], language=None, wrap_lines=True)
