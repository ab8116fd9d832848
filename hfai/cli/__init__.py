"""``hai-cli``: argument parsing and printing over :mod:`hfai.client`, one module per command.

A command is a module with ``add_arguments(parser)`` and ``run(arguments) -> int`` (the exit status); it is imported
only when its word is typed. :mod:`hfai.cli.commands` lists them, :mod:`hfai.cli.main` picks one.
"""
