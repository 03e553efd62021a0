"""Export trained checkpoints as a model package: `python -m training.motion.export CKPT FOLDER`.

With `--student` the performance is sampled; without, it is the idle life of `life`.

The graph is checked step by step against PyTorch before the manifest is written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch

from inference.audio_features import HOP, MEL_BANDS
from inference.contract import AUDIO_RATE, MOTION_RATE
from training.half_weights import halve_weights
from training.motion.articulation import MouthSettings
from training.motion.branch import branch
from training.motion.generator import Generator, example_inputs
from training.motion.network import HearingNet
from training.motion.performance import CONTROLS
from training.motion.performer import Performer
from training.motion.shrink import shrink
from training.motion.student_train import load_student

VERSION: Final = "0.3.0"
GRAPH: Final = "step.onnx"
INPUTS: Final = ("self_mel", "other_mel", "self_voice", "other_voice", "controls", "noise")
OUTPUTS: Final = ("motion", "activity", "visemes")
_TOLERANCE: Final = 2e-4


def load_hearing(checkpoint: Path) -> HearingNet:
    """The hearing network of a checkpoint."""
    weights = torch.load(checkpoint, weights_only=True)
    width, memory = (weights[name].shape[-1] for name in ("embed.bias", "memory.weight_hh_l0"))
    hearing = HearingNet(width, memory)
    hearing.load_state_dict(weights)
    return hearing.eval()


def load_generator(
    checkpoint: Path, settings: MouthSettings, student: Path | None = None
) -> Generator | Performer:
    """The generator of a checkpoint, or with a student the performer, ready to run."""
    hearing = load_hearing(checkpoint)
    if student is None:
        return Generator(hearing, settings).eval().requires_grad_(False)
    return Performer(hearing, load_student(student), settings).eval().requires_grad_(False)


def _exp2(graph: Any, value: Any) -> Any:
    """The exporter does not know exp2: e to the natural logarithm of 2 times the value."""
    factor = graph.op("Constant", value_t=torch.tensor(math.log(2)))
    return graph.op("Exp", graph.op("Mul", value, factor))


def export_graph(generator: Generator | Performer, file: Path) -> None:
    """Write the ONNX graph, batch 1, one step, all shapes fixed."""
    states, names = generator.initial(), generator.state_names
    torch.onnx.register_custom_op_symbolic("aten::exp2", _exp2, 17)  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about itself
        torch.onnx.export(
            generator,
            (*example_inputs(generator.noise_size, generator.control_size), *states),
            str(file),
            input_names=[*INPUTS, *names],
            output_names=[*OUTPUTS, *(f"{name}_next" for name in names)],
            opset_version=17,
            dynamo=False,
        )
    onnx.checker.check_model(onnx.load(str(file)))


def parity(generator: Generator | Performer, file: Path, steps: int = 200) -> float:
    """Largest difference of any output between ONNX Runtime and PyTorch over random steps.

    Every step begins from the same state: what is sampled from its own past would drift apart by
    rounding alone, as two seeds do. States are compared relative to their size.
    """
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    generator_rng = torch.Generator().manual_seed(0)
    ours = generator.initial()
    worst = 0.0
    for _ in range(steps):
        mel, other = (torch.randn(1, 2, MEL_BANDS, generator=generator_rng) * 3 - 9 for _ in "so")
        noise = torch.rand(1, generator.noise_size, generator=generator_rng)
        level, pitch = torch.rand(2, 2, generator=generator_rng)
        voices = torch.stack([level * 60 - 70, torch.relu(pitch - 0.3) * 500], 1)
        controls = torch.rand(1, generator.control_size, generator=generator_rng)
        fixed = (mel, other, voices[:1], voices[1:], controls, noise)
        with torch.inference_mode():
            expected = generator(*fixed, *ours)
        feed = dict(
            zip(names, [*(f.numpy() for f in fixed), *(o.numpy() for o in ours)], strict=True)
        )
        found = session.run(None, feed)
        for a, b in zip(expected, found, strict=True):
            size = np.maximum(np.abs(b), 1.0)
            worst = max(worst, float((np.abs(a.numpy() - b) / size).max()))
        ours = [o.clone() for o in expected[3:]]
    return worst


def write_package(
    generator: Generator | Performer,
    folder: Path,
    delay_ms: float,
    notes: dict[str, Any],
    small: bool = False,
) -> None:
    """Graph and manifest; raises RuntimeError if ONNX Runtime does not agree with PyTorch."""
    folder.mkdir(parents=True, exist_ok=True)
    export_graph(generator, folder / GRAPH)
    worst = parity(generator, folder / GRAPH)
    if worst > _TOLERANCE:
        raise RuntimeError(f"ONNX differs from PyTorch by {worst:.2g}")
    if small:
        shrink(folder / GRAPH)
    if isinstance(generator, Performer):
        branch(folder / GRAPH)
    if small:
        halve_weights(folder / GRAPH)
    manifest = {
        "format_version": 1,
        "name": folder.name,
        "version": VERSION,
        "kind": "motion",
        "licence": "Apache-2.0",
        "description": "A voice in, a living face out. Causal, no look-ahead.",
        "rates": {"audio": AUDIO_RATE, "features": AUDIO_RATE / HOP, "motion": MOTION_RATE},
        "delay_ms": delay_ms,
        "graphs": {"step": GRAPH},
        "files": {GRAPH: hashlib.sha256((folder / GRAPH).read_bytes()).hexdigest()},
        "parameters": {
            "mel_bands": MEL_BANDS,
            "noise_size": generator.noise_size,
            "states": list(generator.state_names),
            "controls": list(CONTROLS[: generator.control_size]),
            "mouth": generator.settings_dict(),
            **notes,
        },
    }
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf8")


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="measured by training.evaluate")
    parser.add_argument("--mouth", type=json.loads, default={}, help="JSON of MouthSettings")
    parser.add_argument("--student", type=Path, help="a checkpoint of the performance's student")
    parser.add_argument("--small", action="store_true", help="weights in 8 and 16 bits")
    options = parser.parse_args()
    generator = load_generator(options.checkpoint, MouthSettings(**options.mouth), options.student)
    write_package(generator, options.folder, options.delay_ms, {}, options.small)
    print(f"{options.folder}: {(options.folder / GRAPH).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
