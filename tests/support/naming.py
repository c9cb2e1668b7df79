"""Words that begin the names of functions, and the names that others fix."""

VERBS = frozenset(
    """
    access accumulate activate adapt add adjust advance advise align analyze answer append apply
    argmax arrange ask assign average begin bin bind bisect bound broadcast build calculate call
    carry cast check choose clip clone close cluster coarsen collect combine compare compile
    complete compress compute concatenate connect contract convert convolve copy count create
    crop cut decide decode define delete derive describe digest discard dissolve divide dominate
    draw drop emit encode end enqueue enter enumerate escape estimate evaluate exchange execute
    expand explain export extend extract fake fetch fill find finish fire fit flatten fold
    follow force forget forgive format freeze fuse gather generate get group halve hash hold
    hunt identify import impose improve indent inline insert install invert join judge keep kill
    label lay learn leave limit link list listen load locate lock look lower make map mark mask
    match maximise measure merge minimise mix move multiply name narrow negate normalise note
    observe open optimise order pack pad parse pass permute pipeline place plan plot pool
    populate predict prepare price print process profile promote propagate prove prune pull push
    put quantize raise rank read reapply rebuild receive recode record rectify reduce refine
    refit refuse register regroup remake remember remove rename render repeat replace report
    require rescale reset reshape resize resolve restore retype reverse rewrite round run sample
    saturate save say scale scan scatter score search select send separate serialize serve set
    settle share shift shorten show simulate skip slice solve sort split stage start step stop
    store strip submit subtract suggest sum suspend swap synthesize tabulate take tap tell test
    tighten trace track train transfer translate transpose try turn undo unfold unite unpack
    unroll unwrap update upsample use verify visit wait walk warn watch weigh widen wrap write
    yield
    """.split()
)
"""Verbs with which functions of qhls begin."""

PREDICATES = frozenset("is has can needs may must should allows dominates supports".split())
"""First words of functions that return a truth value."""

PREPOSITIONS = frozenset("as from of on to with".split())
"""First words of conversions and of changed copies."""

FIXED = {
    **dict.fromkeys(
        ("Registry.lookup", "ComputedObject.implemented_as", "ComputedObject.output_quantizer"),
        "methods of QKeras' classes",
    ),
    **dict.fromkeys(
        ("QTools.pe", "QTools.qtools_stats_to_json", "QTools.qtools_stats_print"),
        "methods of QKeras' QTools",
    ),
    **dict.fromkeys(
        ("AutoQKeras.history", "ForgivingFactor.delta", "ForgivingFactorEnergy.delta"),
        "methods of QKeras' AutoQKeras",
    ),
    **dict.fromkeys(
        ("pareto", "gradient"),
        "called by their module's name: qhls.search.pareto, qhls.search.gradient",
    ),
    **dict.fromkeys(
        ("Front.best", "Point.model", "Point.design"), "documented attributes of a search's result"
    ),
    "main": "the name of a program's entry",
}
"""Names that do not begin with a verb, each with the reason: ``name`` or ``Class.name``."""
