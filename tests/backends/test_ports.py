"""AXI4-Stream ports of Vitis' top function: TLAST, the layout of TDATA, and AMD's header in place of ours."""

import re
import subprocess

import pytest

from qhls.backends.csim import find_include
from qhls.backends.emit import emit
from qhls.backends.target import TARGETS
from qhls.ir import Fixed, Graph, Input, Max
from qhls.plan import Schedule

AMD = """
#include "ap_int.h"
#include "hls_stream.h"
namespace hls {
template <typename T, std::size_t WUser, std::size_t WId, std::size_t WDest>
struct axis;
template <int W>
struct axis<ap_uint<W>, 0, 0, 0> {
  ap_uint<W> data;
  ap_uint<(W + 7) / 8> keep;
  ap_uint<(W + 7) / 8> strb;
  ap_uint<1> last;
};
}  // namespace hls
template <std::size_t WData, std::size_t WUser, std::size_t WId, std::size_t WDest>
using ap_axiu = hls::axis<ap_uint<WData>, WUser, WId, WDest>;
#define FROM_AMD
"""
"""The templates and fields of ap_axi_sdata.h that AMD's UG1399 documents, without side channels."""

LAYOUT = """
#include "top.h"
#include <cstdio>
int main() {
#ifdef FROM_AMD
  std::printf("AMD ");
#endif
  qhls::Token<s5_2, 3> token;
  for (int l = 0; l < 3; ++l) token.data[l] = qhls::from_code<s5_2>(-l - 1);
  const qhls::Packet<s5_2, 3> packet = qhls::pack(token, true);
  std::printf("%d %d ", packet.data.width, packet.data.to_int());
  std::printf("%d %d ", packet.keep.width, packet.keep.to_int());
  std::printf("%d %d\\n", packet.strb.to_int(), packet.last.to_int());
}
"""


@pytest.fixture
def project(tmp_path):
    """A project of 4 tokens of 3 elements on each port."""
    x, y = (Input((4, 3), Fixed(True, 5, 2), name=name) for name in "xy")
    emit(Graph((x, y), (Max(x, y, name="most"),), "top"), Schedule(io="stream"), "vitis", tmp_path)
    return tmp_path


def build(project, *sources, include=()):
    """Compile a project's C++ and run it; return the status and what it prints."""
    folders = [*include, "src", find_include(TARGETS["vitis"])]
    command = ["g++", "-std=c++14", "-w", *(f"-I{folder}" for folder in folders), *sources]
    subprocess.run([*command, "-o", "run"], cwd=project, check=True)
    done = subprocess.run(["./run"], cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


BENCH = ("src/top.cpp", "tb/top_test.cpp")


def test_tlast_of_inputs_is_not_read(project):
    edit(
        project / "tb/top_test.cpp",
        "qhls::pack(token, first + 3 == 12)",
        "qhls::pack(token, first == 0)",
    )
    status, output = build(project, *BENCH)
    assert (status, output.split(":")[0]) == (0, "PASS")


@pytest.mark.parametrize(
    ("wrong", "token", "codes"), [("t == 0", 0, "0, got 1"), ("false", 3, "1, got 0")]
)
def test_a_wrong_tlast_is_a_mismatch(wrong, token, codes, project):
    edit(project / "src/qhls.h", "t == Tokens - 1", wrong)
    status, output = build(project, *BENCH)
    assert status == 1
    assert re.search(
        rf"^MISMATCH: vector 0, op most, token {token}: expected TLAST {codes}$", output, re.M
    )
    assert output.splitlines()[-1].startswith("FAIL: top")


@pytest.mark.parametrize("header", ["ours", "AMD's"])
def test_tdata_is_a_token_filled_up_to_bytes(header, project):
    (project / "layout.cpp").write_text(LAYOUT)
    include = []
    if header == "AMD's":
        include = ["amd"]
        (project / "amd").mkdir()
        (project / "amd/ap_axi_sdata.h").write_text(AMD)
        assert build(project, *BENCH, include=include)[0] == 0
    tdata = sum((-place - 1) % 32 << 5 * place for place in range(3))
    _, output = build(project, "layout.cpp", include=include)
    assert output == f"{'AMD ' if include else ''}16 {tdata} 2 3 3 1\n"
