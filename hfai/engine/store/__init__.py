"""What the engine remembers: one SQLite database. Import the module you mean; nothing is imported here.

``database`` opens it and commits, ``migrations`` is its schema, ``chains`` writes tasks and their runs, ``reading`` makes records of
them again, ``finding`` and ``listing`` answer questions, ``tags`` keeps tags, ``cordons`` cordons.
"""
