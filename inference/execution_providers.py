"""Choosing where the models run: CPU, CUDA or DirectML.

A provider's name in ONNX Runtime's list proves nothing: its libraries may be missing, or it may
hand every node back to the CPU. So a provider is believed only after a session really lists it and
the reference convolution ran on it, with the right result and no slower than on the CPU. Everything
else falls back to the CPU, with a sentence that says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnxruntime

from inference import reference_convolution
from inference.contract import PersonareError

PROVIDERS: Final[dict[str, str]] = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Names the user knows -> ONNX Runtime's names, best first."""

_EXTRA: Final[dict[str, str]] = {"cuda": "gpu", "directml": "directml"}
_TIMED_RUNS = 5


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What was asked for, what was got, and why they differ."""

    requested: str
    """`auto`, `cpu`, `cuda` or `directml`."""
    name: str
    """The provider really used: `cpu`, `cuda` or `directml`."""
    reference_ms: float
    """Median time of the reference convolution on it, one thread on the CPU."""
    message: str = ""
    """One sentence when the wish could not be granted; empty otherwise."""
    remedy: str = ""
    tried: tuple[tuple[str, str], ...] = ()
    """(provider, why not) of those that were probed and refused."""

    @property
    def onnx_providers(self) -> list[str]:
        """What to hand to ONNX Runtime, the CPU last."""
        names = [PROVIDERS[self.name]]
        return names if self.name == "cpu" else [*names, PROVIDERS["cpu"]]


def session_options(threads: int = 1) -> Any:
    """Session options every session here uses.

    Full graph optimisation (NCHWc layouts on the CPU); threads that sleep between runs instead of
    spinning, since a camera app shares its machine with a call; tiny numbers flushed to zero, which
    a recurrent state in silence would otherwise pay for.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return options


def time_reference(name: str, threads: int = 1, runs: int = _TIMED_RUNS) -> float:
    """Median milliseconds of the reference convolution on a provider.

    Raises:
        PersonareError: the provider is not there, does not really run, or computes wrong values.
    """
    wanted = PROVIDERS[name]
    if wanted not in onnxruntime.get_available_providers():
        raise PersonareError(f"this ONNX Runtime was built without {name}")
    providers = [wanted] if name == "cpu" else [wanted, PROVIDERS["cpu"]]
    try:
        session = onnxruntime.InferenceSession(
            reference_convolution.model_bytes(), session_options(threads), providers=providers
        )
        if wanted not in session.get_providers():
            raise PersonareError(f"ONNX Runtime did not start {name}, its libraries are missing")
        x = {"x": reference_convolution.example_input()}
        (y,) = session.run(["y"], x)
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            session.run(["y"], x)
            times.append(time.perf_counter() - start)
    except PersonareError:
        raise
    except Exception as error:  # a driver may raise anything; it is a refusal
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise PersonareError(f"{name} failed its test: {reason}") from error
    # TF32 on CUDA keeps about three decimal digits.
    if not np.allclose(y[0, :, 1, 1], reference_convolution.expected_corner(), atol=2e-2):
        raise PersonareError(f"{name} computed wrong values in its test")
    return float(np.median(times)) * 1000.0


def choose_provider(requested: str = "auto") -> ProviderReport:
    """Probe the wanted provider and fall back to the CPU with a message.

    `auto` takes the fastest that works, silently.

    Raises:
        PersonareError: the name is unknown, or not even the CPU works.
    """
    if requested != "auto" and requested not in PROVIDERS:
        raise PersonareError(
            f"There is no execution provider '{requested}'.",
            "Choose auto, cpu, cuda or directml.",
        )
    try:
        cpu_ms = time_reference("cpu")
    except PersonareError as error:
        raise PersonareError(
            f"ONNX Runtime does not work here: {error}.",
            "Install it again: pip install --force-reinstall onnxruntime",
        ) from error
    tried: list[tuple[str, str]] = []
    best = ("cpu", cpu_ms)
    candidates = [name for name in PROVIDERS if name != "cpu" and requested in ("auto", name)]
    for name in candidates:
        try:
            milliseconds = time_reference(name)
        except PersonareError as error:
            tried.append((name, str(error)))
            continue
        if milliseconds > cpu_ms:
            tried.append(
                (name, f"slower than the CPU ({milliseconds:.1f} against {cpu_ms:.1f} ms)")
            )
        elif best[0] == "cpu" or milliseconds < best[1]:
            best = (name, milliseconds)
    if requested in ("auto", best[0]):
        return ProviderReport(requested, best[0], best[1], tried=tuple(tried))
    return ProviderReport(
        requested,
        "cpu",
        cpu_ms,
        f"{requested} cannot be used, the CPU is used instead: {tried[0][1]}.",
        f"Install the '{_EXTRA[requested]}' extra in place of 'cpu' and its graphics driver.",
        tuple(tried),
    )
