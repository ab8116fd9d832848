"""The language of the texts: Chinese for ``zh*`` locales, English otherwise; ``HAI_LANG`` overrides.

English is what stands in the source, so that nothing is loaded for it. The variables are read in gettext's order. No
locale needs to be installed: only words are translated, not dates or sorting.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself is too slow for `hai-cli --version`
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

LOCALE_DIR = f"{__file__.rpartition(os.sep)[0]}/locale"
CATALOG = "hai-cli"
_VARIABLES = ("HAI_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """``zh`` or ``en``, from the environment."""
    for name in _VARIABLES:
        if value := os.environ.get(name):
            first = value.split(":", 1)[0]
            return "zh" if first.lower().startswith("zh") else "en"
    return "en"


def mark(message: str) -> str:
    """The message as it is: only marks it for the catalogue, where it is translated later."""
    return message


def tr(message: str, /, **data: Any) -> str:
    """The message in the user's language, with ``{name}`` fields filled from ``data`` if there is any."""
    global _look_up
    if _look_up is None:
        _look_up = _loaded()
    text = _look_up(message) if message else ""
    return text.format(**data) if data else text


_look_up: Optional[Callable[[str], str]] = None


def _loaded() -> Callable[[str], str]:
    if language() == "en":
        return str
    import gettext

    try:
        return gettext.translation(CATALOG, LOCALE_DIR, languages=[language()]).gettext
    except OSError:  # an installation without the catalogue speaks English
        return str
