"""QTools on qhls: types, energy and roofline figures of a small network, as QKeras reports them.

python examples/qtools_energy.py
"""

from __future__ import annotations

import sys

import keras

from qhls.energy import QTools
from qhls.layers import QActivation, QConv2DBatchnorm, QDense


def network(bits: int) -> keras.Model:
    """Return a network of a convolution with folded normalisation, an average and a dense layer, in ``bits`` bits."""
    number = f"quantized_bits({bits},0,alpha=1)"
    types = {"kernel_quantizer": number, "bias_quantizer": number}
    x = inputs = keras.Input((12, 12, 1), name="input")
    x = QConv2DBatchnorm(8, (3, 3), name="conv", **types)(x)
    x = QActivation(f"quantized_relu({bits},1)", name="relu")(x)
    x = keras.layers.AveragePooling2D((2, 2), name="pool")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = QDense(10, name="dense", **types)(x)
    return keras.Model(inputs, keras.layers.Activation("softmax", name="softmax")(x))


def picojoules(model: keras.Model, **options: object) -> dict[str, float]:
    """Return pJ per inference by layer and in total, with weights and activations in SRAM."""
    tools = QTools(
        model,
        process="horowitz",  # the technology horowitz_45nm_qtools
        source_quantizers=["quantized_bits(8,0,1)"],
        keras_quantizer="fp16",
        keras_accumulator="fp16",
        **options,
    )
    energy = tools.pe("sram", "sram", min_sram_size=8 * 2**20, rd_wr_on_io=False)
    profile = tools.extract_energy_profile(tools.include_energy, energy)
    total = tools.extract_energy_sum(tools.include_energy, energy)
    return {name: entry["total"] for name, entry in profile.items()} | {"sum": total}


def main() -> int:
    """Compare 8, 6 and 4 bits, and show the costs that QTools omits."""
    columns = {
        "8 bits": picojoules(network(8)),
        "6 bits": picojoules(network(6)),
        "4 bits": picojoules(network(4)),
        "4 bits, all counted": picojoules(network(4), compatible=False),
    }
    print(f"{'pJ per inference':18}", *(f"{title:>20}" for title in columns))
    for name in next(iter(columns.values())):
        print(f"{name:18}", *(f"{column[name]:20.2f}" for column in columns.values()))
    roofline = QTools(
        network(4), source_quantizers=["quantized_bits(8,0,1)"]
    ).get_roofline_numbers()
    print("\nroofline, 4 bits:", ", ".join(f"{key} {value:g}" for key, value in roofline.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
