"""Workbooks that hold more than one of Moodle's tables, as teachers gather them: a sheet per group, per course, per month.

One sheet is read, the one whose header is known best. Rows of the others that hold such a table are rejected, with their place: which course, quiz or
assignment a table is of its file's name tells, if anything does, so that a second course's sheet would be read as the first one's, and two quizzes have
the same columns. Saved as files of their own they are read, each by its name.

What is no such table (notes, pivots) is nobody's row. A sheet that goes on where a full one ends is read with it (``workbooks``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pipelines.sources.formats.delimited import Header
from pipelines.sources.formats.tables import FURTHER_SHEET, TableFile, rows_of_further_sheets
from pipelines.sources.formats.workbooks import Row
from pipelines.sources.reading import Event, Rejected, Seen


def reject_further_sheets(
    file: TableFile, header: Header, words: Iterable[str], is_such: Callable[[Header], bool], record: str
) -> Iterator[Event]:
    """The rows of further sheets with such a table, each as one rejected row of ``record``; nothing of any other file.

    Parameters
    ----------
    header: of the sheet that is read: whatever stands below the same one is such a table, in any language, and with lines above it.
    words: as ``file`` was opened with.
    is_such: would the reader take a file with this header?
    """
    own = _trimmed(header.words)

    def header_at(rows: Sequence[Row]) -> int | None:
        filled = [(place, line, cells) for place, (line, cells) in enumerate(rows) if any(cell.strip() for cell in cells)]
        for place, line, cells in filled:
            if _trimmed(Header(tuple(cells), line).words) == own:
                return place
        if not filled:
            return None
        place, line, cells = filled[0]
        width = max(len(_trimmed(cells)) for _, _, cells in filled)
        return place if is_such(Header((*cells[:width], *[""] * (width - len(cells))), line)) else None

    for told in rows_of_further_sheets(file.path, words, header_at=header_at):
        yield Seen(record, 1)
        yield Rejected(record, told, FURTHER_SHEET)


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Without the empty cells at the end, which workbooks leave out."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return tuple(cells[:end])
