"""Whose code is it: a library's or a counted module's, which goes by its name, or the reader's
own?"""

import functools
import site
import sys
import sysconfig
import types
from importlib import metadata
from pathlib import Path

from .source import counted

PACKAGE = __name__.partition(".")[0]
# Where a decorated function, a method of a class, a partial or a property holds what it calls.
WRAPPED = ("__wrapped__", "__func__", "func", "fget", "fset")


@functools.cache
def library(name: str) -> str | None:
    """How to call a module that goes by its name: one of a library with its version, and where it
    was installed from if that is a commit or a file. None for the reader's own code, and for what
    a folder or nobody knows the version of: it may be edited under the same name.
    """
    root = name.partition(".")[0]
    if root == PACKAGE:
        return name if counted(name) else None
    module = sys.modules.get(name)
    if module is None or name in ("__main__", "__mp_main__"):
        return None
    file = getattr(module, "__file__", None)
    if file is None:
        return name if name in sys.builtin_module_names else None
    if not any(Path(file).is_relative_to(folder) for folder in _folders()):
        return None
    # whose versions stand beside every fingerprint, or may not change it
    if root in ("torch", "numpy") or root in sys.stdlib_module_names:
        return name
    packages = _packages_of(root)
    sources = [_source_of(package) for package in packages]
    if any("dir_info" in source for source in sources):
        return None
    # what is loaded: another version may have been installed since
    loaded = getattr(sys.modules.get(root), "__version__", None)
    versions = [loaded] if loaded else [package.version for package in packages]
    return " ".join([name, *map(str, versions), *sources]).strip() if versions else None


def _packages_of(root):
    """The installed packages with modules under this name."""
    if root not in _packages():
        _packages.cache_clear()  # installed meanwhile, or of no package
    names = sorted(filter(None, {*_packages().get(root, ())}))
    return [*map(metadata.distribution, names)]


def _source_of(package):
    """The commit, file or folder a package was installed from, as pip says. Those of conda were
    all built in a folder, which says nothing of them."""
    by_conda = (package.read_text("INSTALLER") or "").strip() == "conda"
    return "" if by_conda else package.read_text("direct_url.json") or ""


_packages = functools.cache(metadata.packages_distributions)


@functools.cache
def _folders():
    paths = sysconfig.get_paths()
    folders = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(map(Path, folders | {*site.getsitepackages(), site.getusersitepackages()}))


def library_of_class(kind):
    """As `library`, of a class. One that is written in C nobody edits."""
    written_in_python = kind.__flags__ & 1 << 9 and isinstance(kind.__module__, str)
    return library(kind.__module__) if written_in_python else str(kind.__module__)


def is_replacement(value, name=None):
    """Whether what a class holds is not its own: it is, or calls, a function from no library and no
    counted module, or it is one of the package that is not called after the class of this name."""
    if isinstance(value, types.FunctionType):
        home = value.__globals__.get("__name__") or ""
        named = name and str(value.__module__).startswith(PACKAGE)
        other = named and not value.__qualname__.startswith(name)
        if other or library(home) is None and not home.startswith("namedtuple_"):
            return True
    held = getattr(value, "__dict__", ())
    parts = [getattr(value, part) for part in WRAPPED if part in held or hasattr(type(value), part)]
    for called in ("__get__", "__call__"):
        method = getattr(type(value), called, None)
        parts += [method] * isinstance(method, types.FunctionType)
    return any(map(is_replacement, parts))
