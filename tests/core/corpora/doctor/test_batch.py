from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from core.corpora.doctor.batch import Batch
from core.corpora.doctor.settings import DoctorSettings
from core.text.spans import spans_in, without_spans

PARTS = ["a", " ", "<b>", "<", "{x}", "%d", "%", "www.x.ie", "://", "@", "#", "$", "[["]
TEXT = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)


@given(TEXT, TEXT)
@example("See https://x.ie/a, [[b]] $t(c) mailto:a@b.ie \ue000", "\uf8ff #tag ${x} http://y.ie")
def test_batch_finds_the_spans_that_there_are(source: str, target: str) -> None:
    batch = Batch([source], [target], "eng_Latn", "gle_Latn", DoctorSettings())
    assert batch.spans.get(0, ([], [])) == (spans_in(source), spans_in(target))
    assert batch.plain == ([without_spans(source)], [without_spans(target)])
