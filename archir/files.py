"""Files that a person or a resumed run needs: written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from archir.diagnostics import fail

_REMEDIES = {
    errno.ENOSPC: "free some space on that disk, or write to another one",
    errno.EDQUOT: "free some of your quota, or write to another disk",
    errno.EFBIG: "write to a file system that takes files of this size",
    errno.EACCES: "choose a folder that you may write to, or change its permissions",
    errno.EPERM: "choose a folder that you may write to, or change its permissions",
    errno.EROFS: "choose a folder on a file system that is not read-only",
    errno.EISDIR: "name a file, not a folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`), or close some",
}


def atomic_write(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Writes a file whole or not at all; text is written as UTF-8.

    Raises:
        ArchirError: NAS503 if the file cannot be written; an old file of that
            name is then as it was, and nothing half-written is left behind.
    """
    with atomic_file(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raises the error of `atomic_write` for a place that takes no file, before hours of work are lost by it."""
    target = Path(os.path.realpath(path))
    probe = _temporary(target)
    try:
        mode = _mode(target)
        if mode is None or stat.S_ISREG(mode):
            _create(probe, None).close()
            probe.unlink()
    except OSError as error:
        _refuse(Path(path), target, error)


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write to; it takes its name when the `with` block ends without an error.

    Write to it from Python: a library that wraps the errors of the file in its own
    (torch.save does) hides from archir that a disk is full. Serialise to bytes first there.

    Raises:
        ArchirError: NAS503 as in `atomic_write`.
    """
    target = Path(os.path.realpath(path))
    temporary = _temporary(target)
    try:
        mode = _mode(target)
        if mode is not None and not stat.S_ISREG(mode):
            # A pipe or a device such as /dev/stdout has no old content to protect and must not be replaced.
            with target.open("wb") as file:
                yield file
            return
        with _create(temporary, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        if error.filename not in (None, str(target), str(temporary)):
            raise  # the block failed at a file of its own
        _refuse(Path(path), target, error)
    finally:
        with suppress(OSError):  # after os.replace there is nothing to remove
            temporary.unlink()


def _temporary(target: Path) -> Path:
    """A new name beside the file; `search.folders` sweeps such names."""
    return target.with_name(f".archir-{secrets.token_hex(6)}.tmp")


def _mode(target: Path) -> int | None:
    """Type and permissions of what stands at `target`; None if nothing does. Raises OSError for a folder."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    return mode


def _create(temporary: Path, mode: int | None) -> BinaryIO:
    """A new file with the permissions of the one that it will replace, else those of the umask."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    file = os.fdopen(descriptor, "wb")
    if mode is not None:
        with suppress(OSError):  # not every file system has permissions
            os.chmod(temporary, stat.S_IMODE(mode))
    return file


def _sync_folder(folder: Path) -> None:
    """Makes the new name last through a power cut, where the file system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse(path: Path, target: Path, error: OSError) -> NoReturn:
    reason = error.strerror.lower() if error.strerror else str(error)
    fail("NAS503", f"cannot write `{path}`: {reason}", help=_remedy(target.parent, error.errno))


def _remedy(folder: Path, number: int | None) -> str:
    if number in (errno.ENOENT, errno.ENOTDIR) and not folder.is_dir():
        return f"there is no folder `{folder}`; make it with `mkdir -p`, or choose another one"
    return _REMEDIES.get(number or 0, "write to another folder")
