"""A device that is not the processor, for tests: it has memory of its own.

ONNX Runtime copies what is bound for a graph on such a device at the moment of binding. Here the
graph runs on the processor, but on copies made at that moment: a session that writes into memory it
bound before gets old numbers, as it would on a graphics card.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inference.execution_providers import ProviderReport
from inference.onnx_session import OnnxSession, open_session


class _Binding:
    """An `onnxruntime.IOBinding` of the device."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding
        self._memory: dict[str, Any] = {}

    def bind_input(
        self, name: str, device: str, number: int, dtype: Any, shape: Any, address: int
    ) -> None:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        there = np.frombuffer(ctypes.string_at(address, size), dtype).reshape(shape).copy()
        self.bind_cpu_input(name, there)

    def bind_cpu_input(self, name: str, array: Any) -> None:
        self._memory[name] = array.copy()
        self._binding.bind_cpu_input(name, self._memory[name])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._binding, name)


class _Session:
    def __init__(self, session: Any) -> None:
        self._session = session

    def io_binding(self) -> Any:
        return _Binding(self._session.io_binding())

    def run_with_iobinding(self, binding: _Binding) -> None:
        self._session.run_with_iobinding(binding._binding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class Device:
    """Opens sessions on it; `placed` are the devices that kept inputs were moved to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.placed: list[str] = []
        real = onnxruntime.OrtValue.ortvalue_from_numpy

        def placing(array: Any, device: str, number: int) -> Any:
            self.placed.append(device)
            return real(array, "cpu", 0)

        patch.setattr(onnxruntime.OrtValue, "ortvalue_from_numpy", staticmethod(placing))

    def open(
        self,
        path: Path | str,
        provider: ProviderReport | str = "cpu",
        threads: int = 1,
        state: dict[str, str] | None = None,
    ) -> OnnxSession:
        """As `open_session`, but on this device where a graphics card is asked for."""
        name = provider if isinstance(provider, str) else provider.name
        session = open_session(path, "cpu", threads, state)
        if name == "cpu":
            return session
        return OnnxSession(_Session(session._session), name, state)
