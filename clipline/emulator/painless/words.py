"""What Painless calls the parts of a script in its errors (Operation, DefaultSemanticAnalysisPhase)."""

from __future__ import annotations

from clipline.emulator.painless import nodes as n
from clipline.emulator.painless.values import text

_SIGNS = {
    "*": "multiplication", "/": "division", "%": "remainder", "+": "addition", "-": "subtraction", "<<": "left shift",
    ">>": "right shift", ">>>": "unsigned right shift", "&": "bitwise and", "|": "bitwise or", "^": "bitwise xor",
    "~": "bitwise not", "!": "boolean not", "<": "less than", "<=": "less than or equals", ">": "greater than",
    ">=": "greater than or equals", "==": "equals", "!=": "not equals", "===": "reference equals",
    "!==": "reference not equals", "&&": "boolean and", "||": "boolean or",
}  # fmt: skip


def operation(node: n.Node) -> str:
    """``multiplication operation [*]``, ``string constant [x]``, …: what cannot be assigned to."""
    if isinstance(node, n.Const):
        names = {"String": "string", "boolean": "boolean", "null": "null", "float": "decimal", "double": "decimal"}
        kind = names.get(node.type, "numeric")
        return "null constant" if kind == "null" else f"{kind} constant [{text(node.value)}]"
    if isinstance(node, n.Binary | n.Unary):
        return f"{_SIGNS.get(node.sign, node.sign)} operation [{node.sign}]"
    if isinstance(node, n.Choice):
        return "conditional operation [?:]"
    if isinstance(node, n.Elvis):
        return "elvis operation [?:]"
    if isinstance(node, n.Cast):
        return f"explicit cast with target type [{node.type}]"
    if isinstance(node, n.Instance):
        return f"instanceof with target type [{node.type}]"
    if isinstance(node, n.Items):
        return "list initializer"
    if isinstance(node, n.Entries):
        return "map initializer"
    if isinstance(node, n.Call):
        return f"{'function' if node.target is None else 'method'} call [{node.name}/{len(node.arguments)}]"
    return "this"


def idle(node: n.Node) -> str | None:
    """What is wrong with an expression that does nothing and stands where a statement is wanted."""
    if isinstance(node, n.Call | n.Assign | n.New | n.Unknown):
        return None
    if isinstance(node, n.Const):
        return f"not a statement: {operation(node)} not used"
    if isinstance(node, n.Name):
        return f"not a statement: variable [{node.name}] not used"
    if isinstance(node, n.Item):
        return "not a statement: result of brace operator not used"
    if isinstance(node, n.Field):
        return "not a statement: result of dot operator [.] not used"
    return f"not a statement: result not used from {operation(node)}"
