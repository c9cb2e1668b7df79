"""The architecture, checked: who may import whom, how fast the IR loads and how long code may be."""

import ast
import itertools
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "qhls"
REPOSITORY = ROOT.parent
MODULES = sorted(ROOT.rglob("*.py"))
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

SERVICES = ("qhls.errors", "qhls.system")

ALLOWED = {
    "system": ("qhls.system", "qhls.errors"),
    "ir": ("qhls.ir", "qhls.errors", "qhls.system.limits", "qhls.system.text"),
    "plan": ("qhls.plan", "qhls.ir", *SERVICES),
    "quantizers": ("qhls.quantizers", "qhls.ir.types", *SERVICES),
    "model": ("qhls.model", "qhls.ir", "qhls.errors"),
    "frontend": ("qhls.frontend", "qhls.quantizers", "qhls.model", "qhls.ir", *SERVICES),
    "backends": ("qhls.backends", "qhls.plan", "qhls.ir", *SERVICES),
    "rtl": ("qhls.rtl", "qhls.backends", "qhls.plan", "qhls.ir", *SERVICES),
    "synthesis": ("qhls.synthesis", "qhls.rtl", "qhls.backends", "qhls.plan", "qhls.ir", *SERVICES),
    "proof": (
        *("qhls.proof", "qhls.synthesis", "qhls.rtl", "qhls.backends", "qhls.plan", "qhls.ir"),
        *SERVICES,
    ),
    "energy": ("qhls.energy", "qhls.compat.qtools", "qhls.plan", "qhls.ir", *SERVICES),
    "onnx": ("qhls.onnx", "qhls.frontend", "qhls.quantizers", "qhls.model", "qhls.ir", *SERVICES),
    "compat": (
        *("qhls.compat", "qhls.frontend", "qhls.quantizers", "qhls.ir", "qhls.plan"),
        *SERVICES,
    ),
}
"""By folder: the prefixes of the modules of qhls that its modules import. Other folders may import all."""

FREE = {"", "check", "cli", "qkeras", "report", "search"}

THIRD_PARTY = {
    "ir": {"numpy"},
    "plan": {"numpy", "rich"},
    "model": {"numpy"},
    "backends": {"numpy", "jinja2"},
    "rtl": {"numpy", "jinja2"},
    "energy": {"numpy", "rich"},
    "onnx": {"numpy", "onnx"},
    "synthesis": {"numpy", "rich"},
    "proof": {"numpy", "rich", "bitwuzla"},
}
"""By folder: packages beside the standard library; folders that are not listed may import any."""


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path):
    """``(line, module)`` of all imports in a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides its direction"
            yield node.lineno, node.module or ""


def folder(path):
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def within(module, prefixes):
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def test_every_folder_has_a_rule():
    assert {folder(path) for path in MODULES} == {*FREE, *ALLOWED}


def test_imports_go_one_way():
    wrong = [
        f"{path}:{line} imports {module}"
        for path in MODULES
        if folder(path) not in FREE
        for line, module in imports(path)
        if within(module, ["qhls"]) and not within(module, ALLOWED[folder(path)])
    ]
    assert wrong == []


def test_third_party_modules():
    wrong = [
        f"{path}:{line} imports {module}"
        for path in MODULES
        if folder(path) in THIRD_PARTY
        for line, module in imports(path)
        if (top := module.partition(".")[0]) != "qhls"
        and top not in sys.stdlib_module_names
        and top not in THIRD_PARTY[folder(path)]
    ]
    assert wrong == []


def test_what_is_imported_exists():
    """Imports within functions and of tests too, which a run of other tests would not find."""
    users = [
        path
        for top in ("qhls", "tests", "benchmarks", "examples")
        for path in (REPOSITORY / top).rglob("*.py")
    ]
    homes = {"qhls": REPOSITORY, "support": REPOSITORY / "tests"}
    missing = [
        f"{path}:{line} imports {module}"
        for path in users
        for line, module in imports(path)
        if (home := homes.get(module.partition(".")[0])) is not None
        and not (place := home.joinpath(*module.split("."))).is_dir()
        and not place.with_suffix(".py").is_file()
    ]
    assert missing == []


def test_nothing_imports_the_peers():
    peers = ("qkeras", "hls4ml", "tf_keras", "da4ml", "alkaid")
    wrong = [f"{p}:{n} imports {m}" for p in MODULES for n, m in imports(p) if within(m, peers)]
    assert wrong == []


def test_no_top_level_module_is_named_qkeras():
    assert not [path for path in REPOSITORY.glob("*") if path.stem.lower() == "qkeras"]


def functions(module):
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_and_modules_are_short():
    long = [str(p) for p in MODULES if len(p.read_text(encoding="utf-8").splitlines()) > 500]
    long += [
        f"{path}:{node.lineno} {node.name}"
        for path in MODULES
        for node in functions(tree(path))
        if (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert long == []


# Names

REPEATED = {
    **dict.fromkeys(("add", "multiply", "compare"), "operations of different machines"),
    **dict.fromkeys(("build", "emit", "write"), "the verb of each target or report"),
    **dict.fromkeys(("load", "save", "read", "run", "main"), "the verb of a module with one task"),
}
"""Functions of several modules, each with the reason."""


def public_names(kind):
    """Return the modules that define each public name, by the name; ``kind``: the class of the statements."""
    modules = defaultdict(set)
    for path in MODULES:
        for node in tree(path).body:
            names = [node.name] if isinstance(node, DEFINITIONS) else assigned(node)
            for name in names if isinstance(node, kind) else ():
                if not name.startswith("_"):
                    modules[name].add(path)
    return modules


def assigned(node):
    """Return the names that a statement gives a value: constants and type aliases."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_a_public_name_has_one_meaning():
    def repeated(*kinds):
        return {name for name, paths in public_names(kinds).items() if len(paths) > 1}

    assert repeated(ast.FunctionDef) == set(REPEATED), "a name that is defined once leaves the list"
    values = ast.ClassDef, ast.Assign, ast.AnnAssign
    assert repeated(*values) == set(), "what no other module imports is private"


# Functions are named by verbs

UNNAMED = {"property", "cached_property", "setter", "register"}
"""Decorators of properties, and of the cases of a ``singledispatch``, which are called by the name of the whole."""

SUPPORT = Path(__file__).parent / "support"
VERBS = set((SUPPORT / "verbs.txt").read_text(encoding="utf-8").split())
PREDICATES = {"is", "has", "can", "needs", "may", "must", "should"} | {
    "allows",
    "dominates",
    "supports",
}
PREPOSITIONS = {"as", "from", "of", "on", "to", "with", "without"}

FIXED = {
    name: reason
    for line in (SUPPORT / "fixed_names.txt").read_text(encoding="utf-8").splitlines()
    for reason, _, names in [line.partition(": ")]
    for name in names.split()
}
"""Names of functions that begin with no verb, each with the reason."""


def qkeras_names():
    """Return the words in the table of QKeras' names."""
    nodes = ast.walk(tree(ROOT / "qkeras" / "table.py"))
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def decorators(node):
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def nouns(node, prefix=""):
    """Yield ``(line, name)`` of each function within ``node`` whose name begins with no verb."""
    for child in ast.iter_child_nodes(node):
        within_class = f"{child.name}." if isinstance(child, ast.ClassDef) else ""
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            word = child.name.lstrip("_").partition("_")[0]
            special = re.fullmatch(r"__\w+__|_repr_\w+_", child.name) or UNNAMED & {
                *decorators(child)
            }
            if not special and word not in VERBS | PREDICATES | PREPOSITIONS:
                yield child.lineno, prefix + child.name
        yield from nouns(child, within_class)


def test_functions_are_named_by_verbs():
    """Properties and special methods excepted, and the names of ``FIXED`` and of QKeras."""
    fixed = {*FIXED, *qkeras_names()}
    found = [
        (f"{path.relative_to(ROOT)}:{line} {name}", name)
        for path in MODULES
        for line, name in nouns(tree(path))
    ]
    assert [place for place, name in found if name not in fixed] == []
    assert set(FIXED) <= {name for _, name in found}, "a name that is no longer needed goes"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def width(): ...", "width"),
        ("def outer_width(): ...", "outer_width"),
        ("async def _rounded(): ...", "_rounded"),
        ("class Type:\n    def width(self): ...", "Type.width"),
        ("class Type:\n    def get(self):\n        def width(): ...", "width"),
        ("if True:\n    def width(): ...", "width"),
    ],
)
def test_nouns_are_found(source, name):
    assert [found for _, found in nouns(ast.parse(source))] == [name]


@pytest.mark.parametrize(
    "source",
    [
        "def get_width(): ...",
        "def _is_wide(): ...",
        "def to_type(): ...",
        "class Type:\n    @property\n    def width(self): ...",
        "class Type:\n    @functools.cached_property\n    def width(self): ...",
        "class Type:\n    def __len__(self): ...",
        "class Type:\n    def _repr_html_(self): ...",
        "@to_text.register\ndef _(number: int): ...",
    ],
)
def test_verbs_and_properties_are_no_nouns(source):
    assert list(nouns(ast.parse(source))) == []


VAGUE = {"found", "made", "told"}
"""Names that say how a value was had, not what it is."""


def test_locals_say_what_they_hold():
    assert [
        f"{path}:{node.lineno} {name}"
        for path in MODULES
        for function in functions(tree(path))
        for node in ast.walk(function)
        if (name := getattr(node, "arg" if isinstance(node, ast.arg) else "id", None)) in VAGUE
    ] == []


# Types

MOST_ANY = {"frontend": 0.05}
"""By folder: the largest share of annotations that are ``Any`` alone, which says nothing of a value."""


def annotations(module):
    """Yield the annotations of a module: of arguments, results and variables."""
    for node in ast.walk(module):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node.returns


@pytest.mark.parametrize("name", MOST_ANY)
def test_annotations_say_more_than_any(name):
    every = [
        ast.unparse(each)
        for path in MODULES
        if folder(path) == name
        for each in annotations(tree(path))
    ]
    assert every.count("Any") <= MOST_ANY[name] * len(every)
    assert every.count("Any") > (MOST_ANY[name] - 0.02) * len(every), "the bound follows"


# Tests


def test_tests_import_helpers_from_support_only():
    """Any folders of tests run in one call: no file is imported by another, and none changes ``sys.path``."""
    tests = sorted((REPOSITORY / "tests").rglob("*.py"))
    files = {path.stem for path in tests if path.name.startswith(("test_", "conftest"))}
    wrong = [
        f"{path}:{line} imports {module}"
        for path in tests
        for line, module in imports(path)
        if module.partition(".")[0] in files | {"tests"}
    ]
    wrong += [
        f"{path}:{node.lineno} changes sys.path"
        for path in tests
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path"
    ]
    assert wrong == []


# Folders

WIDEST = 12
"""Files that a folder may hold: a reader takes them in at a glance."""

WIDER = {
    "qhls/quantizers": "one file per family of quantizers",
    "qhls/frontend/layers": "one file per family of layers",
    "qhls/backends/hls_templates/ops": "one template per op",
    "qhls/energy/tables": "one file per technology",
}
"""Folders that may hold more files, each with the reason."""


def test_folders_are_narrow():
    files = [
        path.relative_to(ROOT.parent)
        for top in (ROOT, ROOT.parent / "tests")
        for path in top.rglob("*")
        if path.suffix in {".py", ".j2", ".json"} and "__pycache__" not in path.parts
    ]
    counts = Counter(path.parent.as_posix() for path in files)
    wide = {folder for folder, count in counts.items() if count > WIDEST}
    assert wide == set(WIDER), "an exception that is no longer needed goes"


def test_frozen_objects_are_set_by_themselves_only():
    call = re.compile(r"object\.__setattr__\((?!self,)")
    wrong = [str(path) for path in MODULES if call.search(path.read_text(encoding="utf-8"))]
    assert wrong == []


# Messages


def error_classes():
    """Return the names of ``QhlsError`` and of all classes below it."""
    parents = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    names = {"QhlsError"}
    while new := {name for name, bases in parents.items() if bases & names} - names:
        names |= new
    return names


def template(node):
    """Return the text of a literal with ``{}`` for each value in it; ``None`` for any other node."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) else None


def messages():
    """Yield ``(place, template)`` of the messages of errors that are literals."""
    names = error_classes()
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in names:
                text = template(node.args[0])
                if text is not None:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


QUOTES = re.compile(r"(: |:\n|[.] )[{}]+$|^{} |^[{}: ,]+$")
"""Messages that quote another one, which has the form itself."""


def test_messages_have_one_form():
    """``<where>: expected <A>, got <B>. <What to do.>``, the advice as a sentence."""
    faults = {
        "says 'received'": lambda text: re.search(r"\breceived\b", text),
        "has advice after a semicolon": lambda text: "; " in text,
        "has no full stop": lambda text: not (text.endswith((".", "?")) or QUOTES.search(text)),
        "says 'expected' or 'got' alone": lambda text: ("expected" in text) != (" got" in text),
        "says not what was expected": lambda text: not ("expected" in text or QUOTES.search(text)),
    }
    texts = list(messages())
    wrong = [
        f"{place} {fault}: {text}"
        for place, text in texts
        for fault, holds in faults.items()
        if holds(text)
    ]
    assert wrong == []
    assert len(texts) > 200


# Words

NO_VERB = re.compile(
    r"(?!(?:[A-Z][a-z]*(?:[a-rt-z]|ss))\b)"  # a capital, and no third person
    r"|(?:The|An?|Any|Each|Every|Both|One|No|None|Those|That|It|Its|If|Not)\b"
    r"|(?:What|Where|When|Whether|Which|Who|How|Of|As|From|For|In|With|Within|To|By|At|On)\b"
)
"""First words of a docstring with which a function does nothing."""

NO_NOUN = re.compile(
    r"(?:What|Where|When|Whether|Which|Who|How|Of|As|From|For|In|With|Within|To|By|At|On|Until|Beyond)\b"
)
"""First words with which a class, a module or an attribute is nothing."""

AVOIDED = re.compile(r"\b(?:told|tells|stands|there (?:is|are)|of its own|becomes of)\b", re.I)
LONGEST = 25
"""Words of a sentence."""


def docstrings(path):
    """Yield ``(node, text)`` of the docstrings of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, ast.get_docstring(node) or ""


def attributes(path):
    """Yield ``(node, text)`` of the docstrings behind assignments: of constants, types and fields."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef):
            for before, after in itertools.pairwise(node.body):
                if isinstance(before, ast.Assign | ast.AnnAssign) and isinstance(after, ast.Expr):
                    text = getattr(after.value, "value", None)
                    if isinstance(text, str):
                        yield before, text


def is_property(node):
    names = {ast.unparse(each).rpartition(".")[2] for each in node.decorator_list}
    return not names.isdisjoint({"property", "cached_property", "setter"})


def sentences(text):
    """Yield the sentences of a docstring without code, parentheses and lists of arguments and errors."""
    for paragraph in re.split(r"\n\s*\n|\n\s*[-*] ", text):
        if "::" not in paragraph and not re.match(r"\s*(Args|Raises|Returns|Yields):", paragraph):
            plain = " ".join(re.sub(r"``[^`]*``|\([^()]*\)", "x", paragraph).split())
            each = re.split(r"(?<=[.?!:;])\s+", plain)
            yield from (sentence for sentence in each if not sentence.startswith("Raises x"))


def test_functions_are_described_by_a_verb():
    wrong = [
        f"{path}:{node.lineno} {node.name}: {text.splitlines()[0]}"
        for path in MODULES
        for node, text in docstrings(path)
        if isinstance(node, ast.FunctionDef) and text
        if not is_property(node) and NO_VERB.match(text)
    ]
    assert wrong == []


def test_classes_modules_and_attributes_are_described_by_a_noun():
    texts = [
        (path, node, text)
        for path in MODULES
        for node, text in (*docstrings(path), *attributes(path))
        if not isinstance(node, ast.FunctionDef)
    ]
    wrong = [
        f"{path}:{getattr(node, 'lineno', 1)}: {text.splitlines()[0]}"
        for path, node, text in texts
        if NO_NOUN.match(text)
    ]
    assert wrong == []
    assert len(texts) > 1000


TEXTS = (
    "qhls/**/*.py",
    "qhls/**/*.j2",
    "qhls/**/*.json",
    "benchmarks/*.py",
    "examples/*.py",
    "**/*.md",
)
"""Files whose words are read: code, comments, messages, help, emitted C++ and Verilog, documentation."""


def test_words_to_avoid_are_nowhere():
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for pattern in TEXTS
        for path in REPOSITORY.glob(pattern)
        if path.name not in NOT_WRAPPED
        and not path.relative_to(REPOSITORY).parts[0].startswith(".")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if AVOIDED.search(line)
    ]
    assert wrong == []


def test_sentences_are_short_and_plain():
    faults = {
        "is long": lambda sentence: len(sentence.split()) > LONGEST,
        "has a word to avoid": AVOIDED.search,
    }
    wrong = [
        f"{path} {fault}: {sentence}"
        for path in MODULES
        for _, text in (*docstrings(path), *attributes(path))
        for sentence in sentences(text)
        for fault, holds in faults.items()
        if holds(sentence)
    ]
    assert wrong == []


# Documentation

PAGES = sorted(
    path for folder in (".", "docs", "benchmarks") for path in (REPOSITORY / folder).glob("*.md")
)
NOT_WRAPPED = {"ops.md"}
"""Pages with longer lines, which are generated."""


def prose(text):
    """Yield ``(number, line)`` of a page outside of code blocks and tables."""
    code = False
    for number, line in enumerate(text.splitlines(), 1):
        code ^= line.startswith("```")
        if not (code or line.startswith(("|", "    "))):
            yield number, line


def test_documentation_is_wrapped():
    assert REPOSITORY / "README.md" in PAGES
    long = [
        f"{page.name}:{number}"
        for page in PAGES
        if page.name not in NOT_WRAPPED
        for number, line in prose(page.read_text(encoding="utf-8"))
        if len(line) > 120
    ]
    assert long == []


# Import time

PROBE = """
import sys, time
begin = time.process_time()
import {module}
print(time.process_time() - begin)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def probe(module):
    """CPU seconds that ``import module`` takes in a fresh interpreter, and the packages then loaded."""
    command = [sys.executable, "-c", PROBE.format(module=module)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, packages = result.stdout.splitlines()
    return float(seconds), set(packages.split())


HEAVY = {"keras", "tensorflow", "torch", "jax", "h5py", "optuna", "scipy"}


def test_the_ir_imports_fast_and_without_keras():
    runs = [probe("qhls.ir") for _ in range(5)]
    numpy = min(probe("numpy")[0] for _ in range(5))  # all that the IR needs
    assert min(seconds for seconds, _ in runs) < 3 * numpy
    for _, packages in runs:
        assert not packages & {*HEAVY, "rich", "jinja2"}


@pytest.mark.parametrize("module", ["qhls", "qhls.energy", "qhls.backends", "qhls.cli"])
def test_modules_without_models_import_no_keras(module):
    _, packages = probe(module)
    assert not packages & HEAVY
