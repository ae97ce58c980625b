"""Whose a folder and its files are: what is kept there is executed, as this user, as it is.

Folder and file belong to this user or to root, nobody else may write to them, and no link on the
way is another user's. Beyond that:

- What lies below a folder of this user's that nobody else can enter is out of reach, whatever its
  own permissions are.
- A group may write if it is the user's own, of the same name and without other members, as it is
  where files are made group-writable by default; so may root's.
- A folder on the way may be another's, as those of projects are: it can be made to lead to another
  folder of this user's only. If everybody may write to it, it must be sticky, as /tmp is.
- Root trusts root alone, in a container too.
"""

from __future__ import annotations

import collections
import contextlib
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_LINKS = 40
"""As many as Linux follows."""


def problem(folder: Path, *, with_files: bool = False) -> str:
    """Why nothing is to be run that lies in a folder; '' if it may be, or if it is not there yet.

    Args:
      folder: may be relative, and lie behind links.
      with_files: whether to look at everything in it too, for somebody who opens files unseen.
    """
    out_of_reach, last = False, None
    for path, found in _way(folder.absolute()):
        if stat.S_ISLNK(found.st_mode):
            if not _is_own(found):
                return f"the link {path} belongs to user {found.st_uid}"
            out_of_reach = False  # it may lead out again
            continue
        last = path, found
        if _is_own(found) and not found.st_mode & 0o011:
            out_of_reach = True
        elif found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX and not out_of_reach:
            return f"others may write to {path}"
    if last is None or not os.path.exists(folder):  # noqa: PTH110  (pathlib's may raise)
        return ""
    return _problem(*last, out_of_reach=out_of_reach) or (
        _problem_of_files(folder, out_of_reach=out_of_reach) if with_files else ""
    )


def is_private(found: os.stat_result) -> bool:
    """Whether an open file is a plain one that only this user, or root, can change."""
    return stat.S_ISREG(found.st_mode) and _is_own(found) and not _is_others_to_write(found)


def _problem(path: Path, found: os.stat_result, *, out_of_reach: bool) -> str:
    if not _is_own(found):
        return f"{path} belongs to user {found.st_uid}"
    reachable = not out_of_reach and _is_others_to_write(found)
    return f"others may write to {path}" if reachable else ""


def _problem_of_files(folder: Path, *, out_of_reach: bool) -> str:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                return f"{entry.path} is a link"
            if reason := _problem(Path(entry.path), found, out_of_reach=out_of_reach):
                return reason
    return ""


def _is_own(found: os.stat_result) -> bool:
    return found.st_uid in (os.geteuid(), 0)


def _is_others_to_write(found: os.stat_result) -> bool:
    by_group = found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid)
    return bool(found.st_mode & stat.S_IWOTH or by_group)


def _is_own_group(number: int) -> bool:
    if number == 0:
        return True
    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return group.gr_name == user and not set(group.gr_mem) - {user}


def _way(place: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every folder and link from / to a place, as the system goes; ends where nothing is."""
    here, links = Path("/"), 0
    yield here, here.lstat()
    names = collections.deque(place.parts[1:])
    while names:
        name = names.popleft()
        if name == "..":
            here = here.parent
            continue
        try:
            found = (here / name).lstat()
        except (OSError, ValueError):
            return
        yield here / name, found
        if not stat.S_ISLNK(found.st_mode):
            here /= name
            continue
        links += 1
        if links > _MOST_LINKS:
            return
        target = (here / name).readlink()
        here = Path("/") if target.is_absolute() else here
        names.extendleft(reversed([part for part in target.parts if part != "/"]))
