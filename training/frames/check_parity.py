"""Compares the exported graphs with the torch modules they came from.

    python -m training.frames.check_parity --checkpoint paint.pt --package PKG

Prints the largest difference of every output; fails above TOLERANCE times the output's range.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from inference.onnx_session import open_session
from training.frames.export import (
    IdentityGraph,
    RelightGraph,
    flow_inputs,
    identity_inputs,
    load_networks,
    paint_inputs,
    relight_inputs,
)
from training.frames.flow import LayerFlow, PoseFlow

TOLERANCE = 1e-4


@torch.no_grad()
def difference(module: nn.Module, inputs: dict[str, Tensor], graph: Path) -> dict[str, float]:
    """Largest difference of each output, relative to its range."""
    torch_out = module.eval()(*inputs.values())
    outputs = torch_out if isinstance(torch_out, tuple) else (torch_out,)
    drawn = open_session(graph).run({name: value.numpy() for name, value in inputs.items()})
    result = {}
    for (name, onnx_value), value in zip(drawn.items(), outputs, strict=True):
        reference = value.numpy()
        scale = max(float(np.abs(reference).max()), 1e-6)
        result[name] = float(np.abs(reference - onnx_value).max()) / scale
    return result


def compare_package(package: Path, checkpoints: list[Path]) -> dict[str, dict[str, float]]:
    """Differences of every graph; without checkpoints only the warp's."""
    torch.manual_seed(0)
    inputs = flow_inputs()
    found = {"flow": difference(LayerFlow(), inputs, package / "flow.onnx")}
    posed = {name: value for name, value in inputs.items() if name not in ("amount", "basis")}
    found["pose"] = difference(PoseFlow(), posed, package / "pose.onnx")
    if checkpoints:
        paint, identity, relight = load_networks(checkpoints)
        for name, module, inputs in (
            ("paint", paint, paint_inputs()),
            ("identity", IdentityGraph(identity), identity_inputs()),
            ("relight", RelightGraph(relight), relight_inputs()),
        ):
            found[name] = difference(module, inputs, package / f"{name}.onnx")
    return found


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    parser.add_argument("--package", type=Path, required=True)
    arguments = parser.parse_args()
    worst = 0.0
    for graph, outputs in compare_package(arguments.package, arguments.checkpoint).items():
        for name, value in outputs.items():
            worst = max(worst, value)
            print(f"{graph:<10} {name:<14} {value:.2e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
