from __future__ import annotations

import pytest

from core.errors import DataError
from core.evaluate.causes.parallel import check_parallel


def test_what_belongs_together_passes() -> None:
    check_parallel({"references": ["a", "b"], "sources": ["c", "d"]}, {"A": ["e", "f"]})
    check_parallel({"references": []})


def test_the_message_names_what_has_another_length() -> None:
    with pytest.raises(DataError, match=r"^1 hypotheses of 'B' do not go with 2 references\."):
        check_parallel({"references": ["a", "b"]}, {"A": ["c", "d"], "B": ["e"]})
    with pytest.raises(DataError, match=r"^3 references do not go with 0 sources\."):
        check_parallel({"sources": [], "references": ["a", "b", "c"]})
