"""An export that is many files: a folder, or a ZIP of one, read the same way.

A ZIP is not trusted: before anything is unpacked its directory is looked at, and one that is damaged, encrypted or swells beyond all
measure is refused (BadFile). Python's reader never gives more of a member than the directory says, so looking there is enough.
Nothing is ever unpacked to disk, so that names with ``..`` in them lead nowhere.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats.json_lines import LONGEST_LINE, NO_JSON, NOT_AN_OBJECT, TOO_LONG, parsed, storable_value
from pipelines.sources.formats.json_stream import JsonStream
from pipelines.sources.reading import Item

#: Unpacked bytes of a whole archive: a messenger's export with its pictures is seldom larger than a tenth of it.
LARGEST_ARCHIVE = 1 << 38
#: Text packs ten to thirty times, the same message over and over about a hundred times; bombs pack a thousand times.
LARGEST_RATIO = 250
#: Below this many unpacked bytes a high ratio does no harm.
_RATIO_FROM = 1 << 26
#: Endings of archives that are not read.
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
#: Files in one archive: an account of ten years with one file a day and chat has some hundred thousand.
MOST_MEMBERS = 1_000_000
_IS_ENCRYPTED = 0x1
_IS_UTF8 = 0x800
_OF_WINDOWS = 0
#: Three Cyrillic letters of code page 866 side by side: no word of the languages that code page 437 is for has so many letters beyond ASCII.
_CYRILLIC = re.compile(rb"[\x80-\xaf\xe0-\xf1]{3}")
#: An ending that programs give.
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")
#: Lines without a single object among them show that a file is something else.
_LINES_TO_TELL = 100
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, UnicodeDecodeError)


class Tree(Protocol):
    """Files of one export, under names with ``/`` relative to its root."""

    path: Path

    def names(self) -> list[str]:
        """All files, sorted; what operating systems add (``__MACOSX``, hidden files) is left out."""
        ...

    def open(self, name: str) -> BinaryIO:
        """One of them, for reading from the front. Raises BadFile while reading where the archive is damaged."""
        ...

    def named(self, name: str) -> Path:
        """How an error names this file."""
        ...


class FolderTree:
    """A folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        found = (file.relative_to(self.path) for file in self.path.rglob("*") if file.is_file())
        return sorted(file.as_posix() for file in found if not is_hidden(file.parts))

    def open(self, name: str) -> BinaryIO:
        return (self.path / name).open("rb")

    def named(self, name: str) -> Path:
        return self.path / name


class ZipTree:
    """A ZIP archive whose directory has been looked at. Raises BadFile for one that is none, is encrypted or swells beyond measure.

    ``with_hidden``: folders that begin with a full stop are folders like others (Maildir's).
    """

    def __init__(self, path: Path, *, with_hidden: bool = False) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            members = self._zip.infolist()
        except (*_DAMAGE, ValueError) as error:
            raise BadFile(path, place="archive", expected="a whole ZIP archive", found=_what(path, error)) from None
        unpacked, packed = sum(member.file_size for member in members), sum(member.compress_size for member in members)
        if len(members) > MOST_MEMBERS or unpacked > LARGEST_ARCHIVE:
            raise BadFile(path, place="archive", expected="an export", found=f"{len(members)} files of {unpacked >> 20} MiB unpacked")
        # Overlapping members are counted each, as they would be read each.
        real = min(packed, path.stat().st_size)
        if unpacked > _RATIO_FROM and unpacked > LARGEST_RATIO * max(real, 1):
            raise BadFile(path, place="archive", expected="an export", found=f"{unpacked >> 20} MiB packed into {real >> 10} KiB")
        named = ((name, member) for member in members if not (name := _name_of(member)).endswith("/"))
        seen = ((name, name.split("/"), member) for name, member in named)
        self._members = {
            name: member for name, parts, member in seen if not is_hidden(parts[-1:] if with_hidden and "__MACOSX" not in parts else parts)
        }

    def names(self) -> list[str]:
        return sorted(self._members)

    def open(self, name: str) -> BinaryIO:
        member = self._members[name]
        if member.flag_bits & _IS_ENCRYPTED:
            raise BadFile(self.path, place="archive", expected="an archive without a password", found="an encrypted file")
        return _Member(lambda: self._zip.open(member), self.named(name))  # type: ignore[return-value]

    def named(self, name: str) -> Path:
        return self.path / name

    def close(self) -> None:
        """Let go of the archive; what was opened from it stays readable."""
        self._zip.close()


class _Member:
    """One member of an archive; damage is BadFile."""

    def __init__(self, start: Callable[[], Any], path: Path) -> None:
        self._path = path
        self._given = 0
        try:
            self._content = start()
        except _DAMAGE as error:
            raise self._bad(error) from None

    def read(self, size: int = -1) -> bytes:
        try:
            block: bytes = self._content.read(size)
        except _DAMAGE as error:
            raise self._bad(error) from None
        self._given += len(block)
        return block

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_: object) -> None:
        self._content.close()

    def close(self) -> None:
        self._content.close()

    def _bad(self, error: Exception) -> BadFile:
        return BadFile(
            self._path, place=f"byte {self._given} (unpacked)", expected="more of the archive", found=f"damage ({type(error).__name__})"
        )


def _name_of(member: zipfile.ZipInfo) -> str:
    """A member's name, with ``/`` between folders: PowerShell of Windows 10 writes a backslash."""
    name = _as_written(member)
    return name.replace("\\", "/") if member.create_system == _OF_WINDOWS else name


def _as_written(member: zipfile.ZipInfo) -> str:
    """A member's name. Where the archive does not say UTF-8, macOS writes it all the same, and Russian Windows code page 866."""
    if member.flag_bits & _IS_UTF8 or member.filename.isascii():
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp866") if _CYRILLIC.search(raw) else member.filename


def open_tree(path: Path) -> Tree:
    """The files of an export. Raises BadFile for a file that is no ZIP archive."""
    return FolderTree(path) if path.is_dir() else ZipTree(path)


def read_whole(tree: Tree, name: str, largest: int) -> bytes:
    """One file as bytes. Raises BadFile where it has more than ``largest``."""
    with tree.open(name) as content:
        data = content.read(largest + 1)
    if len(data) > largest:
        raise BadFile(tree.named(name), place="file", expected=f"at most {largest >> 20} MiB", found="more")
    return data


def buffered(tree: Tree, name: str) -> io.BufferedReader:
    """One file, buffered: for reading lines, and for looking at what comes."""
    return io.BufferedReader(_Raw(tree.open(name)), 1 << 20)


class _Raw(io.RawIOBase):
    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._content.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._content.close()
        super().close()


def json_records(tree: Tree, name: str, what: str) -> Iterator[tuple[str, dict[str, Any] | None, str]]:
    """The objects of a file with one a line, or of one JSON list: place, object, and "" – or None and why there is none.

    Raises BadFile for an empty file, for one without any object, and for one that is cut off.
    """
    path = tree.named(name)
    found = False
    with buffered(tree, name) as content:
        head = content.peek(1)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"["):
            stream = JsonStream(content, path)
            for number, value in enumerate(chain.from_iterable(stream.blocks()), start=1):
                found = True
                is_object = isinstance(value, dict)
                yield f"element {number}", storable_value(value) if is_object else None, "" if is_object else NOT_AN_OBJECT
            if stream.peek():
                raise stream.bad("the end of the file", "more after the end of the list")
            return
        number = 0
        while line := content.readline(LONGEST_LINE):
            number += 1
            is_whole = line.endswith(b"\n")
            if not is_whole and len(line) == LONGEST_LINE:
                while (more := content.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                    pass
                yield f"line {number}", None, TOO_LONG
                continue
            record, reason = parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
            if reason and not line.strip():
                continue
            if reason == NO_JSON and not is_whole and found:
                raise BadFile(path, place=f"line {number}", expected="a whole line", found="the end of the file: it is cut off")
            found = found or not reason
            if not found and number >= _LINES_TO_TELL:
                break
            yield f"line {number}", record, reason
    if not found:
        raise BadFile(path, place="the first lines", expected=what, found="something else" if number else "an empty file")


def is_hidden(parts: Iterable[str]) -> bool:
    """A file or folder that operating systems make for themselves, or Excel beside a workbook that somebody has open (``~$sheet.xlsx``)."""
    return any(part.startswith((".", "~$")) or part == "__MACOSX" for part in parts)


def shown_ending(name: str) -> str:
    """The ending of a file's name in small letters, as it may be shown to anybody; "no ending" where what stands behind the full stop may be a part of a name."""
    ending = PurePosixPath(name).suffix
    return ending.lower() if _ENDING.fullmatch(ending) else "no ending"


def source_root(source: Source, what: str) -> Path:
    """The source's path. Raises BadSource where there is none."""
    if source.path is None:
        raise BadSource(f"source {source.name}: path is missing in the programme file")
    if not source.path.exists():
        raise BadSource(f"source {source.name}: looking for {what}: there is no file or folder {source.path}")
    return source.path


def tree_items(
    source: Source,
    what: str,
    is_export: Callable[[Path], bool],
    endings: tuple[str, ...] = (".zip",),
    *,
    is_posted: Callable[[Path], bool] | None = None,
) -> list[Item]:
    """Exports below the source's path: folders that ``is_export`` says are one, and files outside of them with one of ``endings``.

    Names are relative to the path, so that they stay when it moves. Raises BadSource where there is nothing.

    Parameters
    ----------
    is_posted: whether a path leads to a file that somebody posted, and that lies beside an export. Where that can be told, archives
        of other kinds than ZIP are items as well, which :func:`path_of` refuses: else nobody would learn that they are passed over.
    """
    root = source_root(source, what)
    if root.is_file() or is_export(root):
        return [Item(root.name, root)]
    below = sorted(path for path in root.rglob("*") if not is_hidden(path.relative_to(root).parts))
    folders: list[Path] = []
    for path in below:
        if path.is_dir() and not any(folder in path.parents for folder in folders) and is_export(path):
            folders.append(path)
    files = [
        path
        for path in below
        if path.is_file()
        and path.name.lower().endswith(endings if is_posted is None else (*endings, *OTHER_ARCHIVES))
        and not any(folder in path.parents for folder in folders)
        and not (is_posted and is_posted(path))
    ]
    found = sorted((*folders, *files))
    if not found:
        raise BadSource(f"source {source.name}: looking for {what}: there is none below {root.name}")
    return [Item(path.relative_to(root).as_posix(), path) for path in found]


def path_of(item: Item, what: str) -> Path:
    """The item's path. Raises BadSource where the item has none, BadFile for an archive of another kind than ZIP."""
    if item.path is None:
        raise BadSource(f"{item.name}: {what} is a file or a folder; the item has no path")
    if item.path.name.lower().endswith(OTHER_ARCHIVES) and item.path.is_file():
        raise BadFile(item.path, place="file name", expected=f"{what}, unpacked or in a ZIP archive", found="an archive of another kind")
    return item.path


def _what(path: Path, error: Exception) -> str:
    if not path.stat().st_size:
        return "an empty file"
    return "something else, or a part of one" if isinstance(error, zipfile.BadZipFile) else type(error).__name__
