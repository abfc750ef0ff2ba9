"""The domain's source uses nothing that could make two runs of one log differ."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SOURCES = sorted((ROOT / "streams" / "domain").rglob("*.py"))

BLAS = {"dot", "matmul", "einsum", "linalg", "inner", "tensordot"}
"""Functions of numpy that call a BLAS, whose sums depend on threads and builds."""

OF_THE_PROCESS = {"hash", "id", "input", "open", "print"}
"""Built-ins whose result depends on the process, or that do I/O."""


def impurities(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            yield "a matrix product"
        if isinstance(node, ast.Attribute) and node.attr in BLAS:
            yield node.attr
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in OF_THE_PROCESS:
            yield f"{called.id}()"
        if isinstance(node, ast.For | ast.comprehension) and isinstance(
            node.iter, ast.Set | ast.SetComp
        ):
            yield "a walk over a set"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_domain_holds_nothing_that_depends_on_the_process(path: Path) -> None:
    assert list(impurities(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    ["a @ b", "np.linalg.inv(a)", "np.dot(a, b)", "hash(a)", "for a in {1, 2}: pass"],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(impurities(ast.parse(source))) != []
