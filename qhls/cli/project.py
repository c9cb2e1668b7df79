"""``qhls build``: the command that builds a design which a project file, ``qhls.toml``, describes completely."""

from __future__ import annotations

import argparse
import sys
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qhls.backends.target import QONNX, TARGETS, VERILOG
from qhls.cli.designs import EXIT_DIFFERENT, describe_projects, draw_inputs, write_json
from qhls.errors import DesignWarning, LoadError, VerifyError
from qhls.plan import Schedule
from qhls.system import text
from qhls.system.files import read, read_arrays
from qhls.system.limits import JSON
from qhls.system.progress import report

PROJECT_FILE = "qhls.toml"
_WHAT = "a project file (.toml)"
_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "": {
        **dict.fromkeys(("model", "weights", "output", "data", "save", "report"), (str,)),
        "inputs": (str, list, dict),
        "targets": (list,),
        **dict.fromkeys(("compile", "schedule", "check"), (dict,)),
    },
    "compile": {
        "softmax": (str,),
        "softmax_bits": (int,),
        "real_end": (str,),
        "allow_approximate": (bool, str),
        "approximate_bits": (int,),
    },
    "schedule": {
        field.name: (object,) for field in fields(Schedule)
    },  # ``Schedule`` checks its fields itself
    "check": {"samples": (int,)},
}
"""Allowed keys of the file and of its tables, with the types of their values."""
_NAMES = {
    str: "a string",
    list: "a list",
    dict: "a table",
    int: "a whole number",
    bool: "a boolean",
}


@dataclass(frozen=True)
class ProjectFile:
    """Content of a project file. Paths are relative to the folder of the file.

    ``settings``: arguments of ``qhls.compile``. ``samples``: random inputs of the check; 0 without a check.
    """

    name: str
    folder: Path
    content: Mapping[str, Any]
    schedule: Schedule

    @property
    def targets(self) -> list[str]:
        """Return the names of the targets for which projects are written."""
        return self.content.get("targets", [*TARGETS])

    @property
    def settings(self) -> dict[str, Any]:
        """Return the arguments of ``qhls.compile``."""
        settings = {**self.content.get("compile", {}), "schedule": self.schedule}
        return {
            "model_or_path": self.find_path("model"),
            "input_types": self.content.get("inputs"),
            "weights": self.find_path("weights"),
            **settings,
        }

    @property
    def samples(self) -> int:
        """Return the number of random inputs of the check, or 0 if the file asks for no check."""
        check = self.content.get("check")
        return 0 if check is None else check.get("samples", 256)

    def find_path(self, key: str) -> Path | None:
        """Return the path that the file gives for ``key``, or None if it gives none."""
        return self.folder / self.content[key] if key in self.content else None


def read_project(path: Path) -> ProjectFile:
    """Return the content of the project file at ``path``, or in the folder ``path``, after checking it.

    Raises:
        LoadError: a missing or damaged file, or a key or value that it cannot have.
        VerifyError: a field of the schedule with an invalid value.
    """
    path = path / PROJECT_FILE if path.is_dir() else path
    where = text.escape_line(path.name)
    try:
        content = tomllib.loads(read(path, _WHAT, LoadError, JSON).decode())
    except (ValueError, RecursionError) as error:
        problem = text.shorten(text.escape_line(str(error)), 200)
        raise LoadError(f"{where}: expected {_WHAT}, got {problem}. Check the file.") from error
    _check_keys(content, "", where)
    for name in ("compile", "schedule", "check"):
        _check_keys(content.get(name, {}), name, where)
    for key in ("model", "output"):
        if key not in content:
            raise LoadError(f'{where}: expected {key} = "...", got none. Add it.')
    _check_values(content, where)
    try:
        schedule = Schedule(**content.get("schedule", {}))
    except VerifyError as error:
        raise VerifyError(f"{where}: {error}") from error
    return ProjectFile(path.name, path.parent, content, schedule)


def run_build(options: argparse.Namespace) -> int:
    """Build the design of a project file; return ``EXIT_DIFFERENT`` if it was checked and a bit differs."""
    from qhls.compile import compile as compile_model

    project = read_project(options.project)
    data = project.find_path("data")
    x = read_arrays(data) if data else None
    design = compile_model(**project.settings, data=x)
    output = project.find_path("output")
    assert output is not None
    projects: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DesignWarning)  # printed below, once for all targets
        for target in project.targets:
            report(f"write the project of {target}")
            path = design.emit(target, output / target, overwrite=True).path
            projects[target] = str(path)
            _say(target, path)
    if saved := project.find_path("save"):
        _say("design", design.save(saved))
    check = None
    if project.samples:
        inputs = draw_inputs(design, project.samples) if x is None else x
        check = design.check(inputs, project.targets)
        sys.stdout.write(f"{check}\n")
    if page := project.find_path("report"):
        shown = next((target for target in project.targets if target in TARGETS), "vitis")
        named = f"inputs of {data.name}" if data else ""
        _say("report", design.report(x, data=named, target=shown, check=check).save(page))
    for kind, lines in (("note", () if check else design.notes), ("warning", design.warnings)):
        for line in lines:
            _say(kind, line)
    results = {} if check is None else {"check": check.to_dict()}
    write_json(options.json, describe_projects(design, projects) | results)
    return 0 if check is None or check else EXIT_DIFFERENT


def _say(what: str, value: object) -> None:
    sys.stdout.write(text.escape_controls(f"{what}: {value}\n"))


def _check_keys(table: Mapping[str, Any], name: str, where: str) -> None:
    """Raise ``LoadError`` for keys that are not allowed in ``table`` and for values of the wrong type."""
    known = _KEYS[name]
    place = f"{where}: {name}" if name else where
    for key, value in table.items():
        if key not in known:
            raise LoadError(
                f"{place}: expected one of {', '.join(known)}, got {text.escape_controls(repr(key))}. Check the "
                "spelling."
            )
        if not _is_one_of(value, known[key]):
            expected = " or ".join(_NAMES[kind] for kind in known[key])
            got = text.shorten(repr(value), 80)
            raise LoadError(
                f"{place}{'.' if name else ': '}{key}: expected {expected}, got {got}. Correct it."
            )


def _is_one_of(value: object, kinds: tuple[type, ...]) -> bool:
    """Return whether the exact type of ``value``, such as bool, is one of ``kinds``; ``object`` allows every type."""
    return type(value) in kinds or object in kinds


def _check_values(content: Mapping[str, Any], where: str) -> None:
    """Raise ``LoadError`` for unknown targets, and for invalid input types, numbers of samples and report names."""
    targets = content.get("targets", [*TARGETS])
    _require(targets, [*TARGETS, VERILOG, QONNX], f"{where}: targets")
    inputs = content.get("inputs", "")
    types: Iterable[Any] = inputs.values() if isinstance(inputs, dict) else inputs
    if not all(isinstance(one, str) for one in types):
        raise LoadError(
            f'{where}: inputs: expected types such as "s16.10", got {inputs!r}. Write one per input.'
        )
    samples = content.get("check", {}).get("samples", 1)
    if samples < 1:
        raise LoadError(
            f"{where}: check.samples: expected a whole number above 0, got {samples}. Leave [check] out for no check."
        )
    if not content.get("report", ".html").endswith(".html"):
        raise LoadError(
            f"{where}: report: expected a name that ends in .html, got {content['report']!r}. Rename it."
        )


def _require(targets: list[Any], known: list[str], where: str) -> None:
    wrong = [target for target in targets if target not in known]
    if wrong or not targets:
        got = repr(wrong[0]) if wrong else "none"
        raise LoadError(
            f"{where}: expected one or more of {', '.join(known)}, got {got}. Choose some."
        )
