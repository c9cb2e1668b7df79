"""Pages of the site that other files of the repository hold, and the links between them (a hook of MkDocs)."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs loads a hook as a lone file
from notebooks import run_notebook

ROOT = Path(__file__).parents[2]
NOTEBOOKS = "examples/notebooks"
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "LICENSE": "LICENSE",
    "CITATION.cff": "CITATION.cff",
    **{
        f"{NOTEBOOKS}/{path.name}": f"tutorials/{path.stem}.md"
        for path in sorted((ROOT / NOTEBOOKS).glob("*.ipynb"))
    },
}
"""The site's path of each file outside docs/."""

COMMANDS = "command_line.md"
_LINK = re.compile(r"(?<=\]\()(?P<path>[^)#:\s]+)(?P<anchor>#[^)\s]*)?(?=\))")


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages of ``PAGES``, and that of the command line, written from its parser."""
    for source, page in PAGES.items():
        if source.endswith(".ipynb"):
            file = File.generated(config, page, content=run_notebook(ROOT / source)[0])
        else:
            file = File.generated(config, page, abs_src_path=str(ROOT / source))
        files.append(file)
    files.append(File.generated(config, COMMANDS, content=describe_commands()))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Return the page with links to files of the repository as links to their pages."""
    place = page.file.src_uri
    origin = {target: source for source, target in PAGES.items()}.get(place, f"docs/{place}")
    return _LINK.sub(lambda link: _relink(link, origin, place), markdown)


def _relink(link: re.Match[str], origin: str, place: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link["path"]))
    page = PAGES.get(target, target.removeprefix("docs/"))
    return posixpath.relpath(page, posixpath.dirname(place) or ".") + (link["anchor"] or "")


def describe_commands() -> str:
    """Return the page of the command line: the help of ``qhls`` and of each command."""
    from qhls.cli.parser import build_parser

    parser = build_parser()
    (commands,) = (action for action in parser._actions if action.dest == "command")
    sections = {"qhls": parser, **{f"qhls {name}": one for name, one in commands.choices.items()}}
    parts = [f"## {name}\n\n```text\n{one.format_help()}```\n" for name, one in sections.items()]
    return "\n".join(["# Command line", "", *parts])
