"""The source files of the package, parsed once, for the tests of its rules."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("specs", "mocks", "contracts")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceFile:
    """One module. ``module`` is its name below ``specduet``: ``mocks.world.table``."""

    path: Path
    module: str

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        """The folder below the package, or the module itself where it stands at the package's top."""
        return ".".join(self.module.split(".")[:2])

    def functions(self) -> Iterator[FunctionNode]:
        """Every function and method, nested ones too, without dunder methods."""
        for node in ast.walk(self.tree):
            if isinstance(node, FunctionNode) and not node.name.startswith("__"):
                yield node

    def imports(self) -> Iterator[str]:
        """Every module of this project that is imported, relative to ``specduet``; for type checking alone included."""
        for name in self.imported_names():
            if name.startswith("specduet."):
                yield name.removeprefix("specduet.")

    def imported_names(self) -> Iterator[str]:
        """Every imported module, by its full name; ``from package import module`` gives ``package.module``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative import"
                yield from self._imported_from(node)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
                yield ast.unparse(node.args[0]).lstrip("f").strip("'\"").partition(".{")[0]

    def _imported_from(self, node: ast.ImportFrom) -> Iterator[str]:
        modules = module_names()
        assert node.module is not None
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            yield full if full.removeprefix("specduet.") in modules else node.module


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every module of the three packages and of the front door."""
    return tuple(_find_files())


@cache
def module_names() -> frozenset[str]:
    return frozenset(_module_name(path) for path in _find_paths())


def _find_files() -> Iterator[SourceFile]:
    for path in _find_paths():
        yield SourceFile(path, _module_name(path))


def _find_paths() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))
    yield from sorted((ROOT / "src" / "specduet").glob("*.py"))


def _module_name(path: Path) -> str:
    relative = path.relative_to(ROOT)
    if relative.parts[0] == "src":
        relative = relative.relative_to("src/specduet")
    return ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
