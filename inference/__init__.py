"""The streaming generator, voice in, living character out: no Qt, no devices, no torch."""

import os

# ONNX Runtime reports its use to its makers unless this is set before it is first imported
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
