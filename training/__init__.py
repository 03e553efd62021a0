"""Rig, teachers, training, evaluation and ONNX export: the only home of torch."""
