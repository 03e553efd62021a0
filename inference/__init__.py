"""The streaming generator: voice in, living character out. numpy and ONNX Runtime only, no Qt, no devices."""
