"""What the wheel holds is what the checkout holds."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

# The top-level folders that are packages, and their import names.
FOLDERS = {"archir": "archir", "grammar": "archir.grammar", "lowering": "archir.lowering", "spaces": "archir.spaces"}


def python_packages(root: Path) -> set[str]:
    found = set()
    for folder, name in FOLDERS.items():
        for init in (root / folder).rglob("__init__.py"):
            if not any(parent.is_symlink() for parent in init.parents):
                found.add(".".join((name, *init.parent.relative_to(root / folder).parts)))
    return found


def files(root: Path, folder: str, pattern: str) -> set[str]:
    top = FOLDERS[folder].replace(".", "/")
    return {f"{top}/{path.relative_to(root / folder).as_posix()}" for path in (root / folder).rglob(pattern)}


def test_every_package_is_listed(root: Path) -> None:
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert sorted(listed) == listed
    assert set(listed) == python_packages(root)


def test_every_folder_with_python_is_a_package(root: Path) -> None:
    for folder in FOLDERS:
        for path in (root / folder).rglob("*.py"):
            if not any(parent.is_symlink() for parent in path.parents):
                assert (path.parent / "__init__.py").exists(), f"{path.parent} has no __init__.py"


def test_symlinks_are_relative(root: Path) -> None:
    for folder in ("grammar", "lowering", "spaces"):
        assert (root / "archir" / folder).readlink() == Path("..") / folder


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built without network and outside the checkout."""
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    source.mkdir()
    for name in (*FOLDERS, "pyproject.toml", "README.md", "LICENSE"):
        subprocess.run(["cp", "-R", str(root / name), str(source / name)], check=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        str(work),
        ".",
    ]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = work.glob("*.whl")
    return path


@pytest.mark.slow
def test_wheel_holds_every_file(root: Path, wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {"archir/py.typed", "archir/grammar/nas.lark", "archir/grammar/tables.json"}
    expected |= files(root, "spaces", "*.nas")
    for folder in ("grammar", "lowering", "spaces"):
        expected |= files(root, folder, "*.py")
    expected |= {
        path.relative_to(root).as_posix()
        for path in (root / "archir").rglob("*.py")
        if not any(parent.is_symlink() for parent in path.parents)
    }
    assert held == expected


@pytest.mark.slow
def test_every_module_imports_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = (
        "import sys, importlib, pkgutil\n"
        f"sys.path[:0] = [{str(tmp_path)!r}]\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        "import archir\n"
        f"assert archir.__file__.startswith({str(tmp_path)!r}), archir.__file__\n"
        "found = [m.name for m in pkgutil.walk_packages(archir.__path__, 'archir.')]\n"
        "names = [name for name in found if not name.endswith('__main__')]\n"
        "for name in names:\n"
        "    module = importlib.import_module(name)\n"
        f"    assert module.__file__.startswith({str(tmp_path)!r}), module.__file__\n"
        "print(len(names))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py") and "__main__" not in name]
    assert int(done.stdout) == len(modules) - 1  # all but archir itself
