"""The vocabulary that client and engine share. Import the module you mean; nothing is imported here.

``states`` where a task is, ``codes`` how it ended, ``priorities``, ``records`` what is known of it, ``spec`` what it
was asked to be, ``taskfile`` the same as YAML, ``errors`` everything raised on purpose, ``control`` and ``env`` what
a running task sees.
"""
