"""Budgets and mirrors: what the shape of the code promises is checked here."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for top in ("l2tpsec", "radius") for p in (ROOT / top).rglob("*.py"))
MOST_LINES = 500
MOST_FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handler", "base"}


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def has_behaviour(path: Path) -> bool:
    """Tell whether a module does anything: protocols and plain records do not."""
    bodies = (node.body[-1] for node in functions(path) if node.name != "__init__")
    return any(not isinstance(last, ast.Expr) for last in bodies)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES
    assert path.stem not in VAGUE
    for function in functions(path):
        lines = (function.end_lineno or 0) - function.lineno
        assert lines <= MOST_FUNCTION_LINES, f"{function.name}, line {function.lineno}"


def test_functions_are_short_on_average() -> None:
    lengths = [
        (function.end_lineno or 0) - function.lineno + 1
        for path in SOURCES
        for function in functions(path)
    ]
    assert sum(lengths) / len(lengths) < 12


MIRRORED = [p for p in SOURCES if not p.name.startswith("__") and has_behaviour(p)]


@pytest.mark.parametrize("path", MIRRORED, ids=relative)
def test_every_module_has_its_test_file(path: Path) -> None:
    mirror = ROOT / "tests" / "unit" / path.relative_to(ROOT).parent / f"test_{path.name}"
    assert mirror.exists(), f"{relative(mirror)} is missing"


def test_every_package_of_the_map_exists_and_every_package_is_on_it() -> None:
    text = (ROOT / "README.md").read_text()
    mapped = set(
        re.findall(r"^    (l2tpsec/\w+|radius|dictionaries|examples|tests)/? ", text, re.MULTILINE)
    )
    packages = {
        f"l2tpsec/{p.name}" for p in (ROOT / "l2tpsec").iterdir() if (p / "__init__.py").exists()
    }
    assert packages | {"radius", "dictionaries", "examples", "tests"} == mapped


def test_every_effect_is_frozen() -> None:
    for path in SOURCES:
        if path.name != "effects.py":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.decorator_list:
                written = ast.unparse(node.decorator_list[0])
                assert "frozen=True" in written, f"{relative(path)}: {node.name}"
