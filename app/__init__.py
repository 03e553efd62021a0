"""What touches the desktop: windows, microphones, cameras, settings, the command line."""

import os

# ONNX Runtime reports its use to its makers unless this is set before it is first imported
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
