"""The part of Jinja that a prompt template may use.

A template may show variables, choose with `if`, and go once through a list. Its work is then
bounded by its length and by that of the lists.
"""

from __future__ import annotations

from jinja2 import nodes

TEXTS = ("source", "source_language", "target_language", "draft")
LISTS = ("examples", "glossary", "context")

_OF_PAIR = ("source", "target")
_OF_LOOP = ("first", "last", "index", "index0", "revindex", "revindex0", "length")
_FILTERS = ("length", "count")
_COMPARISONS = ("eq", "ne", "lt", "lteq", "gt", "gteq")

# Deeper ones cannot be read, and Python's own limits are not far.
_MAX_DEPTH = 20


def check_tree(tree: nodes.Template) -> None:
    """Checks a parsed template.

    Raises:
        ValueError: One sentence, with the line, on what is not allowed.
    """
    for node in tree.body:
        _check_statement(node, loop="", depth=0)


def _check_statement(node: nodes.Node, *, loop: str, depth: int) -> None:
    """Checks a statement inside the loop whose variable is `loop` (empty: inside none)."""
    _check_depth(node, depth)
    if isinstance(node, nodes.Output):
        for shown in node.nodes:
            _check_shown(shown, loop=loop, depth=depth + 1)
    elif isinstance(node, nodes.If):
        _check_expression(node.test, loop=loop, depth=depth + 1)
        for child in (*node.body, *node.elif_, *node.else_):
            _check_statement(child, loop=loop, depth=depth + 1)
    elif isinstance(node, nodes.For):
        _check_loop(node, loop=loop, depth=depth + 1)
    else:
        raise _refused(node)


def _check_loop(node: nodes.For, *, loop: str, depth: int) -> None:
    if loop:
        raise _wrong(node, "a loop cannot stand inside another loop")
    if node.recursive:
        raise _wrong(node, "a loop cannot be recursive")
    if not isinstance(node.target, nodes.Name) or node.target.name in (*TEXTS, *LISTS, "loop"):
        raise _wrong(node, "a loop needs one variable of its own, as in 'for pair in examples'")
    _check_list(node.iter)
    own = node.target.name
    if node.test:
        if any(name.name == "loop" for name in node.test.find_all(nodes.Name)):
            raise _wrong(node, "the condition of a loop cannot use 'loop'")
        _check_expression(node.test, loop=own, depth=depth)
    for child in node.body:
        _check_statement(child, loop=own, depth=depth)
    for child in node.else_:
        _check_statement(child, loop="", depth=depth)


def _check_list(node: nodes.Node) -> None:
    """Lets `examples` and `context[-3:]` pass."""
    whole = node
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        if node.arg.step or not (_is_place(node.arg.start) and _is_place(node.arg.stop)):
            raise _wrong(node, "a slice needs whole numbers, as in 'context[-3:]'")
        whole = node.node
    if not (isinstance(whole, nodes.Name) and whole.name in LISTS):
        raise _wrong(node, f"a loop can go through {_listed(LISTS)} only")


def _is_place(node: nodes.Expr | None) -> bool:
    if isinstance(node, nodes.Neg):
        node = node.node
    return node is None or (isinstance(node, nodes.Const) and type(node.value) is int)


def _check_shown(node: nodes.Node, *, loop: str, depth: int) -> None:
    if isinstance(node, nodes.TemplateData):
        return
    if isinstance(node, nodes.Name) and node.name in LISTS:
        raise _wrong(node, f"'{node.name}' is a list; show its pairs with a loop")
    _check_expression(node, loop=loop, depth=depth)


def _check_expression(node: nodes.Node, *, loop: str, depth: int) -> None:
    _check_depth(node, depth)
    if isinstance(node, nodes.Name):
        _check_name(node, loop)
    elif isinstance(node, nodes.Getattr):
        _check_attribute(node, loop)
    elif _is_allowed(node):
        for child in node.iter_child_nodes():
            _check_expression(child, loop=loop, depth=depth + 1)
    else:
        raise _refused(node)


def _is_allowed(node: nodes.Node) -> bool:
    """Tells whether a kind of expression is one whose time does not grow with the texts."""
    if isinstance(node, nodes.Compare):
        return all(operand.op in _COMPARISONS for operand in node.ops)
    if isinstance(node, nodes.Filter):
        has_arguments = node.args or node.kwargs or node.dyn_args or node.dyn_kwargs
        return node.name in _FILTERS and not has_arguments
    if isinstance(node, nodes.CondExpr):
        return node.expr2 is not None
    return isinstance(node, nodes.Const | nodes.And | nodes.Or | nodes.Not | nodes.Operand)


def _check_name(node: nodes.Name, loop: str) -> None:
    if node.name == loop:
        raise _wrong(node, f"write '{loop}.source' or '{loop}.target' instead of '{loop}'")
    if node.name not in (*TEXTS, *LISTS):
        known = _listed((*TEXTS, *LISTS))
        raise _wrong(
            node, f"'{_shortened(node.name)}' is no variable of a prompt; there are {known}"
        )


def _check_attribute(node: nodes.Getattr, loop: str) -> None:
    owner = node.node.name if isinstance(node.node, nodes.Name) else ""
    known = {loop: _OF_PAIR, "loop": _OF_LOOP} if loop else {}
    if node.attr not in known.get(owner, ()):
        what = f"{_shortened(owner) or '…'}.{_shortened(node.attr)}"
        raise _wrong(node, f"'{what}' is not allowed in a prompt template")


def _check_depth(node: nodes.Node, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise _wrong(node, f"more than {_MAX_DEPTH} things stand inside one another")


def _refused(node: nodes.Node) -> ValueError:
    name = type(node).__name__
    kind = _WORDS.get(name, f"'{name.lower()}'")
    which = f" '{_shortened(node.name)}'" if isinstance(node, nodes.Filter | nodes.Test) else ""
    return _wrong(node, f"{kind}{which} is not allowed in a prompt template")


# What the writer of a template calls the parts that Jinja names otherwise.
_WORDS = {
    "Add": "'+'",
    "Assign": "'set'",
    "AssignBlock": "'set'",
    "Call": "calling a function",
    "CallBlock": "'call'",
    "Compare": "'in'",
    "Concat": "'~'",
    "CondExpr": "'if' without 'else' in an expression",
    "Div": "'/'",
    "Extends": "'extends'",
    "Filter": "the filter",
    "FilterBlock": "'filter'",
    "FloorDiv": "'//'",
    "FromImport": "'from'",
    "Getitem": "'[…]' outside a loop's list",
    "Import": "'import'",
    "Include": "'include'",
    "Macro": "'macro'",
    "Mod": "'%'",
    "Mul": "'*'",
    "Neg": "'-'",
    "Pow": "'**'",
    "Sub": "'-'",
    "Test": "the test",
}


def _wrong(node: nodes.Node, problem: str) -> ValueError:
    return ValueError(f"Line {node.lineno}: {problem}.")


def _shortened(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}…"


def _listed(names: tuple[str, ...]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}"
