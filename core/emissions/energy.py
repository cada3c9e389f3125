"""Energy by device and phase: what is measured, added up and compared; always in kWh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Device = Literal["cpu", "ram", "gpu"]
Method = Literal["counter", "sampled", "load model", "constant", "heuristic"]
Mode = Literal["process", "machine"]
DEVICES: tuple[Device, ...] = ("cpu", "ram", "gpu")

# In the order in which a job comes to them.
PHASES = (
    "prepare", "convert", "search", "train", "evaluate", "translate", "score", "serve", "save",
)  # fmt: skip
_PHASE_OF_STATE = {
    "preparing": "prepare",
    "compiling": "prepare",
    "converting": "convert",
    "searching": "search",
    "training": "train",
    "evaluating": "evaluate",
    "translating": "translate",
    "scoring": "score",
    "serving": "serve",
    "saving": "save",
}
_MEANINGS: dict[Method, str] = {
    "counter": "read from an energy counter of the device",
    "sampled": "averaged from readings of the device's power",
    "load model": "the processor's nominal power times its load",
    "constant": "a constant power that somebody set",
    "heuristic": "guessed from the size of the memory",
}


def phase_of_state(state: str) -> str:
    """Gives the phase that a job's state belongs to; "" for one that only ends another phase."""
    return _PHASE_OF_STATE.get(state, "")


def meaning_of(method: Method) -> str:
    """Says what a badge means, in words that go on after "is"."""
    return _MEANINGS[method]


@dataclass(frozen=True)
class Energy:
    """Electric energy by device, in kWh, as the devices took it: without PUE.

    Attributes:
        cpu_kwh, ram_kwh, gpu_kwh: Of processors, memory, and all GPUs of the job together.
    """

    cpu_kwh: float = 0.0
    ram_kwh: float = 0.0
    gpu_kwh: float = 0.0

    @property
    def total_kwh(self) -> float:
        """The sum over the devices."""
        return self.cpu_kwh + self.ram_kwh + self.gpu_kwh

    def of(self, device: Device) -> float:
        """Gives the kWh of one device."""
        return {"cpu": self.cpu_kwh, "ram": self.ram_kwh, "gpu": self.gpu_kwh}[device]

    def __add__(self, other: Energy) -> Energy:
        """Adds device by device."""
        return Energy(
            self.cpu_kwh + other.cpu_kwh,
            self.ram_kwh + other.ram_kwh,
            self.gpu_kwh + other.gpu_kwh,
        )


@dataclass(frozen=True)
class Power:
    """Mean power by device, in watts."""

    cpu_w: float = 0.0
    ram_w: float = 0.0
    gpu_w: float = 0.0

    @property
    def total_w(self) -> float:
        """The sum over the devices."""
        return self.cpu_w + self.ram_w + self.gpu_w


@dataclass(frozen=True)
class Phase:
    """What one phase of a job took.

    Attributes:
        seconds: How long it was measured.
        energy: What it took.
    """

    seconds: float = 0.0
    energy: Energy = field(default_factory=Energy)

    def __add__(self, other: Phase) -> Phase:
        """Adds time and energy."""
        return Phase(self.seconds + other.seconds, self.energy + other.energy)

    def since(self, earlier: Phase) -> Phase:
        """Gives what was taken between an earlier cumulative reading and this one."""
        energy, before = self.energy, earlier.energy
        return Phase(
            self.seconds - earlier.seconds,
            Energy(
                energy.cpu_kwh - before.cpu_kwh,
                energy.ram_kwh - before.ram_kwh,
                energy.gpu_kwh - before.gpu_kwh,
            ),
        )

    @property
    def power(self) -> Power:
        """The mean power: kWh × 3.6e6 J/kWh ÷ s; zero where no time passed."""
        factor = 3.6e6 / self.seconds if self.seconds > 0 else 0.0
        energy = self.energy
        return Power(energy.cpu_kwh * factor, energy.ram_kwh * factor, energy.gpu_kwh * factor)


@dataclass(frozen=True)
class Conditions:
    """How an attempt was measured, and where.

    Attributes:
        mode: `process`: processor and memory of the job's processes; `machine`: of the host.
        methods: How each device was measured; a device that is not there is missing.
        cpu_model: The processor's name.
        cpu_power_w: Nominal power behind a load model; None where a counter was read.
        is_cpu_power_known: Whether it was set or found in the table of processors; else it is a
            guess from the number of cores.
        is_cpu_whole: The counter is that of the whole processor, whoever used it.
        gpus: Names of the GPUs that were measured.
        host: The machine's name.
        measured_by: Library and version, such as `codecarbon 3.3.2`.
    """

    mode: Mode = "process"
    methods: dict[Device, Method] = field(default_factory=dict)
    cpu_model: str = ""
    cpu_power_w: float | None = None
    is_cpu_power_known: bool = True
    is_cpu_whole: bool = False
    gpus: tuple[str, ...] = ()
    host: str = ""
    measured_by: str = ""

    def to_json(self) -> dict[str, Any]:
        """Gives it ready for JSON."""
        return {**asdict(self), "gpus": list(self.gpus)}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Conditions:
        """Gives what `to_json` wrote; what a later version added is left out.

        Raises:
            AttributeError, TypeError, ValueError: It is something else.
        """
        methods, gpus = values.get("methods", {}), values.get("gpus", ())
        if not isinstance(methods, Mapping) or not isinstance(gpus, (list, tuple)):
            raise ValueError("no conditions")
        known = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        return cls(**{**known, "gpus": tuple(known.get("gpus", ()))})


@dataclass(frozen=True)
class JobEnergy:
    """What a job took, all its attempts together; it stays when the job is deleted.

    Attributes:
        job_id: The job, which may be gone.
        kind: `run`, `translation`, `scoring`, `conversion`, `service`, `benchmark`.
        title: What people called it.
        person: Who started it; "" where nobody was named.
        system: Name of the one system that it makes or works with; "" for none or several.
        study: Id of the search that it is a trial of, or came out of; "" for none.
        phases: By name, always in the order of PHASES.
        conditions: Of each attempt, the first one first.
        warnings: Sentences, such as that others used the GPU meanwhile.
        started_at, ended_at: UTC ISO-8601 of the first and the last record.
    """

    job_id: str
    kind: str
    title: str
    person: str
    system: str
    study: str
    phases: dict[str, Phase]
    conditions: tuple[Conditions, ...]
    warnings: tuple[str, ...]
    started_at: str
    ended_at: str

    def __post_init__(self) -> None:
        """Brings the phases, which come as they were measured, into their order."""
        names = sorted(self.phases, key=(*PHASES, *self.phases).index)
        object.__setattr__(self, "phases", {name: self.phases[name] for name in names})

    @property
    def total(self) -> Phase:
        """The sum of the phases."""
        return sum_of(self.phases.values())

    @property
    def methods(self) -> dict[Device, tuple[Method, ...]]:
        """How each device was measured; several where the attempts differ."""
        return {
            device: tuple(dict.fromkeys(
                each.methods[device] for each in self.conditions if device in each.methods
            ))
            for device in DEVICES
            if any(device in each.methods for each in self.conditions)
        }  # fmt: skip

    @property
    def heuristic_share(self) -> float:
        """The share of the total that is only guessed (memory, by its size), 0 to 1."""
        total = self.total.energy
        guessed = sum(
            total.of(device) for device, methods in self.methods.items() if "heuristic" in methods
        )
        return guessed / total.total_kwh if total.total_kwh else 0.0


def sum_of(phases: Iterable[Phase]) -> Phase:
    """Adds phases up."""
    return sum(phases, Phase())
