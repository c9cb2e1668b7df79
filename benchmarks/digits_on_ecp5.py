"""The digits MLP as a bitstream: trained, compiled to streams, placed and routed on an ECP5 25k by nextpnr.

    python benchmarks/digits_on_ecp5.py [--bits 4] [--period 25] [--bitstream digits.bit]

Needs ``pip install 'qhls[tensorflow,rtl,pnr,demo]'``. Takes minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import keras

import qhls
from qhls.plan import Schedule

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import digits


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--period", type=float, default=25.0)
    parser.add_argument("--interval", type=int, default=256)
    parser.add_argument("--bitstream", type=Path, default=Path("digits.bit"))
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    model = digits.q_mlp(options.bits)
    x, x_test, y, y_test = digits.load_data()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=64, epochs=12, verbose=0)
    schedule = Schedule(
        io="stream", interval=options.interval, clock_period=options.period, family="ecp5"
    )
    design = qhls.compile(model, digits.INPUT_TYPE, schedule=schedule)
    print(f"accuracy {digits.accuracy(design.run(x_test), y_test):.2%}", flush=True)
    print(design.check(x_test, "verilog"), flush=True)
    print(design.latency("verilog"), flush=True)
    print(design.place("ecp5-25k", bitstream=options.bitstream))
    print(f"{options.bitstream}: {options.bitstream.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
