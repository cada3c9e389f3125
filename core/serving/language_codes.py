"""The codes by which callers name languages, and the FLORES-200 codes they mean."""

from __future__ import annotations

from core.errors import ConfigError
from core.language_tags import ALIASES
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
        parts = code.strip().casefold().replace("_", "-").split("-")
        # From the whole tag to the language alone: 'zh-hant-tw', 'zh-hant', 'zh'.
        for length in range(len(parts), 0, -1):
            tag = "-".join(parts[:length])
            for key in (tag, ALIASES.get(tag, "").casefold(), tag.replace("-", "_")):
                found = self._flores.get(key) or self._flores.get(key.replace("-", "_"))
                if found is not None and _is_in_script(found, parts):
                    return found
        known = ", ".join(list(self._flores)[:6])
        raise ConfigError(
            f"{code[:40]!r} is not a language of this service.",
            hint=f"GET /languages lists them; it knows {known}, for example.",
        )


def _is_in_script(code: str, parts: list[str]) -> bool:
    """Whether a language is written as a tag demands: another script must not be meant silently."""
    scripts = [part for part in parts[1:2] if len(part) == 4 and part.isalpha()]
    return not scripts or code.partition("_")[2].casefold() == scripts[0]
