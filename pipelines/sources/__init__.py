"""READ: one module per export format or system. Each turns an export into record kinds of the raw stage and looks at nothing else.

A new source is one module here, one line in :data:`READERS`, one test file and one fixture per oddity: docs/add_a_source.md.
"""

from __future__ import annotations

from collections import UserDict
from importlib import import_module

from pipelines.sources.reading import Reader


class _Readers(UserDict[str, Reader | None]):
    """Readers by kind. A module and the libraries of its format are imported when the first source of that kind is read; ``places``: where each stands."""

    def __init__(self, places: dict[str, str]) -> None:
        super().__init__()
        self.places = places
        self.data = dict.fromkeys(places)

    def __getitem__(self, kind: str) -> Reader:
        reader = self.data[kind]
        if reader is None:
            module, name = self.places[kind].split(":")
            reader = self.data[kind] = getattr(import_module(f"pipelines.sources.{module}"), name)()
        return reader


#: Kind in programme.toml → module and class of its reader.
READERS = _Readers(
    {
        "moodle_db": "lms.moodle_db:MoodleDatabase",
        "moodle_ws": "lms.moodle_ws:MoodleWebServices",
        "moodle_logs": "lms.moodle_logs:MoodleLogsReader",
        "moodle_reports": "lms.moodle_reports:MoodleReportsReader",
        "moodle_participants": "lms.moodle_participants:MoodleParticipantsReader",
        "moodle_grades": "lms.moodle_grades:MoodleGradesReader",
        "moodle_submissions": "lms.moodle_submissions:MoodleSubmissionsReader",
        "moodle_forums": "lms.moodle_forums:MoodleForumsReader",
        "oulad": "lms.oulad:OuladReader",
        "telegram": "chats.telegram:TelegramReader",
        "whatsapp": "chats.whatsapp:WhatsAppReader",
        "vk": "chats.vk:VkReader",
        "slack": "chats.slack:SlackReader",
        "mattermost": "chats.mattermost:MattermostReader",
        "rocketchat": "chats.rocketchat:RocketChatReader",
        "discord": "chats.discord:DiscordReader",
        "max": "chats.max:MaxReader",
        "mailbox": "mail.mailbox:MailboxReader",
        "imap": "mail.imap:ImapReader",
        "zoom": "webinars.zoom:ZoomReader",
        "bigbluebutton": "webinars.bigbluebutton:BigBlueButtonReader",
        "teams": "webinars.teams:TeamsReader",
        "meet": "webinars.meet:MeetReader",
        "mts_link": "webinars.mts_link:MtsLinkReader",
        "attendance_csv": "webinars.attendance_csv:AttendanceCsvReader",
        "survey_csv": "surveys.surveys:SurveysReader",
        "openedx": "lms.openedx:OpenEdxReader",
        "xapi": "lms.xapi:XapiReader",
        "generic": "generic:GenericReader",
    }
)

#: Kinds that are read from a server: kind → what of MAYAK_SOURCES__<NAME>__… it asks for. Those of no file have no path.
SERVED_KINDS = {
    "moodle_db": ("URL",),
    "moodle_ws": ("URL", "TOKEN"),
    "imap": ("URL",),
    "xapi": ("URL",),
    "max": ("TOKEN",),
    "mts_link": ("TOKEN",),
}
#: Of these those that read files as well.
SERVED_OR_FILES = frozenset(("xapi", "max", "mts_link"))

#: Kinds that bring webinars, which are not held every day: late only after thresholds.webinar_late_hours (as in reports.rpt_sources).
WEBINAR_KINDS = frozenset(("zoom", "bigbluebutton", "teams", "meet", "mts_link", "attendance_csv"))
