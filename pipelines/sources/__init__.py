"""READ: one module per export format or system. Each turns an export into record kinds of the raw stage and looks at nothing else.

A new source is one module here, one line in :data:`READERS`, one test file and one fixture per oddity: docs/add_a_source.md.
"""

from __future__ import annotations

from pipelines.sources.attendance_csv import AttendanceCsvReader
from pipelines.sources.mailbox import MailboxReader
from pipelines.sources.meet import MeetReader
from pipelines.sources.moodle_db import MoodleDatabase
from pipelines.sources.moodle_logs import MoodleLogsReader
from pipelines.sources.moodle_reports import MoodleReportsReader
from pipelines.sources.oulad import OuladReader
from pipelines.sources.reading import Reader
from pipelines.sources.surveys import SurveysReader
from pipelines.sources.teams import TeamsReader
from pipelines.sources.telegram import TelegramReader
from pipelines.sources.zoom import ZoomReader

#: Kind in programme.toml → reader.
READERS: dict[str, Reader] = {
    MoodleDatabase.kind: MoodleDatabase(),
    MailboxReader.kind: MailboxReader(),
    TelegramReader.kind: TelegramReader(),
    MoodleLogsReader.kind: MoodleLogsReader(),
    MoodleReportsReader.kind: MoodleReportsReader(),
    ZoomReader.kind: ZoomReader(),
    TeamsReader.kind: TeamsReader(),
    MeetReader.kind: MeetReader(),
    AttendanceCsvReader.kind: AttendanceCsvReader(),
    OuladReader.kind: OuladReader(),
    SurveysReader.kind: SurveysReader(),
}
