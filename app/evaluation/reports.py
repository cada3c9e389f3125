"""Taking an evaluation away: a name to open it again, and files for papers and colleagues."""

from __future__ import annotations

import uuid

import streamlit as st

from app.errors import shown_to_user
from app.evaluation.choice import Choice, test_set_label
from app.evaluation.findings import findings
from app.problem_views import shown_in_place
from app.state import session
from app.text import ago, counted, plain
from core.evaluate.causes.stored_findings import Findings
from core.evaluate.evaluating import Evaluated
from core.evaluate.metric_names import metric_names
from core.evaluate.report.csv_table import differences_csv, scores_csv
from core.evaluate.report.files import zip_report
from core.evaluate.report.html_report import html_report
from core.evaluate.report.json_report import to_json
from core.evaluate.report.latex import latex_tables
from core.evaluate.report.supplement import segment_rows, supplement_of
from core.evaluate.report.table import Supplement
from core.evaluate.settings import FIRST_REFERENCE
from core.storage.evaluation_records import Evaluation
from core.storage.files import utc_now
from core.storage.workspace import Workspace

KEPT = 6
SHOWN_LATEX_PX = 260


def reports(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows the files that one click gives, and the evaluations that were given a name."""
    st.subheader("Report", anchor=False)
    checked = findings(workspace, choice.settings, found)
    made_at = found.result.made_at
    _downloads(found, _supplement(made_at, checked is not None, found, checked))
    with st.expander("LaTeX", icon=":material/functions:"):
        st.code(latex_tables(found.result), language="latex", height=SHOWN_LATEX_PX)
    st.subheader("Saved evaluations", anchor=False)
    _save_form(workspace, choice)
    for record in workspace.evaluations.all():
        _saved(workspace, record)


@st.cache_resource(max_entries=KEPT, show_spinner="Putting the report together …")
def _supplement(
    made_at: str, has_findings: bool, _found: Evaluated, _findings: Findings | None
) -> Supplement:
    return supplement_of(_found, _findings)


def _downloads(found: Evaluated, supplement: Supplement) -> None:
    """Shows a button a form; each file is made when it is asked for."""
    result = found.result
    files = {
        "Everything (ZIP)": (
            lambda: zip_report(result, supplement, segments=segment_rows(found)),
            "evaluation.zip",
            "application/zip",
        ),
        "HTML": (lambda: html_report(result, supplement).encode(), "report.html", "text/html"),
        "CSV of scores": (lambda: "".join(scores_csv(result)).encode(), "scores.csv", "text/csv"),
        "CSV of differences": (
            lambda: "".join(differences_csv(result)).encode(),
            "differences.csv",
            "text/csv",
        ),
        "LaTeX": (lambda: latex_tables(result).encode(), "table.tex", "application/x-tex"),
        "JSON": (lambda: to_json(result).encode(), "evaluation.json", "application/json"),
    }
    with st.container(horizontal=True):
        for number, (label, (made, name, media_type)) in enumerate(files.items()):
            st.download_button(
                label,
                made,
                file_name=name,
                mime=media_type,
                icon=":material/download:",
                key=f"report.{name}",
                type="secondary" if number else "primary",
                on_click="ignore",
            )
    st.caption(
        "The HTML report is one file with plots, for light and dark, and loads nothing from "
        "elsewhere. The ZIP holds it with all tables and every segment."
    )


def _save_form(workspace: Workspace, choice: Choice) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Save this comparison as",
            key=f"report.name.{session().evaluate.add_id}",
            max_chars=200,
            placeholder="a name; an earlier one of this name is replaced",
        )
        if st.button(
            "Save",
            icon=":material/save:",
            key="report.save",
            disabled=not name.strip(),
            help=None if name.strip() else "Give it a name.",
        ):
            settings = choice.settings.model_dump(mode="json")
            record = Evaluation(
                str(uuid.uuid4()), name.strip(), choice.settings.test_set, utc_now(), settings
            )
            workspace.evaluations.save(record)
            session().evaluate.renew_add_id()
            session().notice = f"Saved {record.name}."
            st.rerun()


def _saved(workspace: Workspace, record: Evaluation) -> None:
    sets = workspace.translation_sets.of_test_set(record.test_set_hash)
    is_there = bool({each.id for each in sets} & set(record.settings["systems"]))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(f"{record.name} · {ago(record.created_at)}")
        if sets:
            st.caption(plain(test_set_label(sets[0])))
        st.button(
            "Open",
            icon=":material/open_in_new:",
            key=f"report.open.{record.id}",
            disabled=not is_there,
            help=None if is_there else "Its translations were deleted.",
            on_click=_open,
            args=(workspace, record),
        )
        if st.button("Delete", icon=":material/delete:", key=f"report.delete.{record.id}"):
            _confirm_deletion(workspace, record)


def _open(workspace: Workspace, record: Evaluation) -> None:
    """Chooses what was saved, and says what of it is gone."""
    test_set = record.test_set_hash
    known = {each.id for each in workspace.translation_sets.of_test_set(test_set)}
    metrics = metric_names(workspace, test_set)
    values = dict(record.settings)
    gone = [each for each in values["systems"] if each not in known]
    lost = [each for each in values["metrics"] if each not in metrics]
    values["systems"] = tuple(each for each in values["systems"] if each in known)
    values["metrics"] = tuple(each for each in values["metrics"] if each in metrics)
    session().evaluate.replace(test_set, values)
    missing = [counted(len(gone), "system")] if gone else []
    missing += ["the baseline among them"] if values["baseline"] in gone else []
    missing += [counted(len(lost), "scorer")] if lost else []
    references = {FIRST_REFERENCE, *workspace.test_set_texts.names(test_set, "reference")}
    unknown = [each for each in values["references"] if each not in references]
    missing += [counted(len(unknown), "reference")] if unknown else []
    if missing:
        session().notice = f"Deleted since it was saved: {', '.join(missing)}."


@st.dialog("Delete this evaluation?")
def _confirm_deletion(workspace: Workspace, record: Evaluation) -> None:
    with shown_to_user(), shown_in_place():
        st.text(record.name)
        st.write("Only the name and the choice are deleted; translations and scores stay.")
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="report.delete.yes"):
                workspace.evaluations.delete(record.id)
                session().notice = "Deleted an evaluation."
                st.rerun()
            if st.button("Keep it", key="report.delete.no"):
                st.rerun()
