"""What one file may cost: the one home of the limits, each with its unit and its reason.

Works of two to five pages lie two to three orders of magnitude below every one of them; a whole thesis with its pictures fits.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Points. Letters smaller than this are a hairline in print and on the screen: nobody reads them.
TINY_POINTS = 2.0
#: Steps of 255 per channel. Two colours that differ by no more than this in each channel are one to the eye (FFFFFF and F8F8F8).
SAME_COLOUR = 12
#: Files. A worker is replaced after so many, so that what a library leaks or fragments stays bounded.
FILES_PER_WORKER = 500
#: Processes. As many as the smallest machine this runs on has cores.
WORKERS = 2
#: Seconds for a worker to start (imports from a cold disk on a busy machine); beyond, the installation is broken, not the file.
START_SECONDS = 60.0


@dataclass(frozen=True)
class Limits:
    """What one file may cost. Beyond any of them it is refused, with the limit's own reason."""

    #: Bytes of the file. Ten times what Moodle lets a course take by habit (a scan of 50 pages has 20 to 40 MB).
    file_bytes: int = 100_000_000
    #: Bytes unpacked of one part of a package. The words of a 1,000-page book are 15 MB of Word's XML; the tree of a part takes
    #: up to eight times its size, which the memory below has to hold.
    part_bytes: int = 30_000_000
    #: Bytes unpacked of all parts that are read (text, styles, notes, settings, properties; never pictures).
    unpacked_bytes: int = 60_000_000
    #: Unpacked by packed bytes of a part. Word's XML shrinks 10 to 30 times, tables of empty cells 100 times; deflate's bombs 1,000 times.
    unpacked_ratio: int = 300
    #: Bytes. Below this a part may shrink as it likes: a short list of the same line does.
    ratio_from_bytes: int = 2_000_000
    #: Members of a package. Word writes 10 to 20 and one per picture.
    members: int = 5_000
    #: Groups inside groups (RTF). Nested tables in lists in text boxes reach 30. XML has its parser's own limit of 256.
    nesting: int = 500
    #: Pages (PDF). The longest thesis has 600; books are not handed in.
    pages: int = 3_000
    #: Objects on one page (PDF). A map or a plot of measured points has some 100,000; only such as text is looked at one by one.
    page_objects: int = 500_000
    #: Characters of text, the hidden ones included. A book of 1,000 pages has 2.5 million.
    characters: int = 5_000_000
    #: Revision ids kept (DOCX, RTF). A work saved daily for a year has fewer; beyond them a list tells nothing more.
    revision_ids: int = 5_000
    #: Seconds of processor time. A page takes 1 to 20 ms, so this is several hundred pages; and a run of hostile files must not stop the day.
    seconds: float = 4.0
    #: Seconds on the clock, for a file on a disk that does not answer: several times the above, as the machine may be busy.
    clock_seconds: float = 30.0
    #: Bytes of address space of one worker: Python and the libraries take 45 MB of it; two workers stay below a gigabyte together.
    memory_bytes: int = 480_000_000


LIMITS = Limits()
