"""``python -m hfai.engine``: the daemon of the embedded platform. ``hai-cli`` starts it by itself."""

from __future__ import annotations

import sys

from hfai.engine.daemon import main

if __name__ == "__main__":
    sys.exit(main())
