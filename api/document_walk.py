"""Which files a person means by paths: those named, and the OFD documents in folders."""

import os
from collections.abc import Iterable, Iterator
from typing import Final

_SUFFIX: Final = ".ofd"


def documents(paths: Iterable[str], *, recursive: bool) -> Iterator[str]:
    """Every file, in the order of the paths, within a folder sorted by name; found as they are asked for.

    Links to folders are not followed, so that no loop of links is walked. What cannot be listed is given as it is:
    whoever opens it will tell why not.

    Args:
        paths: As typed.
        recursive: Whether a folder stands for all documents below it.
    """
    for path in paths:
        if recursive and os.path.isdir(path):  # noqa: PTH112 - paths are shown as typed
            yield from _below(path)
        else:
            yield path


def _below(folder: str) -> Iterator[str]:
    levels = [_listed(folder)]  # no recursion: folders may be nested deeper than Python's stack
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
        elif isinstance(entry, str):
            yield entry
        elif entry.is_dir(follow_symlinks=False):
            levels.append(_listed(entry.path))
        elif entry.name.lower().endswith(_SUFFIX):
            yield entry.path


def _listed(folder: str) -> Iterator["os.DirEntry[str] | str"]:
    try:
        with os.scandir(folder) as entries:
            return iter(sorted(entries, key=lambda entry: entry.name))
    except (OSError, ValueError):
        return iter((folder,))
