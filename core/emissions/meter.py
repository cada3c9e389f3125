"""The energy meter of this process and everything below it: codecarbon's tracker, offline.

Nothing here asks for a location or sends anything: CO2 is computed when it is shown.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from core.emissions.energy import Conditions, Device, Energy, Method
from core.emissions.settings import EmissionsSettings
from core.gpu import visible_indices

_NEVER_S = 1e6  # codecarbon's own timer; we read when we want to, from one thread
_COUNTERS = ("intel_rapl", "intel_power_gadget", "windows_emi", "apple_powermetrics")
# The emissions that codecarbon computes are not used; so it asks for no country.
_UNUSED_G_PER_KWH = 1.0


@dataclass(frozen=True)
class Reading:
    """What was taken since the meter was started.

    Attributes:
        seconds: Since then.
        energy: By device, without PUE.
    """

    seconds: float
    energy: Energy


@dataclass(frozen=True)
class Start:
    """When work began.

    Attributes:
        at_s: On the clock of `time.perf_counter`.
        cpu_s: What this process and its descendants had used by then.
    """

    at_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> Start:
        """Gives this moment."""
        return cls(time.perf_counter(), tree_cpu_s())


class Meter:
    """Measures from its start; `read` may be called by one thread only.

    Attributes:
        conditions: How each device is measured.
    """

    def __init__(
        self,
        settings: EmissionsSettings,
        since: Start | None = None,
        *,
        num_gpus: int | None = None,
    ) -> None:
        """Finds out what there is to measure, which takes seconds, and begins.

        Args:
            settings: How it is measured.
            since: When the work began: until the library is ready, processor (by the load model)
                and memory are counted from there; a GPU is not.
            num_gpus: How many of the visible GPUs, from the first, are measured; None = all.

        Raises:
            RuntimeError: The library did not begin.
        """
        since = since or Start.now()
        gpu_ids = _gpu_ids(num_gpus)
        tracker = _tracker(settings, gpu_ids)
        tracker._ensure_hardware_ready()
        if gpu_ids == []:
            tracker._hardware = [each for each in tracker._hardware if not _is_gpu(each)]
        _count_whole_tree(tracker)
        tracker.start()
        if tracker._start_time is None:  # it only logs its own failures
            raise RuntimeError("codecarbon did not begin to measure")
        self._tracker = tracker
        if self.is_gpu_counted and settings.mode == "process":
            # Nothing has to be sampled between two readings, and looking costs a thread a second.
            tracker._scheduler_monitor_power.stop()
        self._began_s = since.at_s
        self._head = _head(tracker, settings, since)
        self.conditions = _conditions(tracker, settings)

    def read(self) -> Reading:
        """Measures up to now."""
        tracker = self._tracker
        if not self.is_gpu_counted:  # as soon as a counter fails, power is sampled every second
            tracker._scheduler_monitor_power.start()
        tracker._measure_power_and_energy_if_stale()
        energy = Energy(
            tracker._total_cpu_energy.kWh,
            tracker._total_ram_energy.kWh,
            tracker._total_gpu_energy.kWh,
        )
        # Asked again within 50 ms, codecarbon does not measure.
        return Reading(tracker._last_measured_time - self._began_s, self._head + energy)

    @property
    def is_gpu_counted(self) -> bool:
        """Whether all GPUs have an energy counter that can be read now; True without GPUs."""
        return not any(device._use_power_fallback for device in _gpu_devices(self._tracker))

    def stop(self) -> None:
        """Ends the tracker's threads."""
        self._tracker.stop()


def _tracker(settings: EmissionsSettings, gpu_ids: list[str] | None) -> Any:
    from codecarbon import OfflineEmissionsTracker

    # The import sets the library's level, so this comes after it; two lines would be printed.
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    _tell_cpu_model()
    return OfflineEmissionsTracker(
        # Every option that matters, or somebody's configuration file would decide it.
        force_carbon_intensity_g_co2e_kwh=_UNUSED_G_PER_KWH,
        country_iso_code="IRL",
        cloud_provider=None,
        cloud_region=None,
        region=None,
        measure_power_secs=_NEVER_S,
        api_call_interval=-1,
        output_methods=[],
        output_handlers=[],
        emissions_endpoint=None,
        electricitymaps_api_token=None,
        tracking_mode=settings.mode,
        log_level="error",
        force_cpu_power=settings.cpu_power_w or None,
        force_ram_power=settings.ram_power_w or None,
        force_mode_cpu_load=False,
        pue=1.0,
        wue=0,
        allow_multiple_runs=True,
        rapl_include_dram=False,
        rapl_prefer_psys=False,
        output_dir=os.curdir,
        gpu_ids=gpu_ids,
        metadata=None,
    )


def _tell_cpu_model() -> None:
    """Lets codecarbon learn the processor's name from the kernel where that knows it.

    It would ask a package that starts another Python and times the processor in it: more than a
    second of processor time for the same name.
    """
    import cpuinfo  # type: ignore[import-untyped]
    from codecarbon.core.util import detect_cpu_model

    name = _cpu_model()
    if not name:
        return
    ask = cpuinfo.get_cpu_info
    cpuinfo.get_cpu_info = lambda: {"brand_raw": name}
    try:
        detect_cpu_model()  # remembers its first answer
    finally:
        cpuinfo.get_cpu_info = ask


def _cpu_model() -> str:
    """Gives the processor's name as Linux tells it, empty where it does not."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            field, _, value = line.partition(":")
            if field.strip() == "model name":
                return value.strip()
    return ""


def _gpu_ids(num_gpus: int | None) -> list[str] | None:
    """Gives the indices of the GPUs that are measured; None = what codecarbon finds.

    codecarbon reads CUDA_VISIBLE_DEVICES as well, but finds no GPU by its UUID.
    """
    if num_gpus == 0:
        return []
    visible = visible_indices()
    return None if visible is None else [str(index) for index in visible[:num_gpus]]


def _is_gpu(hardware: Any) -> bool:
    return type(hardware).__name__ == "GPU"


def _count_whole_tree(tracker: Any) -> None:
    """Makes the load model of processes count those too that come and go between two readings.

    codecarbon compares each process with its own last reading: what a process used before its
    first one, and after its last one, is lost; of a compiler's children that is most of it. The
    kernel adds what a process used to its parent's account when the parent takes its exit status,
    so that the sum of both accounts over the living processes misses nothing.
    """
    clock = _TreeClock()
    for hardware in tracker._hardware:
        if type(hardware).__name__ == "CPU" and hardware._mode == "cpu_load":
            hardware._get_process_cpu_times = lambda: {0: clock.read_s()}
            if hardware._tracking_mode == "process":
                # Each look goes through all processes of the machine; as nothing is missed
                # between two readings, codecarbon's own look every second is not needed.
                hardware.monitor_power = lambda: None


class _TreeClock:
    """Processor seconds of the whole tree, which never fall.

    A child whose exit status is taken while its family is being added up is in neither account:
    the sum falls for a moment by all that it used, and would then be counted once more.
    """

    def __init__(self) -> None:
        self._most_s = 0.0
        self._lock = threading.Lock()  # codecarbon looks from a thread of its own, too

    def read_s(self) -> float:
        """Gives the most that was ever seen."""
        with self._lock:
            self._most_s = max(self._most_s, tree_cpu_s())
            return self._most_s


def _head(tracker: Any, settings: EmissionsSettings, since: Start) -> Energy:
    """Gives what was taken between the start of the work and that of the tracker."""
    seconds = max(tracker._start_time - since.at_s, 0.0)
    cpu_kwh = ram_kwh = 0.0
    for hardware in tracker._hardware:
        kind = type(hardware).__name__
        if kind == "RAM":
            ram_kwh = hardware.total_power().kW * seconds / 3600
        elif kind == "CPU" and hardware._mode == "cpu_load" and settings.mode == "process":
            used_s = max(tree_cpu_s() - since.cpu_s, 0.0)
            cpu_kwh = hardware._tdp / 1000 * used_s / hardware._cpu_count / 3600
    return Energy(cpu_kwh, ram_kwh)


def tree_cpu_s() -> float:
    """Gives the processor seconds that this process and all its descendants, also ended, used."""
    this = psutil.Process()
    total_s = 0.0
    for process in [this, *this.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            total_s += sum(process.cpu_times()[:4])  # user, system, and both of reaped children
    return total_s


def _conditions(tracker: Any, settings: EmissionsSettings) -> Conditions:
    methods: dict[Device, Method] = {}
    power_w, is_known, is_whole = None, True, False
    for hardware in tracker._hardware:
        kind = type(hardware).__name__
        if kind == "RAM":
            methods["ram"] = "constant" if settings.ram_power_w else "heuristic"
        elif kind == "GPU":
            counted = not any(each._use_power_fallback for each in _gpu_devices(tracker))
            methods["gpu"] = "counter" if counted else "sampled"
        elif kind == "CPU":
            methods["cpu"] = _cpu_method(hardware._mode)
            is_whole = hardware._mode in _COUNTERS
            power_w = None if is_whole else float(hardware._tdp)
            is_known = is_whole or bool(settings.cpu_power_w) or _is_in_table(hardware)
        elif kind in ("AppleSiliconChip", "Raspberry"):  # counters of the whole chip
            part = "gpu" if hardware.chip_part == "GPU" else hardware.chip_part.lower()
            methods["ram" if part == "ram" else "gpu" if part == "gpu" else "cpu"] = "counter"
            is_whole = True
    return Conditions(
        mode=settings.mode,
        methods=methods,
        cpu_model=str(tracker._conf.get("cpu_model") or ""),
        cpu_power_w=power_w,
        is_cpu_power_known=is_known,
        is_cpu_whole=is_whole,
        gpus=tuple(each._gpu_name for each in _gpu_devices(tracker)),
        host=socket.gethostname(),
        measured_by=f"codecarbon {version('codecarbon')}",
    )


def _cpu_method(mode: str) -> Method:
    if mode in _COUNTERS:
        return "counter"
    return "constant" if mode == "constant" else "load model"


def _is_in_table(cpu: Any) -> bool:
    """Tells whether the nominal power came from codecarbon's table of processors."""
    from codecarbon.core import cpu as cpus
    from codecarbon.core.hardware_cache import get_cached_tdp

    if cpu._is_generic_tdp:
        return False
    tdp: Any = get_cached_tdp(cpus)  # type: ignore[no-untyped-call]
    try:
        return tdp._get_cpu_power_from_registry(cpu.get_model() or "") is not None
    except (AttributeError, ValueError, TypeError):
        return False


def _gpu_devices(tracker: Any) -> list[Any]:
    """Gives the GPUs that are measured."""
    for hardware in tracker._hardware:
        if _is_gpu(hardware):
            chosen = set(hardware._get_gpu_ids())
            return [each for each in hardware.devices.devices if each.gpu_index in chosen]
    return []
