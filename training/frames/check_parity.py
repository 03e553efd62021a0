"""Compares what draws with what it came from: torch, ONNX, 8 bits.

    python -m training.frames.check_parity --package PKG [--characters DIR] [--checkpoint paint.pt]

Torch against ONNX Runtime (and, for the warp, against numpy): the largest difference of every
output, which fails above TOLERANCE times the output's range. The torch networks take their weights
from the package itself (`training.frames.shipped`); with checkpoints from these, so that the export
is checked too. With characters, 8 bits against floating point as well: in the painted windows,
blended as the eye sees them, and in whole frames.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from inference.contract import MOTION_SIZE, Float32Array
from inference.frame_generator import FrameGenerator
from inference.frame_generator_flow import POSE, GridFlow
from inference.frame_generator_layers import GRID, Layer
from inference.frame_generator_light import GRAPH
from inference.frame_generator_paint import INT8, painting_graphs
from inference.model_package import ModelPackage, load_model_package
from inference.onnx_session import OnnxSession, open_session
from training.evaluate.table import Row, markdown
from training.frames.export import (
    LightGraph,
    identity_inputs,
    light_inputs,
    load_networks,
    paint_inputs,
)
from training.frames.flow import ExpressionFlow, LayerFlow, PoseFlow, cell_centres
from training.frames.quantise import generators, motions
from training.frames.shipped import shipped_networks

TOLERANCE: Final = 1e-4
WINDOW_DB: Final = 40.0
"""PSNR that 8 bits should keep in a blended window, in dB."""
SEED: Final = 71
"""Of motions that no range of the 8 bits was taken from."""
_GREY: Final = 128.0


def flow_inputs(bases: int = 3) -> dict[str, Tensor]:
    """Example inputs of `LayerFlow`, in order."""
    box = torch.tensor([10.0, 20.0, 300.0, 310.0])
    camera = torch.tensor([[800.0, 0, 256, 0], [0, -800, 256, 0], [0, 0, 1, 0]])
    place = cell_centres(box)
    depth = 5.0 + torch.sin(place[0] / 60) * 0.3
    point = torch.stack([(place[0] - 256) * depth / 800, (256 - place[1]) * depth / 800, depth])
    return {
        "amount": torch.full((bases,), 0.3),
        "basis": torch.full((bases, 3, GRID, GRID), 0.01),
        "point": point,
        "weight": torch.ones(GRID, GRID),
        "pose": torch.full((6,), 0.1),
        "place": torch.tensor([0.0, 0.0, 5.0, 0.6, 0.45]),
        "camera": camera,
        "grid_box": box,
        "frame_box": box + torch.tensor([1.0, 2.0, 0.0, 0.0]),
    }


def _relative(reference: Any, other: Any) -> float:
    """Largest difference, relative to the reference's range."""
    reference = np.asarray(reference)
    scale = max(float(np.abs(reference).max()), 1e-6)
    return float(np.abs(reference - np.asarray(other)).max()) / scale


@torch.no_grad()
def difference(
    module: nn.Module, inputs: dict[str, Tensor], graphs: Sequence[Path]
) -> dict[str, float]:
    """Largest difference of each output, relative to its range; several graphs may give them."""
    torch_out = module.eval()(*inputs.values())
    outputs = torch_out if isinstance(torch_out, tuple) else (torch_out,)
    drawn: dict[str, Any] = {}
    for graph in graphs:
        session = open_session(graph)
        drawn |= session.run({name: inputs[name].numpy() for name in session.inputs})
    return {
        name: _relative(value.numpy(), drawn[name])
        for name, value in zip(drawn, outputs, strict=True)
    }


@torch.no_grad()
def compare_warp() -> dict[str, dict[str, float]]:
    """Torch against numpy, for each of the three maps."""
    inputs = flow_inputs()
    arrays = {name: value.numpy() for name, value in inputs.items()}
    layer = Layer(
        "head", np.zeros((1, 1, 4), np.uint8), (0, 0), arrays["grid_box"], arrays["point"],
        arrays["weight"], arrays["basis"], np.arange(len(arrays["amount"])), True,
    )  # fmt: skip
    flow = GridFlow(layer, arrays["camera"], arrays["place"])
    motion_D = np.zeros(MOTION_SIZE, np.float32)
    motion_D[: len(arrays["amount"])] = arrays["amount"]
    motion_D[POSE] = arrays["pose"]
    posed = [value for name, value in inputs.items() if name not in ("amount", "basis")]
    chosen = [inputs[name] for name in ("amount", "basis", "point", "camera", "grid_box")]
    wanted = torch.rand(2, 12, 12) * 200 + 60
    pairs = {
        "whole": (LayerFlow()(*inputs.values()), flow.whole(motion_D, arrays["frame_box"])),
        "pose": (PoseFlow()(*posed), flow.pose(arrays["pose"], arrays["frame_box"])),
        "expression": (
            ExpressionFlow()(*chosen, wanted),
            flow.expression(motion_D, wanted.numpy()),
        ),
    }
    return {"warp": {name: _relative(one.numpy(), other) for name, (one, other) in pairs.items()}}


def compare_package(
    package: Path | ModelPackage, checkpoints: Sequence[Path] = ()
) -> dict[str, dict[str, float]]:
    """Differences of every graph and of the warp; of a package without graphs only the warp's."""
    torch.manual_seed(0)
    found = compare_warp()
    if not isinstance(package, ModelPackage):
        package = load_model_package(package, "frame")
    painting = [package.path(name) for name in painting_graphs(package, True, int8=False)]
    if not painting:
        return found
    networks = load_networks(list(checkpoints)) if checkpoints else shipped_networks(package)
    paint, identity, light = networks
    found["paint"] = difference(paint, paint_inputs(), painting)
    found["identity"] = difference(identity, identity_inputs(), [package.path("identity")])
    if light is not None:
        graph = [package.path(GRAPH)]
        found[GRAPH] = difference(LightGraph(light), light_inputs(), graph)
    return found


def torch_row(package: Path | ModelPackage, checkpoints: Sequence[Path] = ()) -> Row:
    """Torch against what draws, as one row of a table."""
    found = compare_package(package, checkpoints)
    worst = max(value for outputs in found.values() for value in outputs.values())
    which = ", ".join(f"{name} {max(outputs.values()):.1e}" for name, outputs in found.items())
    return Row(
        "torch against ONNX and numpy", f"{TOLERANCE:.0e} of the range",
        f"largest difference {worst:.1e} ({which})", worst <= TOLERANCE, figures=found,
    )  # fmt: skip


def window_rows(
    package: ModelPackage, characters: Sequence[Path], count: int = 4, seed: int = SEED
) -> Iterator[Row]:
    """8 bits against floating point in mouth and eyes: mask * colour + (1 - mask) * warp."""
    errors: dict[str, list[float]] = {}
    names = {*painting_graphs(package, True, True), *painting_graphs(package, True, False)}
    sessions = {name: open_session(package.path(name)) for name in names}
    for number, (_, painter) in enumerate(generators(package, characters)):
        for motion_D in motions(count, seed + number):
            inputs = painter.inputs(motion_D)
            eyes = "eyes_warp" in inputs
            seen = [
                _blended([sessions[k] for k in painting_graphs(package, eyes, int8)], inputs)
                for int8 in (False, True)
            ]
            for name, exact in seen[0].items():
                errors.setdefault(name, []).append(float(np.mean((exact - seen[1][name]) ** 2)))
    for name, squares in errors.items():
        mean, worst = _psnr(float(np.mean(squares))), _psnr(max(squares))
        yield Row(
            f"{name}, 8 bits against fp32", f"{WINDOW_DB:.0f} dB",
            f"{mean:.1f} dB, worst window {worst:.1f} dB ({len(squares)} windows)",
            mean >= WINDOW_DB, figures={"psnr": mean, "worst": worst, "windows": len(squares)},
        )  # fmt: skip


def _blended(
    sessions: Sequence[OnnxSession], inputs: dict[str, Float32Array]
) -> dict[str, Float32Array]:
    seen: dict[str, Float32Array] = {}
    for session in sessions:
        painted = session.run({key: inputs[key] for key in session.inputs})
        for output, value in painted.items():
            kept = (1 - value[:, 4:] / 255) * inputs[f"{output}_warp"]
            seen[output] = np.asarray(value[:, :4] + kept, np.float32)
    return seen


def frame_row(
    package: ModelPackage, characters: Sequence[Path], count: int = 4, seed: int = SEED
) -> Row:
    """Frames of `eco` in 8 bits against the same frames in floating point, over grey."""
    exact = _without_int8(package)
    squares, largest, drawn = [], 0.0, 0
    folders = sorted(path.parent for each in characters for path in each.glob("*/character.json"))
    for number, folder in enumerate(folders):
        pair = [FrameGenerator(each, folder, threads=1, quality="eco") for each in (exact, package)]
        if not pair[1].precision:
            continue
        for motion_D in motions(count, seed + number):
            one, other = (_over_grey(generator.draw(motion_D)) for generator in pair)
            squares.append(float(np.mean((one - other) ** 2)))
            largest = max(largest, float(np.abs(one - other).max()))
            drawn += 1
    mean = float(np.mean(squares))
    return Row(
        "whole frames, 8 bits against fp32", "",
        f"{_psnr(mean):.1f} dB, RMS {mean**0.5:.2f}, largest {largest:.0f} of 255 "
        f"({drawn} frames)", None,
        figures={"psnr": _psnr(mean), "rms": mean**0.5, "largest": largest, "frames": drawn},
    )  # fmt: skip


def _without_int8(package: ModelPackage) -> ModelPackage:
    """The package as if it had no graphs in 8 bits."""
    graphs = {k: v for k, v in package.manifest.graphs.items() if not k.endswith(INT8)}
    return ModelPackage(package.folder, package.manifest.model_copy(update={"graphs": graphs}))


def _over_grey(frame: Any) -> Float32Array:
    alpha = frame[..., 3:].astype(np.float32) / 255
    over: Float32Array = frame[..., :3] * alpha + _GREY * (1 - alpha)
    return over


def _psnr(mean_square: float) -> float:
    return float(10 * np.log10(255**2 / max(mean_square, 1e-6)))


def parity_rows(
    package: ModelPackage | Path,
    characters: Sequence[Path],
    checkpoints: Sequence[Path] = (),
    count: int = 4,
) -> list[Row]:
    """All rows: torch (weights of the package, or of checkpoints), windows and frames in 8 bits.

    `characters` are folders of character folders, `count` motions are drawn of each.
    """
    if not isinstance(package, ModelPackage):
        package = load_model_package(package, "frame")
    rows = [torch_row(package, checkpoints)]
    graphs = package.manifest.graphs
    if not any(name.endswith(INT8) for name in graphs):
        return [*rows, Row("8 bits against fp32", "", "the package has no such graphs", None)]
    rows += window_rows(package, characters, count)
    return [*rows, frame_row(package, characters, count)]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--characters", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.characters:
        rows = parity_rows(arguments.package, arguments.characters, arguments.checkpoint)
    else:
        rows = [torch_row(arguments.package, arguments.checkpoint)]
    for graph, outputs in rows[0].figures.items():
        for name, value in outputs.items():
            print(f"{graph:<10} {name:<14} {value:.2e}")
    print(markdown(rows))
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
