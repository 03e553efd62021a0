"""A small wrapper of ONNX Runtime: buffers made once, few threads, no spinning, state kept inside.

Where all shapes of a graph are fixed, inputs and outputs are bound to memory once and a run only
copies the inputs. Inputs that never change (`OnnxSession.fix`) are not copied again, and on CUDA
stay in the card's memory. State tensors (an input fed by an output of the run before) alternate
between two buffers, so they are never copied at all.

Binding an input hands it over there and then: where the graph runs on another device, ONNX Runtime
copies it at that moment and never looks at our memory again. So on a graphics card inputs are bound
anew for every run; only on the processor binding once is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inference.contract import PersonareError
from inference.execution_providers import PROVIDERS, ProviderReport, session_options

AnyArray = NDArray[Any]

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(bool)": np.bool_,
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, element type and shape of an input or output; -1 marks a size that may vary."""

    name: str
    dtype: type[np.generic]
    shape: tuple[int, ...]

    @property
    def fixed(self) -> bool:
        """Whether every size is known."""
        return all(size >= 0 for size in self.shape)


def _specs(arguments: list[Any]) -> dict[str, TensorSpec]:
    return {
        argument.name: TensorSpec(
            argument.name,
            _DTYPES[argument.type],
            tuple(size if isinstance(size, int) else -1 for size in argument.shape),
        )
        for argument in arguments
    }


class OnnxSession:
    """One graph, ready to run from one thread at a time. Made by `open_session`."""

    def __init__(self, session: Any, provider: str, state: Mapping[str, str] | None = None) -> None:
        self._session = session
        self.provider = provider
        """Where it really runs: `cpu`, `cuda` or `directml`."""
        self.inputs = _specs(session.get_inputs())
        self.outputs = _specs(session.get_outputs())
        self._state = dict(state or {})
        self._turn = 0
        self._bound = all(s.fixed for s in (*self.inputs.values(), *self.outputs.values()))
        self._elsewhere = provider != "cpu"
        if not all(self.inputs[name].fixed for name in self._state):
            raise ValueError("state tensors need a fixed shape")
        self._kept: dict[str, tuple[AnyArray, Any]] = {}  # fixed inputs, alive as long as we are
        self._make_buffers()

    def fix(self, inputs: Mapping[str, AnyArray]) -> None:
        """Give inputs that never change, once: from now on `run` needs the others alone.

        On CUDA they are moved into the card's memory.

        Raises:
            ValueError: the graph's shapes may vary, or a value has another shape than its input.
        """
        if not self._bound:
            raise ValueError("only a graph of fixed shapes can keep inputs")
        place = "cuda" if self.provider == "cuda" else "cpu"
        for name, value in inputs.items():
            spec = self.inputs[name]
            if value.shape != spec.shape:
                raise ValueError(f"input {name} has shape {value.shape}, not {spec.shape}")
            array = np.array(value, spec.dtype)  # our own copy, in one piece
            kept = onnxruntime.OrtValue.ortvalue_from_numpy(array, place, 0)
            self._kept[name] = (array, kept)
            self._in.pop(name, None)
            for binding in self._bindings:
                binding.bind_ortvalue_input(name, kept)

    def _make_buffers(self) -> None:
        state_outputs = set(self._state.values())
        self._states = [
            {
                name: np.zeros(self.inputs[name].shape, self.inputs[name].dtype)
                for name in self._state
            }
            for _ in range(2)
        ]
        if not self._bound:
            return
        self._in = {
            name: np.zeros(spec.shape, spec.dtype)
            for name, spec in self.inputs.items()
            if name not in self._state
        }
        self._out = {
            name: np.zeros(spec.shape, spec.dtype)
            for name, spec in self.outputs.items()
            if name not in state_outputs
        }
        self._bindings = [self._bind(turn) for turn in range(2 if self._state else 1)]

    def _bind(self, turn: int) -> Any:
        binding = self._session.io_binding()
        before, after = self._states[turn], self._states[1 - turn]
        arrays_in = {**self._in, **before}
        arrays_out = {**self._out, **{out: after[name] for name, out in self._state.items()}}
        for name, array in arrays_in.items() if not self._elsewhere else ():
            binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        for name, array in arrays_out.items():
            binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        return binding

    def run(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once and return every output that is not state.

        Inputs must have the shapes of the graph; fixed-shape outputs stay valid until the next run.
        """
        if not self._bound:
            return self._run_unbound(inputs)
        for name, buffer in self._in.items():
            value = inputs[name]
            if value.shape != buffer.shape:
                raise ValueError(f"input {name} has shape {value.shape}, not {buffer.shape}")
            np.copyto(buffer, value)
        binding = self._bindings[self._turn]
        if self._elsewhere:
            for name, array in {**self._in, **self._states[self._turn]}.items():
                binding.bind_cpu_input(name, array)
            binding.synchronize_inputs()
        self._session.run_with_iobinding(binding)
        if self._elsewhere:
            binding.synchronize_outputs()
        if self._state:
            self._turn = 1 - self._turn
        return self._out

    def _run_unbound(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        names = list(self.outputs)
        feed = {**inputs, **self._states[0]}
        results = dict(zip(names, self._session.run(names, feed), strict=True))
        for name, output in self._state.items():
            self._states[0][name] = results.pop(output)
        return results

    def reset(self) -> None:
        """Set every state tensor to zero."""
        for states in self._states:
            for array in states.values():
                array.fill(0)
        self._turn = 0

    def state(self) -> dict[str, AnyArray]:
        """Copies of the present state tensors, by their input names."""
        return {name: array.copy() for name, array in self._states[self._turn].items()}

    def set_state(self, state: Mapping[str, AnyArray]) -> None:
        """Put state tensors back, as `state` returned them."""
        for name, array in self._states[self._turn].items():
            np.copyto(array, state[name])


def open_session(
    path: Path | str,
    provider: ProviderReport | str = "cpu",
    threads: int = 1,
    state: Mapping[str, str] | None = None,
) -> OnnxSession:
    """Open a graph on a provider; falls back to the CPU when the graph does not start there.

    `state` maps each state input to the output that feeds it at the next run. Look at `.provider`
    for where it really runs.

    Raises:
        PersonareError: the file is missing or is no ONNX model that this runtime can run.
    """
    path = Path(path)
    name = provider if isinstance(provider, str) else provider.name
    if not path.is_file():
        raise PersonareError(f"The model file {path} is missing.", "Install the model again.")
    wanted = [PROVIDERS[name]] if name == "cpu" else [PROVIDERS[name], PROVIDERS["cpu"]]
    reason: Exception | None = None
    for providers in (wanted, [PROVIDERS["cpu"]]):
        try:
            session = onnxruntime.InferenceSession(
                str(path), session_options(threads), providers=providers
            )
        except Exception as error:  # noqa: BLE001  (ONNX Runtime's errors have no common base)
            reason = error
            continue
        used = next(key for key, value in PROVIDERS.items() if value == session.get_providers()[0])
        return OnnxSession(session, used, state)
    detail = str(reason).splitlines()[0][:200] if reason else ""
    raise PersonareError(
        f"The model {path.name} cannot be opened: {detail}.",
        "Get the model package again, or update Personare.",
    ) from reason
