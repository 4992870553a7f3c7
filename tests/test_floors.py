"""Imports go down the floors only, and never in a circle (DESIGN §2)."""

import ast
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"tasks_app": 0, "m3u_app": 1, "epg_app": 2, "channels_app": 3}
# Modules of ecm_site that every app may import. They import no app; the middleware may know the lowest floor.
GROUND = {
    "archives",
    "benchmarks",
    "client_address",
    "clock",
    "conf",
    "crypto",
    "dispatcharr",
    "environment",
    "fetching",
    "full_disk",
    "htmx",
    "http",
    "keys",
    "log_level",
    "logs",
    "many_ids",
    "masking",
    "middleware",
    "navigation",
    "one_at_a_time",
    "palette",
    "regex",
    "recent_log",
    "refusals",
    "role_rules",
    "roles",
    "request_log",
    "request_rates",
    "routers",
    "settings_form",
    "settings_navigation",
    "toasts",
    "tracing",
    "typed_numbers",
    "unpacking",
    "version",
    "wording",
}
MAY_KNOW_TASKS = {"middleware"}
PAGES_FLOOR = 4


def source_files() -> list[Path]:
    """Our Python files without tests and migrations."""
    return sorted(
        path
        for package in (*FLOORS, "ecm_site")
        for path in (ROOT / package).rglob("*.py")
        if not {"tests", "migrations", "__pycache__"} & set(path.relative_to(ROOT).parts)
    )


def parsed(path: Path) -> ast.Module:
    """Without garbage collection: when it begins while Python 3.11 builds a tree and another thread goes on, the tree counts as
    broken (python/cpython issue 106905)."""
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


def imported_modules(path: Path) -> Iterator[str]:
    """Dotted names of project modules that ``path`` imports anywhere, also inside functions and for type checking."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_ground(module: str) -> bool:
    parts = module.split(".")
    return parts[0] == "ecm_site" and len(parts) > 1 and parts[1] in GROUND


def floor_of(module: str) -> int | None:
    """The floor of a project module; -1 for ground stones, None for what is not ours."""
    top = module.split(".", maxsplit=1)[0]
    if top in FLOORS:
        return FLOORS[top]
    if top != "ecm_site" or module == "ecm_site":
        return None
    return -1 if is_ground(module) else PAGES_FLOOR


@pytest.mark.parametrize("path", source_files(), ids=module_name)
def test_a_module_imports_only_from_floors_below(path: Path) -> None:
    own = module_name(path)
    floor = floor_of(own)
    if floor is None:
        assert own == "ecm_site"
        return
    top = own.split(".")[0]
    for module in imported_modules(path):
        other = floor_of(module)
        if other is None or (module.split(".")[0] == top and (top != "ecm_site" or other <= floor)):
            continue
        if module.startswith("tasks_app") and own.split(".")[-1] in MAY_KNOW_TASKS:
            continue
        assert other < floor, f"{own} (floor {floor}) imports {module} (floor {other})"


def import_graph() -> dict[str, set[str]]:
    """Module → modules of the project that it imports when it is loaded (not inside functions, not for types alone)."""
    known = {module_name(path) for path in source_files()}
    graph: dict[str, set[str]] = {}
    for path in source_files():
        found = set()
        for node in top_level_imports(parsed(path).body):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                found.add(name if name in known else name.rpartition(".")[0])
        graph[module_name(path)] = (found & known) - {module_name(path)}
    return graph


def top_level_imports(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try | ast.With):
            yield from top_level_imports(node.body)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from top_level_imports(node.body + node.orelse)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = import_graph()
    assert len(graph) > 80
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way[way.index(module) :], module))
        if module in done:
            return
        for other in sorted(graph[module]):
            visit(other, (*way, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_no_subpackages_depend_on_each_other_in_a_circle() -> None:
    """Inside an app: ``importing`` may use the app's plain modules or be used by them, but packages form no circle."""
    graph: dict[str, set[str]] = {}
    for module, others in import_graph().items():
        own = package_of(module)
        for other in others:
            target = package_of(other)
            if own and target and own != target:
                graph.setdefault(own, set()).add(target)

    def reaches(start: str, goal: str, seen: frozenset[str] = frozenset()) -> bool:
        return any(
            other == goal or (other not in seen and reaches(other, goal, seen | {other})) for other in graph.get(start, ())
        )

    assert [package for package in graph if reaches(package, package)] == []


def package_of(module: str) -> str:
    """``m3u_app.importing`` for a module inside a subpackage, nothing for a module that lies directly in its app."""
    path = ROOT.joinpath(*module.split("."))
    parts = module.split(".") if path.is_dir() else module.split(".")[:-1]
    return ".".join(parts[:2]) if len(parts) > 1 else ""
