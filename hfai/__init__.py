"""hfai: time-shared training tasks. ``import hfai.client`` is the SDK; nothing heavy is imported here."""

__version__ = "0.1.0"

# What client and engine say to each other; raised only when an old client could no longer talk to a new engine.
PROTOCOL = 1
