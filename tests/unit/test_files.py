"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from archir.diagnostics import ArchirError
from archir.files import atomic_file, atomic_write, check_writable


def refused(path: Path) -> tuple[str, str]:
    """Message and help of the one diagnostic of a failed write."""
    with pytest.raises(ArchirError) as caught:
        atomic_write(path, "new")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "NAS503"
    return diagnostic.message, diagnostic.help


def test_writes_text_and_bytes(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a.txt", "größe\n")
    atomic_write(str(tmp_path / "b.bin"), b"\x00\xff")
    assert (tmp_path / "a.txt").read_bytes() == "größe\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\xff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.bin"]


def test_replaces_and_keeps_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o640)
    atomic_write(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_new_file_has_permissions_of_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        atomic_write(tmp_path / "a", "")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_writes_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "a")
    atomic_write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "a").read_text() == "new"


def test_writes_into_a_device_without_replacing_it() -> None:
    atomic_write("/dev/null", "new")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_error_in_the_block_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def interrupted() -> None:
        with atomic_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_error_of_another_file_in_the_block_is_not_blamed_on_this_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "a") as file:
        file.write((tmp_path / "missing").read_bytes())
    assert list(tmp_path.iterdir()) == []


def test_missing_folder(tmp_path: Path) -> None:
    message, remedy = refused(tmp_path / "no" / "a")
    assert message == f"cannot write `{tmp_path}/no/a`: no such file or directory"
    assert remedy == f"there is no folder `{tmp_path}/no`; make it with `mkdir -p`, or choose another one"


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    message, remedy = refused(tmp_path)
    assert message.endswith("is a directory")
    assert remedy == "name a file, not a folder"


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    message, remedy = refused(tmp_path / "a" / "b")
    assert message.endswith("not a directory")
    assert "there is no folder" in remedy


def test_a_name_of_the_longest_length_works_and_a_longer_one_does_not(tmp_path: Path) -> None:
    atomic_write(tmp_path / ("a" * 255), "new")
    message, remedy = refused(tmp_path / ("a" * 256))
    assert message.endswith("file name too long")
    assert remedy == "choose a shorter name"


def test_what_would_be_refused_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    for path in (tmp_path / "no" / "a", tmp_path, tmp_path / "old" / "b"):
        with pytest.raises(ArchirError) as caught:
            check_writable(path)
        (diagnostic,) = caught.value.diagnostics
        assert (diagnostic.message, diagnostic.help) == refused(path)
    for path in (tmp_path / "new", tmp_path / "old", Path("/dev/null")):
        check_writable(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("old", "old")]


@pytest.mark.parametrize(
    ("number", "function", "remedy"),
    [
        (errno.ENOSPC, "fsync", "free some space on that disk, or write to another one"),
        (errno.EACCES, "open", "choose a folder that you may write to, or change its permissions"),
        (errno.EROFS, "replace", "choose a folder on a file system that is not read-only"),
        (errno.EIO, "fsync", "write to another folder"),
    ],
)
def test_failure_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, function: str, remedy: str
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def broken(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(f"archir.files.os.{function}", broken)
        message, said = refused(path)
    assert message == f"cannot write `{path}`: {os.strerror(number).lower()}"
    assert said == remedy
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_device() -> None:
    message, remedy = refused(Path("/dev/full"))
    assert message == "cannot write `/dev/full`: no space left on device"
    assert "free some space" in remedy
