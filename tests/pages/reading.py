"""What the tests of the pages look for on a page."""

from typing import Any

from streamlit.testing.v1 import AppTest


def shown(app: AppTest) -> str:
    found = [*app.text, *app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(str(element.value) for element in found)


def button(app: AppTest, label: str) -> Any:
    return next(item for item in app.button if item.label == label)
