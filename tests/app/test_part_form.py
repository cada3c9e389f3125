"""What can be corrected about the guess how files are read."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _form() -> None:
    import streamlit as st

    from app.corpora.part_form import part_fields
    from core.corpora.formats.choice import Choice
    from core.corpora.formats.files import MemoryFile
    from core.corpora.formats.looking import Look, look
    from core.corpora.planning import looks_of, plan_parts

    unit = '<tu><tuv xml:lang="{}"><seg>{}</seg></tuv><tuv xml:lang="ga"><seg>b</seg></tuv></tu>'
    near = unit.format("en-GB", "a") + unit.format("en-US", "c")
    late = unit.format("de", "a") * 1000
    files = [
        MemoryFile("x.tsv", "English\tIrish\nc\té\n".encode()),
        MemoryFile("x.tmx", f"<tmx><body>{near}</body></tmx>".encode()),
        MemoryFile("late.tmx", f"<tmx><body>{late}</body></tmx>".encode()),
    ]
    looks = looks_of(files)
    plan = plan_parts(looks, "eng_Latn", "gle_Latn")
    by_name = {file.name: file for file in files}

    def again(name: str, choice: Choice) -> Look:
        return look(by_name[name], choice)

    names = ("English", "Irish")
    parts, problem = part_fields(plan, looks, names, again=again, key="k")
    st.session_state["parts"], st.session_state["problem"] = parts, problem


def _choices(app: AppTest) -> list[tuple[str, str]]:
    assert not app.exception
    return [(part.choice.source, part.choice.target) for part in app.session_state["parts"]]


def test_languages_are_offered_with_all_their_variants() -> None:
    app = AppTest.from_function(_form).run(timeout=20)
    assert _choices(app)[1:] == [("eng_Latn", "gle_Latn")] * 2
    _, near, late = [each.options[1:] for each in app.selectbox if each.label == "Source is"]
    assert near == ["en-GB, en-US (eng_Latn)", "ga (gle_Latn)"]
    assert late[-1] == "eng_Latn (not at the start of the file)"
    assert app.dataframe[1].value.values.tolist() == [["a", "b"], ["c", "b"]]


def test_the_first_row_can_be_said_to_be_a_segment() -> None:
    app = AppTest.from_function(_form).run(timeout=20)
    assert _choices(app)[0] == ("English", "Irish")
    (header,) = [each for each in app.selectbox if each.label == "The first row is"]
    app = header.set_value("no").run()
    assert _choices(app)[0] == ("1", "2")
    assert app.session_state["parts"][0].choice.header == "no"
    assert app.dataframe[0].value.values.tolist() == [["English", "Irish"], ["c", "é"]]


def test_another_encoding_shows_in_the_sample() -> None:
    app = AppTest.from_function(_form).run(timeout=20)
    encoding = next(each for each in app.selectbox if each.label.startswith("Encoding of x"))
    assert app.dataframe[0].value.values.tolist()[0] == ["c", "é"]
    app = encoding.set_value("cp1252").run()
    assert app.dataframe[0].value.values.tolist()[0] == ["c", "Ã©"]
    assert app.session_state["parts"][0].choice.encoding == "cp1252"


def test_a_file_that_cannot_be_read_as_chosen_keeps_the_import_back() -> None:
    app = AppTest.from_function(_form).run(timeout=20)
    assert app.session_state["problem"] == "" and len(app.session_state["parts"]) == 3
    encoding = next(each for each in app.selectbox if each.label.startswith("Encoding of x"))
    app = encoding.set_value("utf-32-le").run()
    assert not app.exception and "UTF" in app.error[0].value
    assert app.session_state["problem"] == "Correct how 'x.tsv' is read, or leave it out."
    assert len(app.session_state["parts"]) == 2
