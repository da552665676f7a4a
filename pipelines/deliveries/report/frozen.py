"""Reports that never change: each lies under the hash of what it says, with the hashes of its files and of what it was made from.

``reports/<week>/<version>/`` holds ``content.json`` (everything the report says, as figures), the files made of it, and ``manifest.json``,
which is written last: a folder with one is finished and is never written to again. ``reports/<week>/index.json`` lists the versions of a week in the
order in which they were made. Whatever reads a report asks :func:`verified` first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import Any

from pipelines.deliveries.report import report_html, report_pdf, report_words, report_xlsx
from pipelines.deliveries.report.report_model import VERSION_CHARACTERS, Report, report_of, version_of
from pipelines.deliveries.shared.files import WrittenFile, write_file
from pipelines.deliveries.shared.language import Language
from pipelines.errors import BadFile

CONTENT, MANIFEST, INDEX = "content.json", "manifest.json", "index.json"
_KINDS = {".html": "report_html", ".pdf": "report_pdf", ".xlsx": "report_xlsx", ".json": "report_json"}
#: What sets pages and tables: with the same content and the same of these a report has the same bytes.
_TOOLS = ("babel", "jinja2", "matplotlib", "typst", "xlsxwriter")


@dataclass(frozen=True)
class Version:
    """One version of a week's report, as the index has it. ``made_at``: when it was first made; ``manifest``: hash of its manifest."""

    week_ends_on: date
    version: str
    made_at: datetime
    manifest: str

    @property
    def place(self) -> str:
        """Its folder, relative to the folder of deliveries."""
        return f"reports/{self.week_ends_on.isoformat()}/{self.version}"


@cache
def tools() -> dict[str, str]:
    """What sets a report here: releases of the libraries, and a hash of Mayak's own writers, templates and words."""
    home = Path(__file__).parents[1]
    own = [path for path in home.rglob("*") if path.suffix in (".py", ".html", ".typ", ".css", ".po") and path.parent.name != "page"]
    digest = sha256(b"".join(path.read_bytes() for path in sorted(own))).hexdigest()
    return {**{name: version_of_package(name) for name in _TOOLS}, "mayak": digest[:VERSION_CHARACTERS]}


def bytes_of(report: Report, language: str) -> dict[str, bytes]:
    """File name → bytes of the report's page, PDF and workbook in a language. Same report, same tools, same bytes."""
    speaker = Language(language, report.zone)
    document = report_words.document(report, speaker)
    return {
        f"report.{language}.html": report_html.page_of(document, speaker),
        f"report.{language}.pdf": report_pdf.pdf_of(document, language),
        f"report.{language}.xlsx": report_xlsx.workbook_of(report, speaker),
    }


def freeze(report: Report, folder: Path, languages: Sequence[str], *, inputs: Mapping[str, str], made_at: datetime) -> tuple[Version, bool]:
    """Keep a report under its version, and say whether it is new.

    ``inputs``: what it was made from → its hash. Content that is there already is verified and left alone, whatever the inputs were. Raises
    BadFile where a file of that version is no longer what was made.
    """
    known = {version.version: version for version in versions(folder, report.week_ends_on)}
    if report.version in known:
        verified(folder, known[report.version])
        return known[report.version], False
    place = f"reports/{report.week_ends_on.isoformat()}/{report.version}"
    files = {CONTENT: report.content}
    for language in languages:
        files |= bytes_of(report, language)
    for name, content in files.items():
        _write(folder, f"{place}/{name}", content)
    manifest = {
        "week_ends_on": report.week_ends_on.isoformat(),
        "version": report.version,
        "content": sha256(report.content).hexdigest(),
        "languages": list(languages),
        "files": {name: sha256(content).hexdigest() for name, content in sorted(files.items())},
        "inputs": dict(sorted(inputs.items())),
        "tools": tools(),
    }
    written = _write(folder, f"{place}/{MANIFEST}", _json(manifest))
    made = Version(report.week_ends_on, report.version, made_at, written.sha256)
    rows = [
        {"version": one.version, "made_at": one.made_at.astimezone(UTC).isoformat(timespec="seconds"), "manifest": one.manifest}
        for one in (*known.values(), made)
    ]
    _write(
        folder,
        f"reports/{report.week_ends_on.isoformat()}/{INDEX}",
        _json({"week_ends_on": report.week_ends_on.isoformat(), "versions": rows}),
    )
    return made, True


def versions(folder: Path, week_ends_on: date) -> list[Version]:
    """The versions of a week's report, the first one made first; the last one is the current one. None: no report was made."""
    path = folder / "reports" / week_ends_on.isoformat() / INDEX
    if not path.is_file():
        return []
    rows = json.loads(path.read_bytes())["versions"]
    return [Version(week_ends_on, row["version"], datetime.fromisoformat(row["made_at"]), row["manifest"]) for row in rows]


def weeks(folder: Path) -> list[date]:
    """The weeks of which there is a report, oldest first."""
    return sorted(date.fromisoformat(path.parent.name) for path in (folder / "reports").glob(f"*/{INDEX}"))


def verified(folder: Path, version: Version) -> dict[str, Any]:
    """The manifest of a version, after every file of it was found to be what was made.

    Raises BadFile naming the first file that is missing, changed or was never part of it.
    """
    home = folder / version.place
    content = _read(home / MANIFEST)
    if sha256(content).hexdigest() != version.manifest:
        raise BadFile(home / MANIFEST, place="the whole file", expected="the manifest that the index of its week names", found="another")
    manifest: dict[str, Any] = json.loads(content)
    for name, digest in manifest["files"].items():
        if sha256(_read(home / name)).hexdigest() != digest:
            raise BadFile(home / name, place="the whole file", expected="the bytes that were frozen", found="others")
    strangers = sorted({path.name for path in home.iterdir()} - {MANIFEST, *manifest["files"]})
    if strangers:
        raise BadFile(home / strangers[0], place="the folder of a frozen report", expected="its own files alone", found="another file")
    if version_of((home / CONTENT).read_bytes()) != version.version:
        raise BadFile(home / CONTENT, place="the whole file", expected="the content whose hash is the name of its folder", found="another")
    return manifest


def remade(folder: Path, version: Version) -> dict[str, bytes]:
    """The files of a version made again from its content: file name → bytes. Raises BadFile as :func:`verified` does."""
    manifest = verified(folder, version)
    report = report_of((folder / version.place / CONTENT).read_bytes())
    files = {CONTENT: report.content}
    for language in manifest["languages"]:
        files |= bytes_of(report, language)
    return files


def files_of(folder: Path, week_ends_on: date) -> list[WrittenFile]:
    """Every file of every version of a week, and its index."""
    home = folder / "reports" / week_ends_on.isoformat()
    paths = [path for path in sorted(home.rglob("*")) if path.is_file() and path.suffix in _KINDS]
    return [
        WrittenFile(
            str(path.relative_to(folder)), _KINDS[path.suffix], "leadership", sha256(path.read_bytes()).hexdigest(), path.stat().st_size
        )
        for path in paths
    ]


def _write(folder: Path, path: str, content: bytes) -> WrittenFile:
    return write_file(folder, path, content, kind=_KINDS[Path(path).suffix], receiver_id="leadership")


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise BadFile(path, place="the whole file", expected="a file of a frozen report", found="none")
    return path.read_bytes()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
