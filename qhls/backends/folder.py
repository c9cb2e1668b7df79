"""The folder of a project, which is written and replaced atomically and preserves the user's files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qhls.backends.scratch import exchange, make_scratch, take_left_over
from qhls.errors import EmitError

MARKER = "qhls.json"
"""The file that marks a folder as a qhls project, which ``overwrite`` may replace; it lists the project's files."""

_OLD = "old"


def check_folder(folder: Path, overwrite: bool) -> None:
    """Check that a project may be written to ``folder``, before anything is computed. Raises ``EmitError``."""
    folder = folder.resolve()
    for left in take_left_over(folder.parent, _make_prefix(folder)):
        if (left / _OLD).is_dir() and not folder.exists():  # killed between two renames
            (left / _OLD).rename(folder)
    if not folder.exists() or _is_empty(folder):
        return
    if not overwrite:
        raise EmitError(
            f"output folder {str(folder)!r}: expected a new or empty folder, got one that exists. "
            "Choose another or pass overwrite=True (--overwrite)."
        )
    if not (folder / MARKER).is_file():
        raise EmitError(
            f"output folder {str(folder)!r}: expected a qhls project to overwrite, got something without "
            f"{MARKER}. Choose another folder: nothing was changed."
        )


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write a project to ``folder``, or replace the one in it. Raises ``EmitError`` and then leaves it unchanged."""
    folder = folder.resolve()  # a link remains: the folder that it points to is replaced
    try:
        if _is_empty(folder):  # the folder itself remains, since a shell may be in it
            with make_scratch(folder, _make_prefix(folder)) as place:
                _fill(folder, _write_project(place, files))
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        with make_scratch(folder.parent, _make_prefix(folder)) as place:
            project = _write_project(place, files)
            if folder.exists():
                _keep_users(folder, project, files)
                _replace(folder, project, place / _OLD)
            else:
                project.rename(folder)
    except OSError as error:
        raise EmitError(
            f"output folder {str(folder)!r}: expected a place to write to, got: {error}. Choose another folder."
        ) from error


def _make_prefix(folder: Path) -> str:
    return f".qhls-{folder.name}-"


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _write_project(place: Path, files: Mapping[str, str]) -> Path:
    project = place / "project"
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return project


def _fill(folder: Path, project: Path) -> None:
    """Move the files of ``project`` into the empty ``folder``; after an error, move them back."""
    moved: list[Path] = []
    try:
        for child in sorted(project.iterdir(), key=lambda path: path.name == MARKER):
            moved.append(child.rename(folder / child.name))
    except OSError:
        for path in moved:
            path.rename(project / path.name)
        raise


def _replace(folder: Path, project: Path, old: Path) -> None:
    if exchange(project, folder):
        return
    folder.rename(old)
    try:
        project.rename(folder)
    except OSError:
        old.rename(folder)
        raise


# -- the user's files -------------------------------------------------------------------------------


def _keep_users(folder: Path, project: Path, files: Mapping[str, str]) -> None:
    """Link or copy to ``project`` the user's files: those in ``folder`` that the old project does not list."""
    ours = _list_ours(folder, files)
    shutil.copymode(folder, project)
    for place, folders, names in os.walk(folder):
        below = Path(place).relative_to(folder)
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in [*names, *links]:
            if (below / name).as_posix() not in ours:
                _keep(Path(place) / name, project / below / name, folder)
        for name in set(folders) - set(links):
            if not any(each.startswith(f"{(below / name).as_posix()}/") for each in ours):
                _keep(Path(place) / name, project / below / name, folder)


def _list_ours(folder: Path, files: Mapping[str, str]) -> set[str]:
    """Return the files that the project in ``folder`` lists as its own, or those of ``files`` if it lists none."""
    with suppress(OSError, ValueError, RecursionError):
        content: Any = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        named = content.get("files") if isinstance(content, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(named, list):
            return {str(name) for name in named} | {MARKER}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return set(files)


def _keep(path: Path, copy: Path, folder: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copymode(path, copy)
        elif os.path.lexists(copy):
            raise FileExistsError
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            _link(path, copy)
    except (FileExistsError, NotADirectoryError) as error:
        raise EmitError(
            f"output folder {str(folder)!r}: expected {str(path.relative_to(folder))!r} to be of the project, got "
            "a file of another origin. Move it, or choose another folder: nothing was changed."
        ) from error


def _link(path: Path, copy: Path) -> None:
    """Create a hard link ``copy`` to a file, or a copy if the system cannot link it."""
    try:
        os.link(path, copy, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, copy, follow_symlinks=False)
