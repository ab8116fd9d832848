"""Fakes and a sandboxed engine, for our tests and for tests of code that uses hfai."""

from hfai.testing.sandbox import EngineSandbox, LeftOver

__all__ = ["EngineSandbox", "LeftOver"]
