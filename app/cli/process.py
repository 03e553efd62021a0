"""What the operating system knows of this process: when it began, how much memory it took."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

_IMPORTED = time.perf_counter()


def age_s() -> float:
    """Seconds since this process was started (Linux), else since this module was imported."""
    if sys.platform == "linux":
        # proc(5): field 22 of stat is the start in clock ticks since boot; field 2 may hold spaces.
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
        ticks = int(fields.rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.perf_counter() - _IMPORTED


def peak_memory_mb() -> float:
    """Largest resident size so far in MB (10^6 bytes); 0 where the system does not tell."""
    if sys.platform == "linux":
        # Not getrusage: that remembers the peak of the process that started this one.
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0
    if sys.platform == "win32":
        return _windows_peak() / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _windows_peak() -> int:
    """PROCESS_MEMORY_COUNTERS.PeakWorkingSetSize in bytes."""

    class Counters(ctypes.Structure):
        _fields_ = [
            ("cb", ctypes.c_uint32),
            ("PageFaultCount", ctypes.c_uint32),
            *((name, ctypes.c_size_t) for name in ("peak", "now", "a", "b", "c", "d", "e", "f")),
        ]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    library = getattr(ctypes, "windll").kernel32  # noqa: B009  (missing elsewhere, for mypy)
    handle = ctypes.c_void_p(library.GetCurrentProcess())
    library.K32GetProcessMemoryInfo(handle, ctypes.byref(counters), counters.cb)
    return int(counters.peak)
