"""The README's pictures of Evaluate: a run's two models beside two made-up systems, and ratings."""

from __future__ import annotations

import random
from collections.abc import Callable

from core.evaluate.adding import add_upload, target_of_set
from core.evaluate.formats.reading import read_pasted
from core.evaluate.people.ratings import add_ratings
from core.evaluate.run_sets import add_run
from core.evaluate.texts import load_texts
from core.storage.workspace import Workspace

Shoot = Callable[[str, str, bool, tuple[int, int]], None]
SHARES = {"Made-up system, careful": 0.06, "Made-up system, hasty": 0.18}
NUM_RATED = 60


def take(workspace: Workspace, run: str, shoot: Shoot) -> list[str]:
    """Compares the models of a run with systems that lose and double words; gives their sets.

    Args:
        workspace: A workspace with a finished run.
        run: The run's id.
        shoot: Takes a page's address below the root, a picture's name, dark or not, and the size.
    """
    sets = add_run(workspace, run)
    target = target_of_set(workspace, sets[0].test_set_hash)
    rng = random.Random(1)
    for name, share in SHARES.items():
        lines = [_worse(text, share, rng) for text in target.references]
        add_upload(workspace, read_pasted("\n".join(lines), name=name), target)
    found = workspace.translation_sets.of_test_set(target.hash)
    texts = load_texts(workspace, target.hash, [each.id for each in found])
    rows = ["system\tsegment\trater\tscore"]
    for each in found:
        for number in range(NUM_RATED):
            same = texts.hypotheses[each.id][number] == target.references[number]
            for rater in ("Áine", "Brian"):
                score = 6 if same else rng.randint(1, 4)
                rows.append(f"{each.system_name}\t{number + 1}\t{rater}\t{score}")
    add_ratings(workspace, "\n".join(rows).encode(), "ratings.tsv", texts, name="SQM")
    address = f"evaluate?set={sets[0].id}"
    shoot(address, "evaluate", False, (1280, 1560))
    shoot(f"{address}&part=Causes", "evaluate-causes-dark", True, (1280, 1050))
    shoot(f"{address}&part=People", "evaluate-people", False, (1280, 1300))
    made_up = [each.id for each in found if each.system_name in SHARES]
    return [*(each.id for each in sets), *made_up][: len(sets) + len(SHARES)]


def _worse(text: str, share: float, rng: random.Random) -> str:
    words: list[str] = []
    for word in text.split():
        drawn = rng.random()
        words += [] if drawn < share / 2 else [word, word] if drawn < share else [word]
    return " ".join(words)
