"""Choosing a run's weights: while it learns what to keep, after it what becomes the model."""

from __future__ import annotations

import logging
import math
from typing import Any

from core.errors import ModelError
from core.finetune.best import (
    LAST,
    Scored,
    best_first,
    best_steps,
    has_stopped_learning,
    is_better,
    scored_steps,
    value_of,
)
from core.finetune.checkpoints import checkpoint_folder, complete_checkpoints
from core.finetune.chosen import Chosen
from core.finetune.distributed import Ranks
from core.finetune.evaluating import Evaluation
from core.finetune.export import gathered_weights
from core.finetune.placing import (
    averaged_names,
    mean_weights,
    place_weights,
    read_trained,
    trained_names,
)
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.recorder import Recorder

log = logging.getLogger(__name__)


class Choosing:
    """Knows the run's evaluations; the first process decides, and all do the same."""

    def __init__(
        self,
        module: Any,
        settings: FineTuneSettings,
        folder: RunFolder,
        ranks: Ranks,
        recorder: Recorder,
    ) -> None:
        self._module = module
        self._settings = settings
        self._folder = folder
        self._ranks = ranks
        self._record = recorder
        self._metric = settings.best_metric
        self._is_split = settings.engine == "deepspeed" and settings.zero_stage == 3

    def best_steps(self) -> list[int]:
        """Gives the steps whose checkpoints must stay; on the first process."""
        return best_steps(self._scored(), self._settings) if self._ranks.is_first else []

    def is_over(self) -> bool:
        """Whether the run no longer gets better and its patience is at its end."""
        if not self._settings.early_stopping_patience:
            return False
        is_over = self._ranks.is_first and has_stopped_learning(self._scored(), self._settings)
        return self._ranks.summed(float(is_over))[0] > 0

    def choose(self, last_step: int, evaluation: Evaluation) -> Chosen:
        """Puts the chosen weights into the model, which has those of `last_step`, and names them.

        Args:
            last_step: Where training ended.
            evaluation: What scores a mean of checkpoints.
        """
        if self._metric == LAST:
            return Chosen(last_step, last_step=last_step)
        self._record.phase("saving", "taking up the best checkpoint")
        best, unreadable = self._place_best(last_step)
        value = None if math.isnan(best.value) else best.value
        chosen = Chosen(best.step, self._metric, value, last_step, unreadable=unreadable)
        steps = self._steps_to_average()
        if len(steps) < 2 or value is None:
            return chosen
        return self._with_average(chosen, steps, evaluation)

    def _scored(self) -> list[Scored]:
        return [] if self._metric == LAST else scored_steps(self._folder.metrics_file, self._metric)

    def _kept(self) -> list[Scored]:
        """Gives the evaluations whose checkpoints are there, the best first."""
        present = {step for step, _ in complete_checkpoints(self._folder.path)}
        return [each for each in best_first(self._scored(), self._metric) if each.step in present]

    def _place_best(self, last_step: int) -> tuple[Scored, list[int]]:
        """Puts the best checkpoint's weights into the model; one that is unreadable is passed."""
        names = trained_names(self._module)
        best, weights, unreadable = Scored(last_step, math.nan), None, []
        for each in self._kept() if self._ranks.is_first else []:
            if each.step == last_step:  # it is in the model
                best = each
                break
            try:
                checkpoint = checkpoint_folder(self._folder.path, each.step)
                best, weights = each, read_trained(checkpoint, self._settings, names)
                break
            except ModelError as error:
                log.warning("%s", error)
                unreadable.append(each.step)
                best = Scored(last_step, math.nan)
        step, value = self._agreed(best.step, best.value)
        if int(step) != last_step:
            self._place(names, weights)
        return Scored(int(step), value), unreadable

    def _steps_to_average(self) -> list[int]:
        """Gives the steps of the best checkpoints, as many as are averaged, alike everywhere."""
        if not self._settings.has_average:
            return []
        count = self._settings.average_checkpoints
        steps = [each.step for each in self._kept()[:count]] if self._ranks.is_first else []
        padded = [*steps, *[0] * (count - len(steps))]
        return [int(step) for step in self._agreed(*padded) if step]

    def _with_average(self, chosen: Chosen, steps: list[int], evaluation: Evaluation) -> Chosen:
        """Scores the mean of some checkpoints on dev; takes it if it is better than the best."""
        names = averaged_names(self._module, self._settings)
        before = gathered_weights(
            self._module, is_split=self._is_split, is_first=self._ranks.is_first
        )
        mean = self._mean(steps, before) if self._ranks.is_first else {}
        if not self._agreed(float(bool(mean)))[0]:
            return chosen
        self._place(names, mean)
        found = evaluation.measured(f"mean of {len(steps)} checkpoints on dev")
        value = value_of(found.values, self._metric) if self._ranks.is_first else 0.0
        (value,) = self._agreed(value)
        best = chosen.value if chosen.value is not None else math.nan
        is_used = is_better(self._metric, value, best)
        if not is_used:
            self._place(names, before)
        self._record.add("average", steps=sorted(steps), is_used=is_used, **found.values)
        told = None if math.isnan(value) else value
        tried = {"steps": sorted(steps), "value": told, "best": chosen.value, "is_used": is_used}
        if not is_used:
            return Chosen(**{**chosen.as_dict(), "average": tried})
        used = {"value": told, "averaged": sorted(steps), "average": tried}
        return Chosen(**{**chosen.as_dict(), **used})

    def _mean(self, steps: list[int], given: dict[str, Any]) -> dict[str, Any]:
        """Gives the mean of the checkpoints' weights, {} where one cannot be read."""
        folders = [checkpoint_folder(self._folder.path, step) for step in steps]
        try:
            return mean_weights(folders, self._settings, trained_names(self._module), given)
        except ModelError as error:
            log.warning("no mean of checkpoints: %s", error)
            return {}

    def _place(self, names: list[str], weights: Any) -> None:
        place_weights(self._module, names, weights, self._ranks, is_split=self._is_split)

    def _agreed(self, *values: float) -> list[float]:
        """Gives the first process's values to all."""
        return self._ranks.summed(*(values if self._ranks.is_first else [0.0] * len(values)))
