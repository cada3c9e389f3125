"""The codes by which callers name languages, and the FLORES-200 codes they mean."""

from __future__ import annotations

from core.errors import ConfigError
from core.languages import html_tag, language
from core.serving.servable import Servable

AUTO = "auto"


def public_code(code: str) -> str:
    """Gives the code that answers use, such as `ga` or `zh-Hans`."""
    return html_tag(code)


class LanguageCodes:
    """Understands FLORES-200 codes, BCP 47 tags and ISO codes of the languages of one model."""

    def __init__(self, servable: Servable) -> None:
        self._flores: dict[str, str] = {}
        # Exact names first: an ISO code shared by two scripts means the first of them.
        for code in servable.languages:
            self._flores.setdefault(code.casefold(), code)
        for code in servable.languages:
            self._flores.setdefault(public_code(code).casefold(), code)
        for code in servable.languages:
            self._flores.setdefault(language(code).iso.casefold(), code)

    def flores(self, code: str) -> str:
        """Gives the FLORES-200 code that a caller means.

        Raises:
            ConfigError: The model has no such language.
        """
        wanted = code.strip().casefold().replace("_", "-")
        for key in (code.strip().casefold(), wanted, wanted.partition("-")[0]):
            if key in self._flores:
                return self._flores[key]
        known = ", ".join(list(self._flores)[:6])
        raise ConfigError(
            f"{code[:40]!r} is not a language of this service.",
            hint=f"GET /languages lists them; it knows {known}, for example.",
        )
