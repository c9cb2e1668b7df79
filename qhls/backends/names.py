"""Conversion of a model's names to identifiers and texts that are safe in C++, Tcl, make and Verilog."""

from __future__ import annotations

import re

from qhls.system.text import find_free_name

_CPP = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await
co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do
double dynamic_cast else enum explicit export extern false final float for friend goto if import inline int int8_t
int16_t int32_t int64_t long main module mutable namespace new noexcept not not_eq nullptr operator or or_eq override
private protected public register reinterpret_cast requires restrict return short signed sizeof static static_assert
static_cast std struct switch template this thread_local throw true try typedef typeid typename union unsigned using
virtual void volatile wchar_t while xor xor_eq size_t qhls
"""
_TCL = """
after append array catch close concat error eval exec exit expr file foreach format global incr info join lappend lindex
list llength open package proc puts pwd read regexp regsub rename return set source split string subst switch trace
unset uplevel upvar variable vwait while
"""
_VERILOG = """
always and assign automatic begin buf bufif0 bufif1 bit byte case casex casez cell cmos config deassign default
defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify
endtable endtask event for force forever fork function generate genvar highz0 highz1 if ifnone incdir include initial
inout input instance integer interface join large liblist library localparam logic macromodule medium module nand
negedge nmos nor noshowcancelled not notif0 notif1 or output package parameter pmos posedge primitive pull0 pull1
pulldown pullup pulsestyle_onevent pulsestyle_ondetect rcmos real realtime reg release repeat rnmos rpmos rtran
rtranif0 rtranif1 scalared showcancelled signal signed small specify specparam strong0 strong1 supply0 supply1 table
task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use vectored wait wand weak0 weak1 while
wire wor xnor xor entity architecture process signal downto others
"""
_SYSTEM_VERILOG = """
accept_on alias always_comb always_ff always_latch assert assume before bind bins binsof break byte chandle checker
class clocking const constraint context continue cover covergroup coverpoint cross dist do endchecker endclass
endclocking endgroup endinterface endpackage endprogram endproperty endsequence enum eventually expect export extends
extern final first_match foreach forkjoin global iff ignore_bins illegal_bins implements implies import inside int
interconnect interface intersect join_any join_none let local logic longint matches modport nettype new nexttime null
package packed priority program property protected pure rand randc randcase randsequence ref reject_on restrict return
s_always s_eventually s_nexttime s_until s_until_with sequence shortint shortreal soft solve static string strong struct
super sync_accept_on sync_reject_on tagged this throughout timeprecision timeunit type typedef union unique unique0
until until_with untyped var virtual void wait_order weak wildcard with within
"""
_LIBRARY = """
ac ac_channel ac_complex ac_fixed ac_float ac_int ac_private ap_bigint ap_biguint ap_fixed ap_int ap_ufixed ap_uint
alloca assert assert_perror daylight environ errno hls linux math_errhandling offsetof sched_priority signgam ssize_t
stderr stdin stdout strdupa strndupa timezone tzname uint ulong unix ushort
"""
_GENERATED = """
argc argv c_str check_tap clear code compare compared complete current element empty eof expected expected_taps fclose
folder fopen found frac fscanf from_code g_sample g_sizes g_taps i inputs layer mismatches name op outputs path printf
push_back qhls_run qhls_set_taps received record resize sample samples scaled sink size stimuli table taps tensor
to_code value vector vectors
atclone contextp eval_end_step eval_step eventspending hiername modelname nexttimeslot prepareclone rootp threads
vlsymsp vqhls
"""
"""Names in the csim bridge, the test bench and Verilator's class, which a design's top function and ports avoid."""
RESERVED = frozenset(f"{_CPP} {_TCL} {_VERILOG} {_SYSTEM_VERILOG} {_LIBRARY} {_GENERATED}".split())
_FOREIGN = re.compile(r"[A-Z0-9_]+|[A-Z]_.*|.*_t")
"""Pattern of names that may be macros or types of C libraries, such as EOF, M_PI, M_PIf or time_t."""

_LONGEST = 96
"""The length to which longer names are cut, because vendor tools build file names from them."""


def make_identifier(name: str) -> str:
    """Return ``name`` as an identifier of C++, Tcl and Verilog: ASCII, no keyword, no leading or double underscore."""
    cleaned = (
        re.sub(r"_+", "_", re.sub(r"[^0-9A-Za-z]", "_", name)).strip("_")[:_LONGEST].rstrip("_")
    )
    if not cleaned or cleaned[0].isdigit():
        cleaned = f"n{cleaned}"
    taken = cleaned.lower() in RESERVED or _FOREIGN.fullmatch(cleaned)
    return f"{cleaned}_" if taken else cleaned


def make_printable(name: str, longest: int = 200) -> str:
    """Return ``name`` for comments and C strings, with unsafe characters as ``_``, cut to ``longest`` characters.

    Quotes, backslashes, newlines, ``*`` and non-ASCII characters are unsafe. So is ``?``: two begin a trigraph.
    """
    return re.sub(r"[^0-9A-Za-z_.,:;()\[\]<>=+/ -]", "_", name)[:longest]


class Names:
    """A generator of unique identifiers."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """Return ``make_identifier(name)``, with a number if it is in use already; case is ignored, as in VHDL."""
        base = make_identifier(name)
        form = "{}{}" if base.endswith("_") else "{}_{}"
        free = find_free_name(base, lambda name: name.lower() in self._taken, form)
        self._taken.add(free.lower())
        return free
