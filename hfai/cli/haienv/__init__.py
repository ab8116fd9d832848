"""``hai-cli haienv``, also called ``haienv``: Python environments for the shell and for tasks."""
