r"""What every LaTeX table of ours needs: text as it is, and what the table relies on."""

from __future__ import annotations

import re
import unicodedata

# Brackets and the asterisk are arguments of \\ and \midrule where a row begins with them.
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "|": r"\textbar{}", "<": r"\textless{}", ">": r"\textgreater{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip
_JOINED = re.compile("(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,)")  # would be dashes and quotes
TABLE_HEAD = r"""% Needs \usepackage{booktabs}.
% Names in other scripts than Latin need XeLaTeX or LuaLaTeX, and a font that has them.
"""
"""Comments above a table."""


def escaped(text: str) -> str:
    r"""Gives text that LaTeX prints as it is; line ends and control characters become spaces.

    No two hyphens or quotes join into another character, `?` and an accent neither.
    """
    kept = (" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in text)
    return _JOINED.sub("{}", "".join(_SPECIAL.get(each, each) for each in kept))
