"""The client's side of a workspace: which directory, what it is called over there, and what both sides agreed on last.

``.hfai/workspace.json`` says the name; ``.hfai/tree`` holds, per path, the stat and hash that it had when it was last
looked at, and where that differs what the other side had when they last agreed (the base of three-way comparisons). Both
are only memory: without the latter everything is read and compared again.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional

from hfai.client._places import shown
from hfai.client._workspace.memory import Look, Memory, look, open_memory, write_beside, write_memory, write_touched
from hfai.client._workspace.pieces import BEFORE, UNUSABLE, pieces_of, remembered, tree_of
from hfai.model.errors import ConfigError, UsageError
from hfai.model.workspace.entry import FILE, MODE, Known, Tree, kind_of
from hfai.model.workspace.ignore import Rules, default_rules, ignore_lines
from hfai.model.workspace.paths import ensure_name
from hfai.model.workspace.safe_tree import SafeTree
from hfai.model.workspace.scan import Scan, Take, read_open_file, scan, scan_listed
from hfai.model.workspace.usual import IGNORE_FILE, STATE_DIR

if TYPE_CHECKING:
    from hfai.client._workspace.memory import Piece

_NAME_FILE = "workspace.json"


class LocalWorkspace:
    """One directory that is a workspace.

    Args:
        root: the directory.
        state_dir: where its two files are; left out, ``.hfai`` in it.

    Attributes:
        name: what it is called on the platform.
        uid: which workspace of that name it agreed with last; empty before the first time.
        known: what was found here last time, or now; after :meth:`look` only in directories where something was touched.
    """

    def __init__(self, root: Path, state_dir: Optional[Path] = None) -> None:
        self.root = root
        self.state_dir = state_dir or root / STATE_DIR
        self.name, self.uid = "", ""
        self.known: dict[str, Known] = {}
        self._then: dict[str, Known] = {}
        self._differing: dict[str, Optional[str]] = {}
        self._look: Optional[Look] = None
        self._is_looked_at = False
        self._files_elsewhere = 0
        self._ready: Optional[tuple[Tree, bool, dict[str, Piece]]] = None

    def load(self) -> LocalWorkspace:
        """Read its name.

        Raises:
            ConfigError: the file that says it cannot be used.
        """
        path = self.state_dir / _NAME_FILE
        try:
            body = json.loads(path.read_bytes())
            self.name, self.uid = ensure_name(body["name"]), str(body["uid"])
        except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it does not say a name"
            template = "{file} cannot be used ({reason}): remove it and `hai-cli workspace init` again"
            raise ConfigError(template, file=str(path), reason=reason) from None
        return self

    def look(self, *, use_ignore: bool) -> Optional[int]:
        """How many files there are, if both sides agreed at the last push and no stat has changed here since; else None.

        If that is all that is different, only directories in which a stat has changed are loaded and scanned next.
        """
        with contextlib.suppress(*UNUSABLE):
            memory = open_memory(str(self.state_dir))
            try:
                if self._agreed_with(memory, use_ignore):
                    return self.take(look(str(self.root), memory), use_ignore=use_ignore)
            finally:
                if self._look is None or self._look.files is not None:
                    memory.close()
        return None

    def take(self, found: Look, *, use_ignore: bool) -> Optional[int]:
        """The same, where somebody has looked already."""
        if not self._agreed_with(found.memory, use_ignore):
            return None
        self._look = found
        return found.files

    def _agreed_with(self, memory: Memory, use_ignore: bool) -> bool:
        return (memory.name, memory.uid, memory.agreed) == (self.name, self.uid, use_ignore)

    def load_tree(self) -> None:
        """Read what was here, and what both sides agreed on; without it everything is read and compared again."""
        with contextlib.suppress(*UNUSABLE):
            if self._look is not None:
                memory = self._look.memory
                self.known = tree_of(memory, self._look.differing)
                self._files_elsewhere = memory.files - _files(self.known)
            else:
                uid, self.known, self._differing = remembered(self.state_dir)
                if uid != self.uid:
                    self._differing = dict.fromkeys(self.known)
            self._then = dict(self.known)
            return
        self.close()

    def close(self) -> None:
        """Let go of what was looked at."""
        if self._look is not None:
            self._look.memory.close()
        self._look = None

    def base(self, path: str) -> Optional[str]:
        """What the other side had at a path when both agreed last; None for nothing."""
        if path in self._differing:
            return self._differing[path]
        then = self._then.get(path)
        return None if then is None else then.identity

    def set_base(self, path: str, identity: Optional[str]) -> None:
        """Both sides agree on a path."""
        self._differing[path] = identity

    def differing(self) -> list[str]:
        """Paths that are not, or not surely, as both agreed: all that a push has to look at."""
        then, differing = self._then, self._differing
        return [path for path, known in self.known.items() if path in differing or then.get(path) is not known]

    def gone(self) -> list[str]:
        """Paths that both agreed on and that were not found here."""
        paths = (self._then.keys() | self._differing.keys()) - self.known.keys()
        return sorted(path for path in paths if self.base(path) is not None)

    @property
    def files(self) -> int:
        """How many files there are."""
        return self._files_elsewhere + _files(self.known)

    def make_ready(self, *, is_agreed: bool) -> None:
        """Do now what takes time of a :meth:`save` to come, of what a scan has just found."""
        self._ready = self.known, is_agreed, pieces_of(self.known, with_fingerprints=is_agreed)

    def save(self, *, still: Optional[bool] = None) -> None:
        """Write what is to be remembered, each file whole.

        Args:
            still: whether ``.hfignore`` was used in a push after which both sides are the same; None if they may differ.

        Raises:
            ConfigError: it cannot be written.
        """
        differing: dict[str, Optional[str]] = {}
        for path in self.differing():
            base = self.base(path)
            if base != self.known[path].identity:
                differing[path] = base
        differing.update({path: self.base(path) for path in self.gone()})
        agreed = None if differing else still
        who = {"name": self.name, "uid": self.uid}
        head = {**who, "agreed": agreed, "files": self.files, "differing": differing}
        try:
            self.state_dir.mkdir(parents=True, exist_ok=True)
            fresh = self._pieces(is_agreed=agreed is not None)
            if self._look is not None:
                write_touched(str(self.state_dir), head, self._look, fresh)
            else:
                write_memory(str(self.state_dir), head, fresh.values())
            write_beside(str(self.state_dir / _NAME_FILE), json.dumps({"format": 1, **who}).encode())
            for one in BEFORE:
                (self.state_dir / one).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(
                "{file}: {problem}", file=str(self.state_dir), problem=error.strerror or str(error)
            ) from None
        self._then, self._differing = dict(self.known), differing

    def _pieces(self, *, is_agreed: bool) -> dict[str, Piece]:
        tree, with_fingerprints, pieces = self._ready or (None, None, {})
        if tree is not self.known or with_fingerprints is not is_agreed:
            return pieces_of(self.known, with_fingerprints=is_agreed)
        return pieces

    def agree_with(self, uid: str) -> None:
        """Another workspace has the name than the one that was agreed with: nothing is known of it."""
        if uid != self.uid:
            self._differing = dict.fromkeys({**self._then, **self._differing})
            self.uid = uid

    def scan(self, *, use_ignore: bool, by_time_only: bool, take: Optional[Take] = None) -> Scan:
        """What is here now, and remember it; ``take``: see :func:`hfai.model.workspace.scan.scan`.

        Raises:
            UsageError: the directory cannot be read.
        """
        if self._look is not None:
            if not self._is_looked_at:
                self._is_looked_at = True
                touched = self._look.touched
                found = scan_listed(
                    str(self.root), self.known, touched, use_ignore=use_ignore, by_time_only=by_time_only
                )
                if not found.skipped:
                    self.known = found.tree
                    return found
                self.known.update(found.tree)
            self._widen()
        rules = default_rules() if use_ignore else None
        try:
            found = scan(
                str(self.root), self.known, rules, with_ignore_files=use_ignore, by_time_only=by_time_only, take=take
            )
        except OSError as error:
            where = str(error.filename or self.root)
            raise UsageError("{file}: {problem}", file=where, problem=error.strerror or str(error)) from None
        self.known = found.tree
        return found

    def _widen(self) -> None:
        """Know of the whole tree again, not only of the directories in which something was touched."""
        if self._look is not None:
            with contextlib.suppress(*UNUSABLE):
                whole = tree_of(self._look.memory, self._look.memory.directories)
                self.known, self._then = {**whole, **self.known}, {**whole, **self._then}
        self._files_elsewhere = 0
        self.close()

    def look_at(self, paths: Iterable[str]) -> None:
        """Know also of these, if they are here, which a scan has left out."""
        with SafeTree(str(self.root)) as tree:
            for path in paths:
                status = None if path in self.known else tree.stat(path)
                kind = None if status is None else kind_of(status.st_mode)
                if status is None or kind is None:
                    continue
                read: Optional[Known] = Known(kind, status.st_mode & MODE, 0, "", status.st_mtime_ns, 0, status.st_ino)
                if kind == FILE:
                    fd = tree.open(path)
                    try:
                        read = read_open_file(fd)
                    finally:
                        os.close(fd)
                if read is not None:
                    self.known[path] = read

    def ignores(self) -> Callable[[str, bool], bool]:
        """Whether a path, which need not be here, is left out by the ignore files that are here."""
        directories: dict[str, Optional[Rules]] = {"": self._rules_in("", default_rules())}

        def rules_in(directory: str) -> Optional[Rules]:
            """The rules that count in a directory; None if it is left out itself."""
            if directory not in directories:
                above = rules_in(directory.rpartition("/")[0])
                if above is not None and above.is_ignored(os.fsencode(directory), is_directory=True):
                    above = None
                directories[directory] = above and self._rules_in(directory + "/", above)
            return directories[directory]

        def is_ignored(path: str, is_directory: bool) -> bool:
            rules = rules_in(path.rpartition("/")[0])
            return rules is None or rules.is_ignored(os.fsencode(path), is_directory=is_directory)

        return is_ignored

    def _rules_in(self, prefix: str, above: Rules) -> Rules:
        try:
            text = (self.root / prefix / IGNORE_FILE).read_bytes()
        except OSError:
            return above
        return Rules(ignore_lines(text), os.fsencode(prefix), above)


def find_root(start: Path) -> Optional[Path]:
    """The workspace that a directory is in; None if it is in none."""
    for one in (start, *start.parents):
        if os.path.isfile(one / STATE_DIR / _NAME_FILE):  # noqa: PTH113 - false where it may not be asked
            return one
    return None


def absolute(directory: Any = None) -> Path:
    """A directory's own path, by default the current one's; links in it are not resolved."""
    return Path(os.path.normpath(Path.cwd() / directory)) if directory is not None else Path.cwd()


def open_local(directory: Any = None) -> LocalWorkspace:
    """The workspace that a directory is in, by default the current one.

    Raises:
        UsageError: it is in none.
        ConfigError: what is remembered of it cannot be used.
    """
    start = absolute(directory)
    root = find_root(start)
    if root is None:
        raise UsageError(
            "{directory} is not in a workspace: make it one with `hai-cli workspace init NAME`", directory=shown(start)
        )
    return LocalWorkspace(root).load()


def _files(tree: Tree) -> int:
    return sum(known.kind == FILE for known in tree.values())
