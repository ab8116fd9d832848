"""``staging/early``: what a first push sends before it says what there is, written where it will probably stay.

A commit into an empty tree takes this directory for the tree, so that no file is touched a second time. Anything else finds the
contents in it as if they were staged. Nothing depends on what is remembered of it: after a restart it is read again.
"""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path
from typing import Mapping, Optional

from hfai.engine.workspaces.arriving import arrived, write_new
from hfai.engine.workspaces.plan import Plan
from hfai.model.workspace.entry import DIRECTORY, FILE, MODE, Known
from hfai.model.workspace.pack import Content
from hfai.model.workspace.paths import parents_of
from hfai.model.workspace.safe_tree import SafeTree
from hfai.model.workspace.scan import scan

NAME = "early"
# Something else is there, or a file where a directory would have to be, or another push has cleared everything away meanwhile:
# then the content is sent again, later.
_TAKEN = (errno.EEXIST, errno.ENOTDIR, errno.ELOOP, errno.ENOENT)


class EarlyTree:
    """See the module.

    Args:
        staging: the directory that it is in.
    """

    def __init__(self, staging: Path) -> None:
        self._place = staging / NAME
        self._known: Optional[dict[str, Known]] = None
        # The directories in it.
        self._made: set[str] = set()
        self._lock = threading.Lock()

    def add(self, body: bytes) -> int:
        """Write the contents of a pack to the paths that they are meant for; how many have been taken.

        Raises:
            ValueError: it is no pack, or something in it is not what it says.
            RefusedError: a path is none of a workspace.
            OSError: as the system says; what is written is whole.
        """
        with self._lock:
            known = self._files()
            self._place.mkdir(mode=0o700, exist_ok=True)
            self._known = known
            count = 0
            with SafeTree(str(self._place)) as tree:
                for content in arrived(body):
                    try:
                        known[content.path] = self._written(tree, content)
                        count += 1
                    except OSError as error:
                        if error.errno not in _TAKEN:
                            raise
            return count

    def files(self) -> Mapping[str, Known]:
        """What is in it, by path."""
        with self._lock:
            return dict(self._files())

    def forget(self) -> None:
        """Files of it may have been moved or removed: look again."""
        with self._lock:
            self._known = None

    def clear(self) -> None:
        """Remove it with everything in it."""
        with self._lock:
            self._known = None
            shutil.rmtree(self._place)

    def become(self, target: Path, plan: Plan) -> Mapping[str, Known]:
        """Put it in the place of an empty directory, without what the plan does not want; what is there then.

        A content that the plan wants in another place stays staged.

        Empty, and nothing has happened, where it is empty itself or the other directory is not.
        """
        with self._lock:
            known = self._files()
            if not known or any(target.iterdir()):
                return {}
            extra = [path for path in known if path not in plan.changes]
            wanted = plan.digests() if extra else {}
            with SafeTree(str(self._place)) as tree:
                for path in extra:
                    digest = known.pop(path).content
                    if digest in wanted:
                        tree.give_away(path, str(self._place.parent / digest))
                    else:
                        tree.remove(path)
                for path in sorted(self._made - plan.changes.keys(), reverse=True):
                    tree.remove(path)
            self._place.rename(target)
            self._known = None
            return known

    def _files(self) -> dict[str, Known]:
        if not self._place.is_dir():
            self._known, self._made = None, set()
            return {}
        if self._known is None:
            self._known, self._made = found_in(self._place)
        return self._known

    def _written(self, tree: SafeTree, content: Content) -> Known:
        try:
            at, name = tree.parent(content.path)
        except FileNotFoundError:
            for parent in parents_of(content.path):
                tree.directory(parent)
                self._made.add(parent)
            at, name = tree.parent(content.path)
        status = write_new(at, name, content)
        mode = status.st_mode & MODE
        return Known(FILE, mode, status.st_size, content.digest, content.mtime_ns, status.st_ctime_ns, status.st_ino)


def found_in(place: Path) -> tuple[dict[str, Known], set[str]]:
    """The files by path, all of which are read, and the directories in a directory that nobody else writes to."""
    tree = scan(str(place), {}).tree
    files = {path: known for path, known in tree.items() if known.kind == FILE}
    directories = {path for path, known in tree.items() if known.kind == DIRECTORY}
    return {path: one._replace(ctime_ns=(place / path).lstat().st_ctime_ns) for path, one in files.items()}, directories
