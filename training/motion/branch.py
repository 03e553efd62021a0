"""Let an exported graph skip the student at the steps that do not take it: half of what it costs.

The traced graph evaluates the student at every step and masks the result at every other one. Here
its nodes move into one branch of an ONNX `If`; the other hands back what was there before, which
the mask then keeps. ONNX Runtime runs only the branch that is taken, so outputs are the same bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STATE: Final = "performance"
"""Input whose first number is 1 at the steps that skip the student (`student_step`)."""
STUDENT: Final = "/performance/student/"
"""How the names of the student's nodes begin."""


def branch(file: Path) -> None:
    """Rewrite an exported performer in place; raises ValueError where its student is not as
    `student_step` uses it: what leaves it is compared, each by one subtraction, with what was.
    """
    model = onnx.load(str(file))
    graph = model.graph
    inside = [n for n in graph.node if n.name.startswith(STUDENT)]
    rest = [n for n in graph.node if not n.name.startswith(STUDENT)]
    made = {name for node in inside for name in node.output}
    replaces = {n.input[0]: n.input[1] for n in rest if n.op_type == "Sub" and n.input[0] in made}
    if len(replaces) != 2 or replaces.keys() != {i for n in rest for i in n.input if i in made}:
        raise ValueError(f"unexpected uses of the student: {sorted(replaces)}")
    weights, kept = _divide(graph, inside, {name for node in rest for name in node.input})
    taken = helper.make_graph(inside, "student", [], _told(replaces), initializer=weights)
    skips = [helper.make_node("Identity", [was], [f"{new}_was"]) for new, was in replaces.items()]
    skipped = helper.make_graph(skips, "skip", [], _told([f"{new}_was" for new in replaces]))
    condition = [
        helper.make_node("Gather", [STATE, "branch_first"], ["branch_odd"], axis=1),
        helper.make_node("Less", ["branch_odd", "branch_half"], ["branch_takes"]),
    ]
    kept.append(numpy_helper.from_array(np.zeros(1, np.int64), "branch_first"))
    kept.append(numpy_helper.from_array(np.full((1, 1), 0.5, np.float32), "branch_half"))
    choice = helper.make_node(
        "If", ["branch_takes"], list(replaces), name="/performance/choice",
        then_branch=taken, else_branch=skipped,
    )  # fmt: skip
    needed = {name for node in inside for name in node.input} | set(replaces.values())
    at = max(i for i, node in enumerate(rest) if needed & set(node.output)) + 1
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend([*condition, *rest[:at], choice, *rest[at:]])
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def _divide(graph: Any, inside: list[Any], outside_uses: set[str]) -> tuple[list[Any], list[Any]]:
    """Constants of the branch, and those of the graph: what both use the branch gets a copy of,
    since ONNX Runtime does not like to simplify what branches share.
    """
    own = {name for node in inside for name in node.input}
    weights = []
    for constant in graph.initializer:
        if constant.name not in own:
            continue
        copy = onnx.TensorProto()
        copy.CopyFrom(constant)
        copy.name = f"{STUDENT}{constant.name}"
        weights.append(copy)
        for node in inside:
            for i, name in enumerate(node.input):
                if name == constant.name:
                    node.input[i] = copy.name
    return weights, [i for i in graph.initializer if i.name in outside_uses]


def _told(names: Any) -> list[Any]:
    """Outputs of a branch: floats, whose shapes ONNX Runtime finds out."""
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
