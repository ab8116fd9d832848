"""The schema as a numbered list of steps. A step that has been released is never changed; new ones are added at the end.

The number of steps done is ``PRAGMA user_version``. Times are seconds since the epoch.
"""

from __future__ import annotations

# A chain row holds what lists filter and sort by, copied from its newest run, so that no list joins or counts runs. Its long texts
# come last: SQLite then reads the short columns without following overflow pages. `counters` is kept by triggers, so
# that the total of a list is a sum over a few rows however long the history is.
_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE environments (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body TEXT NOT NULL);

CREATE TABLE chains (
    first_id INTEGER PRIMARY KEY,
    chain_id TEXT NOT NULL UNIQUE,
    user_name TEXT NOT NULL,
    nb_name TEXT NOT NULL,
    task_type TEXT NOT NULL,
    group_name TEXT NOT NULL,
    nodes INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    newest_id INTEGER NOT NULL,
    created_at REAL NOT NULL,
    chain_status TEXT NOT NULL,
    worker_status TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    environment_id INTEGER REFERENCES environments (id),
    backend TEXT NOT NULL,
    workspace TEXT NOT NULL,
    code_file TEXT NOT NULL,
    schema TEXT NOT NULL
);
CREATE INDEX chains_newest ON chains (newest_id);
CREATE INDEX chains_of_user ON chains (user_name, newest_id);
CREATE INDEX chains_of_user_first ON chains (user_name);
CREATE INDEX chains_by_name ON chains (user_name, nb_name, newest_id);
CREATE INDEX chains_by_status ON chains (user_name, chain_status, newest_id);
CREATE INDEX chains_by_worker_status ON chains (user_name, worker_status, newest_id);
CREATE UNIQUE INDEX chains_unfinished_name ON chains (user_name, nb_name) WHERE chain_status != 'finished';

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    first_id INTEGER NOT NULL,
    queue_status TEXT NOT NULL,
    worker_status TEXT NOT NULL,
    created_at REAL NOT NULL,
    begin_at REAL,
    end_at REAL,
    stop_code INTEGER NOT NULL DEFAULT 0,
    suspend_code INTEGER NOT NULL DEFAULT 0,
    suspend_updated_at REAL,
    whole_life_state INTEGER NOT NULL,
    not_before REAL NOT NULL DEFAULT 0,
    asked TEXT,
    ending TEXT,
    jobs TEXT
);
CREATE INDEX runs_of_chain ON runs (first_id);
CREATE INDEX runs_unfinished ON runs (id) WHERE queue_status != 'finished';

CREATE TABLE tags (
    user_name TEXT NOT NULL,
    tag TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    PRIMARY KEY (user_name, tag, first_id)
) WITHOUT ROWID;
CREATE INDEX tags_of_chain ON tags (first_id);

CREATE TABLE counters (
    user_name TEXT NOT NULL,
    task_type TEXT NOT NULL,
    group_name TEXT NOT NULL,
    chain_status TEXT NOT NULL,
    worker_status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user_name, task_type, group_name, chain_status, worker_status)
) WITHOUT ROWID;
CREATE TRIGGER chain_added AFTER INSERT ON chains BEGIN
    INSERT INTO counters VALUES (new.user_name, new.task_type, new.group_name, new.chain_status, new.worker_status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER chain_moved AFTER UPDATE OF chain_status, worker_status ON chains
WHEN old.chain_status != new.chain_status OR old.worker_status != new.worker_status BEGIN
    UPDATE counters SET count = count - 1 WHERE user_name = old.user_name AND task_type = old.task_type
        AND group_name = old.group_name AND chain_status = old.chain_status AND worker_status = old.worker_status;
    INSERT INTO counters VALUES (new.user_name, new.task_type, new.group_name, new.chain_status, new.worker_status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
"""

# Time-sharing. `queued_at` is a run's place in line (NULL in rows of the first version: `created_at`), `ran_s` and `user_failures` are
# what the runs of the chain before it have used up, `run_priority` what it was started at.
_TIME_SHARING = """
ALTER TABLE runs ADD COLUMN queued_at REAL;
ALTER TABLE runs ADD COLUMN ran_s REAL NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN user_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN run_priority INTEGER;
ALTER TABLE runs ADD COLUMN is_borrowing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN start_why TEXT;
ALTER TABLE runs ADD COLUMN suspension TEXT;
"""

# How often in a row the chain lost its nodes without having saved anything.
_FORCED = "ALTER TABLE runs ADD COLUMN forced INTEGER NOT NULL DEFAULT 0;"

# Nodes that nothing new is put on.
_CORDONS = """
CREATE TABLE cordons (
    node TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    since REAL NOT NULL
) WITHOUT ROWID;
"""

# What a run carries of the restarts before it (store/backoff.py), as JSON.
_BACKOFF = "ALTER TABLE runs ADD COLUMN backoff TEXT;"

# Who else may ask, and how many nodes each may hold. The owner of the state directory has no row. Of a token only its SHA-256 is kept and
# a hint by which people know it again. `priority` is NULL for each, `user_name` and `group_name` are `*`.
_ACCOUNTS = """
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    groups TEXT NOT NULL,
    unix_name TEXT NOT NULL,
    created_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    user_name TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL,
    revoked_at REAL
);
CREATE TABLE quotas (user_name TEXT NOT NULL, group_name TEXT NOT NULL, priority INTEGER, nodes INTEGER NOT NULL);
CREATE UNIQUE INDEX quotas_row ON quotas (user_name, group_name, ifnull(priority, -1));
"""

# Tasks that check one certain node, and what that node's good runs measured: what it is compared with later.
_VALIDATION = """
ALTER TABLE chains ADD COLUMN pinned_to TEXT;
CREATE TABLE baselines (
    node TEXT NOT NULL,
    method TEXT NOT NULL,
    speeds TEXT NOT NULL,
    PRIMARY KEY (node, method)
) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _TIME_SHARING, _FORCED, _CORDONS, _BACKOFF, _ACCOUNTS, _VALIDATION)
