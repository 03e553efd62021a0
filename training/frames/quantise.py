"""Splits a package's painting graph into mouth and eyes; adds both, and `light`, in 8 bits.

    python -m training.frames.quantise --package PKG --characters assets/characters --out PKG

Ranges come from motions of the characters whose mouths networks paint; no rig is needed. The graphs
share one file of weights, so 8 bits add 0.4 MB. The last lines say what 8 bits cost on motions that
the ranges were not taken from. A minute or two on one core.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from inference.contract import Float32Array, PersonareError
from inference.execution_providers import session_options
from inference.frame_generator import FrameGenerator, clean_motion
from inference.frame_generator_light import GRAPH
from inference.frame_generator_paint import INT8, Painter
from inference.model_package import ModelPackage, load_model_package
from training.frames.eight_bits import Array, Feed, quantised, save_sharing
from training.frames.export import write_manifest
from training.frames.motions import named_motions, random_motion

WEIGHTS: Final = "shared.weights"
PARTS: Final = {"mouth": "paint_mouth", "eyes": "paint_eyes"}
"""Output of the whole painting graph -> name of the graph that gives it alone."""
OTHERS: Final = ("identity",)
"""Graphs that are kept as they are."""
SEED: Final = 5
HELD_SEED: Final = 71


def motions(count: int, seed: int) -> list[Float32Array]:
    """Half of them named ones, half random."""
    rng = np.random.default_rng(seed)
    named = list(named_motions().values())
    chosen = [named[k] for k in rng.permutation(len(named))[: count // 2]]
    chosen += [random_motion(rng, pose=k % 2 == 0) for k in range(count - len(chosen))]
    return [clean_motion(motion_D) for motion_D in chosen]


def generators(
    package: ModelPackage, characters: Sequence[Path]
) -> Iterator[tuple[FrameGenerator, Painter]]:
    """A generator of `standard` for every character in these folders that networks paint."""
    for path in sorted(path for folder in characters for path in folder.glob("*/character.json")):
        generator = FrameGenerator(package, path.parent, threads=1)
        if isinstance(generator.painter, Painter):
            yield generator, generator.painter


def calibration(
    package: ModelPackage, characters: Sequence[Path], count: int, seed: int = SEED
) -> list[Feed]:
    """Inputs of all graphs together; a character with a bank of eyes has those of the mouth.

    Raises:
        PersonareError: there is no character that networks paint.
    """
    feeds: list[Feed] = []
    for number, (generator, painter) in enumerate(generators(package, characters)):
        for motion_D in motions(count, seed + number):
            inputs = painter.inputs(motion_D)
            if generator.relighter is not None:
                inputs |= generator.relighter.inputs(generator.placed(motion_D), motion_D)
            feeds.append({name: np.array(value) for name, value in inputs.items()})
    if not feeds:
        raise PersonareError("No character here has a mouth that networks paint.")
    return feeds


def run_graph(model: Any, feeds: Sequence[Feed], names: Sequence[str]) -> dict[str, Array]:
    """Tensors of a graph over inputs, all runs below each other; see `eight_bits.Runner`."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    inputs = {value.name for value in probe.graph.input}
    present = {value.name for value in probe.graph.output}
    inner = [name for name in names if name not in inputs]
    probe.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in inner
        if name not in present
    )
    session = onnxruntime.InferenceSession(
        probe.SerializeToString(), session_options(1), providers=["CPUExecutionProvider"]
    )
    found: dict[str, list[Array]] = {name: [] for name in names}
    for feed in feeds:
        given = {name: feed[name] for name in inputs}
        # asked for nothing, a session would give everything
        for name, value in zip(inner, session.run(inner, given) if inner else [], strict=True):
            found[name].append(value)
        for name in inputs.intersection(names):
            found[name].append(feed[name])
    return {name: np.concatenate(values) for name, values in found.items()}


def part_of(model: Any, output: str) -> Any:
    """The part of a graph that one of its outputs needs."""
    made = {name: node for node in model.graph.node for name in node.output}
    inputs = {value.name for value in model.graph.input}
    needed, waiting = set(), [output]
    while waiting:
        name = waiting.pop()
        if name in inputs:
            needed.add(name)
        elif name in made:
            waiting += [each for each in made.pop(name).input if each]
    ordered = [value.name for value in model.graph.input if value.name in needed]
    return onnx.utils.Extractor(model).extract_model(ordered, [output])


def float_parts(package: ModelPackage) -> dict[str, Any]:
    """The graphs that 8 bits are made of by name, weights loaded.

    Raises:
        PersonareError: the package has none.
    """
    graphs = package.manifest.graphs
    split = all(name in graphs for name in PARTS.values())
    names = [*(PARTS.values() if split else ()), *({GRAPH} & graphs.keys())]
    parts = {name: onnx.load(str(package.path(name))) for name in names}
    if not split:
        whole = onnx.load(str(package.path("paint")))
        parts |= {name: part_of(whole, output) for output, name in PARTS.items()}
    return parts


def quantise(package: Path, characters: Sequence[Path], out: Path, count: int) -> int:
    """Write the package with its painting graphs split and in 8 bits; returns the inputs used."""
    loaded = load_model_package(package, "frame")
    parts = float_parts(loaded)
    feeds = calibration(loaded, characters, count)
    models: dict[Path, Any] = {}
    for name, model in parts.items():
        inputs = {value.name for value in model.graph.input}
        mine = [feed for feed in feeds if inputs <= feed.keys()]
        if not mine:
            raise PersonareError(f"No character here has what {name} is shown.")
        models[out / f"{name}.onnx"] = model
        models[out / f"{name}{INT8}.onnx"] = quantised(model, mine, run_graph)
    others = {name: loaded.manifest.graphs[name] for name in OTHERS}
    out.mkdir(parents=True, exist_ok=True)
    for file in others.values():
        if out.resolve() != package.resolve():
            shutil.copyfile(package / file, out / file)
    save_sharing(models, out / WEIGHTS)
    graphs = others | {path.stem: path.name for path in models}
    write_manifest(out, graphs, [WEIGHTS])
    kept = {out / file for file in graphs.values()} | {out / WEIGHTS}
    for stale in {*out.glob("*.onnx"), *out.glob("*.weights")} - kept:
        stale.unlink()
    return len(feeds)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--characters", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--motions", type=int, default=6, help="for the ranges, per character")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    used = quantise(arguments.package, arguments.characters, arguments.out, arguments.motions)
    print(f"{arguments.out}: ranges from {used} inputs")
    from training.frames.check_parity import window_rows

    package = load_model_package(arguments.out, "frame")
    for row in window_rows(package, arguments.characters, seed=HELD_SEED):
        print(f"{row.what}: {row.measured} ({row.bar}: {row.verdict})")


if __name__ == "__main__":
    main()
