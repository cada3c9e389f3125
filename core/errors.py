"""The errors a user can see, and the one sentence each of them owes that user.

    AdaptMLLMError          anything the user can do something about
      ConfigError           a setting, a language code or an option is wrong
      DataError             a corpus or an uploaded file cannot be used
      ModelError            a base model cannot be found, read or used
      TrainingError         a run cannot be started, stopped, resumed or deleted
      HostError             the machine lacks something: disk space, a compiler, a free port
      EndpointError         a system that is asked over HTTP did not answer as it should

Everything else that is raised is a defect of the program and is shown as such.
"""

from __future__ import annotations


class AdaptMLLMError(Exception):
    """An error with one sentence for the user and, often, a hint what to do.

    Attributes:
        message: One sentence that names the thing and the values.
        hint: What the user can do about it; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Gives message and hint in one line."""
        return f"{self.message} {self.hint}".strip()


class ConfigError(AdaptMLLMError):
    """A setting, a language code or an option is wrong."""


class DataError(AdaptMLLMError):
    """A corpus or an uploaded file cannot be used."""


class ModelError(AdaptMLLMError):
    """A base model cannot be found, read or used."""


class TrainingError(AdaptMLLMError):
    """A run cannot be started, stopped, resumed or deleted, or it failed."""


class HostError(AdaptMLLMError):
    """The machine lacks something: disk space, a compiler, a free port."""


class EndpointError(AdaptMLLMError):
    """A system that is asked over HTTP did not answer as it should."""
