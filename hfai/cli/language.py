"""The language of the texts: Chinese for ``zh*`` locales, English otherwise; ``HAI_LANG`` overrides.

English is what stands in the source, so that nothing is loaded for it. No locale needs to be installed: only words are
translated, not dates or sorting.
"""

from __future__ import annotations

import os

from hfai.model.language import language_of

TYPE_CHECKING = False  # typing itself is too slow for `hai-cli --version`
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

LOCALE_DIR = f"{__file__.rpartition(os.sep)[0]}/locale"
CATALOG = "hai-cli"


def language() -> str:
    """``zh`` or ``en``, from the environment."""
    return language_of(os.environ)


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
