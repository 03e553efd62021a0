"""Weights of an exported graph in 8 bits: a quarter of the memory that a step has to read.

Beside a frame generator that fills the caches, reading the weights is what a step costs. Blocks of
BLOCK weights share a scale (ONNX Runtime's MatMulNBits).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

BLOCK: Final = 32
SMALLEST: Final = 4096
"""Matrices with fewer weights stay as they are."""
HEARING: Final = "articulation.hearing."
"""Only the hearing network is shrunk: what feeds on its own output would tremble."""
_PRODUCT: Final = "hearing_product:"


def _plain_products(model: Any) -> None:
    """Replace every Gemm of a large constant matrix by MatMul and Add, which can be shrunk."""
    constants = {i.name: i for i in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        named = node.op_type == "Gemm" and node.input[1].startswith(HEARING)
        weight = constants.get(node.input[1]) if named else None
        matrix = numpy_helper.to_array(weight) if weight is not None else np.zeros(0)
        if matrix.size < SMALLEST:
            nodes.append(node)
            continue
        options = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        name = f"{node.input[1]}_{'turned' if options.get('transB') else 'plain'}"
        if name not in constants:
            turned = matrix.T if options.get("transB") else matrix
            constants[name] = numpy_helper.from_array(np.ascontiguousarray(turned), name)
            model.graph.initializer.append(constants[name])
        product = f"{_PRODUCT}{node.output[0]}"
        nodes.append(helper.make_node("MatMul", [node.input[0], name], [product], product))
        nodes.append(helper.make_node("Add", [product, node.input[2]], [node.output[0]]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [i for i in model.graph.initializer if i.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def shrink(file: Path) -> None:
    """Rewrite a graph with its large matrices in 8 bits."""
    from onnxruntime.quantization import matmul_nbits_quantizer as tools

    logging.getLogger(tools.__name__).setLevel(logging.WARNING)
    model = onnx.load(str(file))
    _plain_products(model)
    config = tools.DefaultWeightOnlyQuantConfig(
        block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=8
    )
    others = [n.name for n in model.graph.node if not n.name.startswith(_PRODUCT)]
    worker = tools.MatMulNBitsQuantizer(model, nodes_to_exclude=others, algo_config=config)
    worker.process()
    onnx.save(worker.model.model, str(file))
