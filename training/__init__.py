"""Rig, teachers, training, evaluation and ONNX export: the only home of torch."""

import os

# ONNX Runtime reports its use to its makers unless this is set before it is first imported
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
