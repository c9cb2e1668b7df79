"""A linter for the pragmas of emitted C++: their options, values and scopes as the vendors document them."""

import re

NUMBER, NAME = r"\d+", r"\w+"
ARRANGED = {"variable": NAME, "type": "complete|cyclic|block", "factor": NUMBER, "dim": NUMBER}
VITIS = {
    "UNROLL": {"factor": NUMBER},
    "PIPELINE": {"II": NUMBER},
    "DATAFLOW": {},
    "INLINE": {},
    "ARRAY_PARTITION": ARRANGED,
    "ARRAY_RESHAPE": ARRANGED,
    "BIND_STORAGE": {
        **{"variable": NAME, "type": "ram_1p|ram_2p|ram_s2p|ram_t2p|rom_1p|rom_2p|rom_np"},
        "impl": "bram|lutram|uram",
    },
    "DEPENDENCE": {
        **{"variable": NAME, "type": "inter|intra", "direction": "RAW|WAR|WAW"},
        **{"distance": NUMBER, "dependent": "true|false"},
    },
    "BIND_OP": {"variable": NAME, "op": "mul|add|sub", "impl": "dsp|fabric"},
    "STREAM": {"variable": NAME, "depth": NUMBER},
    "INTERFACE": {
        **{"mode": "ap_none|ap_vld|axis|ap_ctrl_none|ap_ctrl_hs|ap_ctrl_chain|ap_memory|s_axilite"},
        "port": NAME,
    },
}
"""Options and their values, all as ``option=value``: AMD UG1399 (Vitis HLS), HLS Pragmas, 2022.2 and later."""

NEEDED = {
    **{
        "PIPELINE": {"II"},
        "ARRAY_PARTITION": {"variable", "type"},
        "STREAM": {"variable", "depth"},
    },
    **{"ARRAY_RESHAPE": {"variable", "type"}, "BIND_STORAGE": {"variable", "type", "impl"}},
    **{"BIND_OP": {"variable", "op", "impl"}, "INTERFACE": {"mode", "port"}},
    "DEPENDENCE": {"variable", "type", "direction", "distance", "dependent"},
}
IN_LOOPS = {"UNROLL"}
IN_FUNCTIONS = {"INLINE"}
IN_TOP = {"DATAFLOW", "INTERFACE", "STREAM"}

CATAPULT = (
    r"#pragma hls_unroll (yes|\d+)",
    r"#pragma hls_pipeline_init_interval \d+",
    r'#pragma hls_resource (\w+):rsc variables="\1" map_to_module="[\w.]+"',
    r"#pragma hls_design( top)?",
)
"""Whole pragmas as Catapult's reference manual writes them."""

PARAMETER = r"(const )?[\w:]+(?:<[^&]*>)?&? (\w+)(?:\[\d+\])?(?:, |$)"
"""Whether it is constant, and the name."""


def lint(text, target, top):
    """The faults of emitted C++, one sentence each."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return list((lint_vitis if target == "vitis" else lint_catapult)(lines, top))


def lint_vitis(lines, top):
    """Yield the faults of pragmas of Vitis."""
    function, opened, declared = "", "", set()
    for number, line in enumerate(lines):
        pragma = re.fullmatch(r"#pragma HLS (\w+)((?: \w+=\w+)*)", line)
        if line.startswith("#pragma") and not pragma:
            yield f"{line}: expected '#pragma HLS <NAME> option=value ...'"
        if pragma:
            options = dict(word.split("=") for word in pragma[2].split())
            yield from lint_options(line, pragma[1], options)
            yield from lint_scope(line, pragma[1], opened, function == top)
            if options.get("mode") == "axis":
                yield from lint_axis(line, options.get("port"), lines)
            name = options.get("variable", options.get("port"))
            if (
                name is not None
                and name not in declared
                and not name.endswith("_codes")
                and name != "return"
            ):
                yield f"{line}: {name} is not declared above, in {function}"
            continue
        heading = re.match(r"(?:static )?[\w:]+(?:<[^()]*>)? (?!if)(\w+)\((.*)\) \{", line)
        if heading:
            function, declared = (
                heading[1],
                set(re.findall(r"(\w+)\)?(?:\[\w+\])*(?:,|$)", heading[2])),
            )
        if line.endswith("{"):
            opened = (
                "loop" if re.match(r"(\w+: )?for \(", line) else "function" if heading else "if"
            )
        elif not lines[number - 1].startswith("#pragma") or not is_declaration(line):
            opened = "" if not is_declaration(line) else opened
        declared |= set(re.findall(r"(\w+)(?:\[[^\]]+\])*(?:\(\"\w+\"\)| = [^;]*)?;", line))


def is_declaration(line):
    """Whether a line declares a variable, or is a remark."""
    return line.startswith(("//", "static_assert", '"')) or re.match(
        r"[\w:<>, ]+ \w+(\[.*)?;", line
    )


def lint_options(line, name, options):
    """Yield the options that are not documented or lack."""
    if name not in VITIS:
        yield f"{line}: expected one of {', '.join(VITIS)}"
        return
    for option, value in options.items():
        if not re.fullmatch(VITIS[name].get(option, "(?!)"), value):
            yield f"{line}: {option}={value} is not documented"
    missing = NEEDED.get(name, set()) - set(options)
    if missing:
        yield f"{line}: expected {', '.join(sorted(missing))} too"
    if options.get("type") in ("cyclic", "block") and "factor" not in options:
        yield f"{line}: expected a factor"


def lint_scope(line, name, opened, in_top):
    """Yield a sentence where a pragma does not stand where it may."""
    if name in IN_LOOPS and opened != "loop":
        yield f"{line}: expected at the start of a loop"
    if name == "PIPELINE" and opened not in ("loop", "function"):
        yield f"{line}: expected at the start of a loop or a function"
    if name in IN_FUNCTIONS and opened != "function":
        yield f"{line}: expected at the start of a function"
    if name in IN_TOP and not in_top:
        yield f"{line}: expected in the top function"


def lint_axis(line, port, lines):
    """Yield a sentence where an AXI4-Stream port has no TLAST, or where not one process alone packs or unpacks it.

    AMD UG1399, AXI4-Stream Interfaces with Side-Channels: ``ap_axiu`` is for ports of the top function only.
    """
    if not any(re.search(rf"qhls::Port<[^>]*>& {port}\b", each) for each in lines):
        yield f"{line}: {port} is no stream of ap_axiu, so it has no TLAST"
        return
    uses = [each for each in lines if re.match(rf"qhls::(receive|send)<\d+>\(.*\b{port}\b", each)]
    if len(uses) != 1:
        yield f"{line}: expected one process that packs or unpacks {port}, got {len(uses)}"


def lint_catapult(lines, top):
    """Yield the faults of pragmas of Catapult, each of which belongs to the line behind it."""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if not line.startswith("#pragma"):
            continue
        if not any(re.fullmatch(pattern, line) for pattern in CATAPULT):
            yield f"{line}: is not documented"
        elif line.startswith(("#pragma hls_unroll", "#pragma hls_pipeline")):
            if not re.match(r"(\w+: )?for \(|#pragma hls_unroll", below):
                yield f"{line}: expected a loop below, got {below}"
        elif line.startswith("#pragma hls_resource"):
            if line.split(":")[0].split()[-1] not in below:
                yield f"{line}: expected its array below, got {below}"
        elif ("top" in line) != (f"({top})" in below):
            yield f"{line}: expected the top function below, and only it, got {below}"


def list_users(text, top):
    """Producers and consumers of every stream and array in the calls of the top function, by name."""
    parameters = {
        name: re.findall(PARAMETER, inside)
        for name, inside in re.findall(r"^(?:static )?void (\w+)\((.*)\) \{$", text, re.M)
    }
    parameters |= {
        "qhls::receive": [("", "in"), ("", "out")],
        "qhls::send": [("", "in"), ("", "out")],
    }
    body = text[re.search(rf"^void (?:CCS_BLOCK\()?{top}\b", text, re.M).start() :]
    users = {}
    call = r"^ *([\w:]+)(?:<\d+>)?\((\w+(?:, \w+)*)\);$"
    for function, arguments in re.findall(call, body, re.M):
        for argument, (const, name) in zip(
            arguments.split(", "), parameters[function], strict=True
        ):
            reads = bool(const) or name.startswith("in")
            users.setdefault(argument, ([], []))[reads].append(function)
    return users
