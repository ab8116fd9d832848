"""Which language somebody reads, from their environment: Chinese for ``zh*`` locales, English otherwise."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is too slow for `hai-cli --version`
if TYPE_CHECKING:
    from typing import Mapping

# In gettext's order, our own before them.
_VARIABLES = ("HAI_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language_of(environ: Mapping[str, str]) -> str:
    """``zh`` or ``en``."""
    for name in _VARIABLES:
        if value := environ.get(name):
            first = value.split(":", 1)[0]
            return "zh" if first.lower().startswith("zh") else "en"
    return "en"
