"""An assignment's submissions as its page downloads them ("Download all submissions"): a ZIP, or the folder it was unpacked to.

Sources of the format: ``mod/assign/classes/downloader.php`` (Moodle 4.2 on), ``assign::download_submissions`` in ``mod/assign/locallib.php``
(before), ``mod/assign/submission/{file,onlinetext}/locallib.php``.

What has to be known about it:

- The archive is called "<course>-<assignment>[-<group>]-<course module id>.zip": the id is the task's own, so the task is the log's and the
  database's. An archive that was renamed has no task. Where no other source tells of the task, its title and (unless ``course`` or ``feeds`` of
  the source says it) its course are those of the archive's name.
- Per person and kind of submission a folder, "Full Name_123_assignsubmission_file_" (no "_" at the end since 4.2), or where folders were
  switched off a file of that name and the learner's own. 123 is the id of the person *in this assignment* (``assign_user_mapping``), the
  same before and after identities are revealed: the submission's id is made of it, and nobody's account is.
- The account is known by the name shown (``name:…``). With blind marking the name is "Participant" ("Участник"): the account is null.
- **Team work**: since 4.2 a folder per team, "Team_45_assignsubmission_file": nothing tells it from a person's, so the team's name makes an
  account that links to nobody. Before 4.2 the team's name stood before the person's ("Team-Full Name_123"); such a name links to nobody too.
  Of one group that was chosen, the group's name stands before every name and in the archive's: it is taken off. Submissions of nobody's group ("Default group", no id) are read by the name.
- The last attempt alone, whatever its state: it counts as submitted, with no time. No draft is told from a submission.
- Online text is a page of HTML ("onlinetext.html", named in the downloader's language) and becomes the submission's text; pictures beside it
  are files. Files are told apart by SHA-1 of their bytes, as Moodle does itself, and opened for their text (``file_texts``).
- An archive can be of selected people or of one group, so nothing is taken for gone.
- When it was made: the time of its newest member, as the server wrote it, without a zone (``time_zone`` of the source, else the programme's).

Not kept: kinds of submission that are no files (comments).
"""

from __future__ import annotations

import mimetypes
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.archives import Tree, open_tree, path_of, tree_items
from pipelines.sources.formats.file_texts import LIMITS, Reason
from pipelines.sources.formats.file_texts.pool import Content
from pipelines.sources.formats.file_texts.records import events as file_text_events
from pipelines.sources.formats.marked_text import text_of, word_count
from pipelines.sources.lms.moodle_courses import assignment, course_and_title, course_code, course_of, hash_of
from pipelines.sources.lms.moodle_words import event_word, person_keys
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

WHAT = "submissions of an assignment (kind moodle_submissions)"

_ENTRY = re.compile(r"^(?P<who>.*?)(?:_(?P<id>[0-9]{1,18}))?_assignsubmission_(?P<plugin>[a-z0-9]+)(?:_(?P<flat>.*))?$", re.DOTALL)
_MODULE = re.compile(r"-(?P<id>[0-9]{1,18})(?:\s*\([0-9]+\))?$")  # a browser calls the second download "… (1)"
# A group or team that was chosen stands before the word.
_BLIND = re.compile(r"(?:.*-)?(?:participant|участник|teilnehmerin|teilnehmer|participante)")
_HTML = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)", re.IGNORECASE)
#: Bytes of an online text: a hundred times the longest essay. Beyond, it is none.
_LONGEST_TEXT = 1 << 24
_BYTES_AT_ONCE = 1 << 20
#: Submissions put into one batch.
_ROWS_AT_ONCE = 5_000


@dataclass
class _Submission:
    who: str
    number: str | None
    files: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class MoodleSubmissionsReader:
    """Reader of downloaded submissions. Kind ``moodle_submissions``."""

    kind: ClassVar[str] = "moodle_submissions"
    version: ClassVar[int] = 4

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """ZIP archives below the source's path, and folders that are one unpacked. Raises BadSource where there is none."""
        return tree_items(source, WHAT, _is_unpacked)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Submissions with their online text, their files, the files' texts; derived: accounts, course, task. Raises BadFile for any other archive."""
        path = path_of(item, WHAT)
        realm = source.realm or "moodle"
        tree = open_tree(path)
        submissions, strangers = _sorted_out(tree)
        if not submissions:
            raise BadFile(path, place="archive", expected=WHAT, found="no file called '…_assignsubmission_…'")
        for number in range(1, strangers + 1):
            yield Seen("submission_files", 1)
            yield Rejected("submission_files", f"other file {number}", "belongs to no submission")
        match = _MODULE.search(path.stem if path.is_file() else path.name)
        module = match["id"] if match else None
        called = (path.stem if path.is_file() else path.name)[: match.start() if match else None]
        called = _without_group(submissions, called)
        code, title = course_code(source, item), ""
        task = None if module is None else f"{realm}:task:{module}"
        if task is not None:
            code, title = course_and_title(called, code)
        course = None if code is None else course_of(realm, code)
        if course is not None and code is not None and task is not None:
            yield from assignment(course, code, task, title)
        hashes: dict[str, tuple[str, int]] = {}
        places = {name: f"file {number}" for number, name in enumerate(sorted(tree.names()), start=1)}
        batch: list[_Submission] = []
        for submission in submissions:
            batch.append(submission)
            if len(batch) == _ROWS_AT_ONCE:
                yield from _rows(tree, batch, realm, course, task, module, context, hashes, places)
                batch = []
        yield from _rows(tree, batch, realm, course, task, module, context, hashes, places)
        # Equal files are opened once; what is too long for a text is not taken into memory.
        once = {content: name for name, (content, _) in sorted(hashes.items(), reverse=True)}
        for name in sorted(name for name in once.values() if hashes[name][1] > LIMITS.file_bytes):
            yield Seen("file_texts", 1)
            yield Rejected("file_texts", places[name], Reason.TOO_LARGE.value)
        short = {name: hashes[name] for name in once.values() if hashes[name][1] <= LIMITS.file_bytes}
        yield from file_text_events(_contents(tree, short, places), zone=context.zone)
        yield Covers(None, _made_at(path, context))


def _is_unpacked(folder: Path) -> bool:
    return any(_ENTRY.match(entry.name) for entry in folder.iterdir())


def _sorted_out(tree: Tree) -> tuple[list[_Submission], int]:
    """Submissions in the order of their names, and how many files are of none. Folders around the whole are passed over."""
    found: dict[tuple[str, str], _Submission] = {}
    strangers = 0
    for name in tree.names():
        parts = name.split("/")
        place, match = next(((place, match) for place, part in enumerate(parts) if (match := _ENTRY.match(part))), (0, None))
        if match is None:
            strangers += 1
            continue
        who, number = match["who"].strip(), match["id"]
        inside = "/".join(parts[place + 1 :]) or match["flat"] or "unnamed"
        submission = found.setdefault((number or who, "" if number else who), _Submission(who, number))
        is_text = match["plugin"] == "onlinetext" and "/" not in inside and _is_page(tree, name, inside)
        if is_text:
            submission.texts.append(name)
        else:
            submission.files.append((name, f"{match['plugin']}/{inside}"))
    return [found[key] for key in sorted(found)], strangers


def _without_group(submissions: list[_Submission], archive: str) -> str:
    """Take the name of the group off the people's names, and off the archive's: of one group, Moodle before 4.2 calls both by it. The archive's name."""
    words = event_word(archive.replace("_", " "))
    first = submissions[0].who
    for cut in (place for place, letter in enumerate(first) if letter == "-" and place):
        group = first[: cut + 1]
        if words.endswith(f"-{event_word(group[:-1])}") and all(one.who.startswith(group) and one.who != group for one in submissions):
            for one in submissions:
                one.who = one.who.removeprefix(group).strip()
            return archive[: -len(group)]
    return archive


def _is_page(tree: Tree, name: str, inside: str) -> bool:
    if not inside.lower().endswith((".html", ".htm")) and "." in inside:
        return False
    with tree.open(name) as content:
        return bool(_HTML.match(content.read(200)))


def _rows(
    tree: Tree,
    submissions: list[_Submission],
    realm: str,
    course: str | None,
    task: str | None,
    module: str | None,
    context: Context,
    hashes: dict[str, tuple[str, int]],
    places: dict[str, str],
) -> Iterator[Event]:
    if not submissions:
        return
    names = [None if _BLIND.fullmatch(event_word(one.who)) else one.who for one in submissions]
    natives = person_keys(names)
    accounts = context.pseudonyms.column(realm, natives)
    known = [place for place, native in enumerate(natives) if native is not None]
    if known:
        columns = {
            "account_id": accounts.take(pa.array(known)),
            "realm": pa.repeat(pa.scalar(realm), len(known)),
            "channel": pa.repeat(pa.scalar("lms"), len(known)),
            "native_id": pa.array([natives[place] for place in known], pa.string()),
            "display_name": pa.array([names[place] for place in known], pa.string()),
        }
        yield Batch("accounts", pa.table(columns), counted=False)
    ids = [_submission_id(one, realm, module) for one in submissions]
    texts: list[str | None] = []
    for one in submissions:
        text, problem = _text(tree, one.texts)
        texts.append(text)
        if problem:
            # The submission stays, its text cannot: it is counted as one of its files.
            yield Seen("submission_files", 1)
            yield Rejected("submission_files", places[one.texts[0]], problem)
    count = len(submissions)
    yield Seen("submissions", count)
    yield Batch(
        "submissions",
        pa.table(
            {
                "submission_id": pa.array(ids, pa.string()),
                "kind": pa.repeat(pa.scalar("assignment"), count),
                "account_id": accounts,
                "task_id": pa.repeat(pa.scalar(task, pa.string()), count),
                "course_id": pa.repeat(pa.scalar(course, pa.string()), count),
                "is_latest": pa.repeat(pa.scalar(True), count),
                "state": pa.repeat(pa.scalar("submitted"), count),
                "chars": pa.array([None if text is None else len(text) for text in texts], pa.int32()),
                "words": pa.array([word_count(text) for text in texts], pa.int32()),
                "files": pa.array([len(one.files) for one in submissions], pa.int32()),
                "text": pa.array(texts, pa.string()),
            }
        ),
    )
    files = [(submission_id, name, inside) for submission_id, one in zip(ids, submissions, strict=True) for name, inside in one.files]
    if files:
        yield Seen("submission_files", len(files))
        hashes.update((name, _digest(tree, name)) for _, name, _ in files)
        columns = {
            "file_id": pa.array([f"{realm}:file:name:{hash_of(submission, inside)}" for submission, _, inside in files], pa.string()),
            "submission_id": pa.array([submission for submission, _, _ in files], pa.string()),
            "content_hash": pa.array([hashes[name][0] for _, name, _ in files], pa.string()),
            "bytes": pa.array([hashes[name][1] for _, name, _ in files], pa.int64()),
            "media_type": pa.array([mimetypes.guess_type(name)[0] for _, name, _ in files], pa.string()),
            "filename": pa.array([inside.rsplit("/", 1)[-1] for _, _, inside in files], pa.string()),
        }
        yield Batch("submission_files", pa.table(columns))


def _submission_id(one: _Submission, realm: str, module: str | None) -> str:
    if one.number is not None:
        return f"{realm}:submission:participant:{one.number}"
    return f"{realm}:submission:name:{hash_of(module or '', one.who)}"


def _text(tree: Tree, names: list[str]) -> tuple[str | None, str | None]:
    """(plain text, why there is none)."""
    if not names:
        return None, None
    with tree.open(names[0]) as content:
        data = content.read(_LONGEST_TEXT + 1)
    if len(data) > _LONGEST_TEXT:
        return None, "an online text that is too long"
    return text_of(data.decode("utf-8-sig", "replace")), None


def _digest(tree: Tree, name: str) -> tuple[str, int]:
    digest, size = sha1(usedforsecurity=False), 0
    with tree.open(name) as content:
        while block := content.read(_BYTES_AT_ONCE):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _contents(tree: Tree, hashes: dict[str, tuple[str, int]], places: dict[str, str]) -> Iterator[tuple[str, str, Content]]:
    for name in sorted(hashes):
        with tree.open(name) as content:
            yield hashes[name][0], places[name], content.read()


def _made_at(path: Path, context: Context) -> datetime | None:
    if path.is_dir():
        return None
    with zipfile.ZipFile(path) as archive:
        times = [member.date_time for member in archive.infolist() if member.date_time > (1980, 1, 1, 0, 0, 0)]
    try:
        return datetime(*max(times), tzinfo=context.zone).astimezone(UTC) if times else None
    except ValueError:
        return None
