"""Tables and reports of which people pack one or several into a ZIP archive: each is read as if the archive were a folder.

The archive is the item: one file that is loaded or refused. Its tables are called as they would be below a folder of the archive's name ("logs.zip" with
"logs_DIGI.csv": "logs/logs_DIGI.csv"), and rejected rows say of which of several they are. A table that cannot be read refuses the whole, and is named.
Archives in archives are not opened; what is passed over in one is said by its ending (:meth:`Packed.left_out`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats.archives import OTHER_ARCHIVES, ZipTree, path_of, shown_ending
from pipelines.sources.formats.delimited import delimited_items
from pipelines.sources.reading import Covers, Event, Item, LeftOut, Rejected

ARCHIVE = ".zip"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Packed:
    """Which files a reader takes, below its path and in the archives there.

    Parameters
    ----------
    what: they are, for errors.
    endings: of their names, in small letters.
    is_wanted: takes a name with one of them; ``unwanted``: what the other names are of.
    is_foreign: tells of the names in an archive that it is for another reader.
    is_called_as_archive: the one table of an archive is called as the archive is, without ending.
    """

    what: str
    endings: tuple[str, ...]
    is_wanted: Callable[[str], bool] = lambda name: True
    unwanted: str = ""
    is_foreign: Callable[[Sequence[str]], bool] = lambda names: False
    is_called_as_archive: bool = False

    def items(self, source: Source) -> list[Item]:
        """Such files below the source's path, ZIP archives that hold one, and archives of other kinds, which are refused when they are read: else nobody would
        learn that they are passed over. Sorted by name. Raises BadSource where there is none."""
        found = delimited_items(source.path, source.name, endings=(*self.endings, ARCHIVE, *OTHER_ARCHIVES))
        if source.path is not None and source.path.is_file():
            return found
        wanted = [item for item in found if self._is_item(item)]
        if not wanted:
            nothing = f"nothing but {self.unwanted}" if self.unwanted else "none"
            raise BadSource(
                f"source {source.name}: looking for {self.what}: there is {nothing} below {source.path}, the archives there looked into"
            )
        return wanted

    def events(self, item: Item, read: Callable[[Item], Iterator[Event]]) -> Iterator[Event]:
        """What ``read`` tells of the file, or of each table in the archive, one after the other. Raises BadFile for an archive that is damaged, swells beyond
        measure or has no such table, for one of another kind than ZIP, and what ``read`` raises."""
        path = path_of(item, self.what)
        if not is_archive(item):
            yield from read(item)
            return
        tree = ZipTree(path)
        try:
            names = self._in(tree)
            if not names:
                raise BadFile(path, place="archive", expected=f"{self.what}, as a table", found="none")
            folder = item.name[: -len(ARCHIVE)]
            spans: list[Covers] = []
            for name in names:
                called = folder if self.is_called_as_archive and len(names) == 1 else f"{folder}/{name}"
                of_table: list[Covers] = []
                for event in _unpacked(tree, name, called, read):
                    if isinstance(event, Covers):
                        of_table = [event]
                    elif isinstance(event, Rejected) and len(names) > 1:
                        yield replace(event, place=f"{name}, {event.place}")
                    else:
                        yield event
                spans += of_table
        finally:
            tree.close()
        yield Covers(
            min((span.since for span in spans if span.since), default=None), max((span.until for span in spans if span.until), default=None)
        )

    def left_out(self, source: Source) -> list[LeftOut]:
        """The files that the archives of :meth:`items` hold beside the tables, by their endings; none of a damaged one: reading it says what is wrong."""
        found: list[LeftOut] = []
        for item in filter(is_archive, self.items(source)):
            if (tree := _opened(item)) is None:
                continue
            taken = set(self._in(tree))
            for name in tree.names():
                if name not in taken:
                    found.append(LeftOut(shown_ending(name), "in an archive, and no table"))
            tree.close()
        return sorted(found, key=lambda one: one.name)

    def _is_item(self, item: Item) -> bool:
        if not is_archive(item):
            return item.name.lower().endswith(OTHER_ARCHIVES) or self.is_wanted(item.name)
        # A damaged archive may hold some: reading it says what is wrong.
        if (tree := _opened(item)) is None:
            return True
        names = self._in(tree)
        tree.close()
        return bool(names)

    def _in(self, tree: ZipTree) -> list[str]:
        names = tree.names()
        return [] if self.is_foreign(names) else [name for name in names if name.lower().endswith(self.endings) and self.is_wanted(name)]


def is_archive(item: Item) -> bool:
    """Is it a ZIP archive by its name?"""
    return item.path is not None and item.name.lower().endswith(ARCHIVE)


def _opened(item: Item) -> ZipTree | None:
    assert item.path is not None
    try:
        return ZipTree(item.path)
    except BadFile:
        return None


def _unpacked(tree: ZipTree, name: str, called: str, read: Callable[[Item], Iterator[Event]]) -> Iterator[Event]:
    """One table, read out of a file: it is read more than once, and a workbook back and forth."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{PurePosixPath(name).suffix.lower()}"
        with tree.open(name) as packed, path.open("wb") as file:
            while block := packed.read(_BLOCK):
                file.write(block)
        try:
            yield from read(Item(called, path))
        except BadFile as error:
            raise BadFile(tree.named(name), place=error.place, expected=error.expected, found=error.found) from None
