"""A tiny invented world and what an export of it, made at some moment, holds. Each source of files has a writer: :data:`WRITERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.sources.worlds import chats, events, tables, webinars
from tests.unit.sources.worlds.happening import Export, World


@dataclass(frozen=True)
class Writer:
    """How one kind is written, and what the programme file says of it.

    ``write``: the files of one export, into a folder of its own.
    """

    write: Callable[[World, Export, Path], None]
    #: Record that no export is without: an empty warehouse would agree with another.
    record: str
    options: dict[str, object] = field(default_factory=dict)
    kind: str | None = None
    #: Tables in which rows may stand that one export of the end cannot show, with the condition that tells them.
    more: dict[str, str] = field(default_factory=dict)
    #: Reasons for which rows are rejected as they should be.
    rejects: tuple[str, ...] = ()
    #: A later export takes the place of the earlier one: the file's name means something.
    is_replaced: bool = False


#: What was taken away stands, marked, where an earlier export held it.
_TAKEN_AWAY = {
    "raw.messages": "deleted_at is not null",
    "personal.messages": "message_id in (select message_id from raw.messages where deleted_at is not null)",
    "raw.addressees": "message_id in (select message_id from raw.messages where deleted_at is not null)",
}


def _chat(write: Callable[[World, Export, Path], None]) -> Writer:
    return Writer(write, "messages", more=_TAKEN_AWAY)


#: Case → writer; the kind is the case unless the writer names it.
WRITERS: dict[str, Writer] = {
    "telegram": _chat(chats.telegram),
    "whatsapp": _chat(chats.whatsapp),
    "vk": _chat(chats.vk),
    "slack": _chat(chats.slack),
    "mattermost": _chat(chats.mattermost),
    "rocketchat": _chat(chats.rocketchat),
    "discord": _chat(chats.discord),
    "max": Writer(chats.max_chat, "messages", {"is_whole": True}, more=_TAKEN_AWAY),
    "mailbox": Writer(chats.mbox, "messages"),
    "maildir": Writer(chats.maildir, "messages", kind="mailbox"),
    "zoom": Writer(webinars.zoom, "attendance"),
    "teams": Writer(webinars.teams, "attendance"),
    "meet": Writer(webinars.meet, "attendance"),
    "bigbluebutton": Writer(webinars.bigbluebutton, "attendance"),
    "mts_link": Writer(webinars.mts_link, "attendance"),
    "attendance_csv": Writer(webinars.attendance_csv, "attendance"),
    "survey_csv": Writer(tables.survey_csv, "survey_answers", is_replaced=True),
    "moodle_logs": Writer(tables.moodle_logs, "activity"),
    "moodle_reports": Writer(tables.moodle_reports, "completions", {"course": "DIGI"}),
    "moodle_participants": Writer(tables.moodle_participants, "enrolments", {"course": "DIGI"}),
    "moodle_grades": Writer(tables.moodle_grades, "grades", {"course": "DIGI"}),
    # An archive may be of selected people, so a file that is in it no more is not taken for gone: earlier files stay beside the present one.
    "moodle_submissions": Writer(
        tables.moodle_submissions,
        "submissions",
        {"course": "DIGI"},
        more={"raw.submission_files": "true", "personal.submission_files": "true", "raw.file_texts": "true", "personal.file_texts": "true"},
    ),
    "moodle_forums": Writer(tables.moodle_forums, "messages", {"course": "DIGI"}, more=_TAKEN_AWAY),
    "openedx": Writer(events.openedx, "activity"),
    # What a statement said that was voided later has been counted; it stays without saying anything of anybody.
    "xapi": Writer(events.xapi, "activity", more={"raw.activity": "account_id is null"}, rejects=("voided",)),
    "generic": Writer(tables.generic, "activity"),
    "generic_whole": Writer(tables.generic_whole, "messages", {"is_whole": True}, kind="generic", more=_TAKEN_AWAY),
    "oulad": Writer(tables.oulad, "activity"),
}
