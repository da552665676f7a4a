"""Teams' attendance downloads: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.webinars.attendance import minutes_of
from pipelines.sources.webinars.teams import TeamsReader
from tests.unit.sources.orders import STAYS, rows_after
from tests.unit.sources.report_reading import FIXTURES, Reading

FOLDER = FIXTURES / "teams"


def read(name: str, **source: object) -> Reading:
    return Reading(TeamsReader(), FOLDER / name, **source)


def utc(hour: int, minute: int) -> datetime:
    return datetime(2026, 9, 8, hour, minute, tzinfo=UTC)


def stays(report: Reading) -> list[tuple[str, datetime, datetime]]:
    names = report.column("accounts", "display_name")
    return [(name, row["joined_at"], row["left_at"]) for name, row in zip(names, report.rows("attendance"), strict=True)]


def test_list_of_comings_and_goings_makes_stays():
    report = read("list_utf16.csv")
    assert sorted(stays(report)) == [
        ("Anna Kuratorova", utc(13, 46), utc(15, 10)),
        ("Galya Lugovaya", utc(13, 46), utc(14, 10)),
        ("Galya Lugovaya", utc(14, 20), utc(15, 10)),  # never left: there until the list ends
        ("Oleg Stepnoy", utc(14, 2), utc(14, 30)),
        ("Oleg Stepnoy", utc(14, 5), utc(15, 10)),  # two devices at once
    ]
    assert report.rejected == [
        ("line 9", "left without having joined"),
        ("line 10", "an action that is not known"),
        ("line 11", "a time that is not understood or does not exist"),
    ]
    assert report.column("attendance", "is_guest").count(True) == 2


ENGAGED = (
    "Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole\tEngagement: Reaction-Applause\tEngagement: Reaction-Like\t"
    "Engagement: Reaction-Love\tEngagement: Camera On\tEngagement: Raise Hands\tEngagement: Unmute"
)


@pytest.mark.parametrize("between", [", ", "\t", "\t "], ids=["one cell", "two cells", "two cells and a blank"])
def test_engagement_in_words_of_its_own_and_times_that_a_comma_has_cut_in_two(between: str, tmp_path: Path):
    path = tmp_path / "report.csv"
    lines = [
        "1. Summary",
        "Meeting title\tDigital school",
        f"Start time\t9/8/2026{between}5:00:00 PM",
        f"End time\t9/8/2026{between}6:00:00 PM",
        "",
        "2. Participants",
        ENGAGED,
        f"Anna Kuratorova\t9/8/2026{between}5:01:00 PM\t9/8/2026{between}6:00:00 PM\t59m\tanna@example.org\tanna@example.org\tOrganizer\t1\t2\t0\t1\t4\t3",
        f"Oleg Stepnoy\t9/8/2026{between}5:02:00 PM\t9/8/2026{between}6:00:00 PM\t58m\toleg@example.org\toleg@example.org\tAttendee\t0\t0\t0\t0\t0\t0",
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    report = Reading(TeamsReader(), path)
    assert stays(report) == [("Anna Kuratorova", utc(14, 1), utc(15, 0)), ("Oleg Stepnoy", utc(14, 2), utc(15, 0))]
    signs = [
        tuple(row[sign] for sign in ("reactions", "raised_hands", "camera_minutes", "talk_minutes")) for row in report.rows("attendance")
    ]
    assert signs == [(3, 4, None, None), (0, 0, None, None)]
    (webinar,) = report.rows("webinars")
    assert (webinar["title"], webinar["starts_at"], webinar["ends_at"]) == ("Digital school", utc(14, 0), utc(15, 0))


def test_list_whose_times_a_comma_has_cut_in_two(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text(
        "Full Name,User Action,Timestamp\nAnna Lugovaya,Joined,9/8/2026, 5:01:00 PM\nAnna Lugovaya,Left,9/8/2026, 6:00:00 PM\n", "utf-8"
    )
    assert stays(Reading(TeamsReader(), path)) == [("Anna Lugovaya", utc(14, 1), utc(15, 0))]


def test_engagement_stands_once_at_the_first_stay_of_a_person():
    """Reactions of each type are added up; "2" of a camera is how often, no length; what is no number is not known."""
    rows = read("sections_engagement.csv").rows("attendance")
    assert [tuple(row[sign] for sign in ("reactions", "raised_hands", "camera_minutes", "talk_minutes")) for row in rows] == [
        (None, None, None, None),
        (5, 1, None, None),
        (0, 0, 80, 45.5),
        (None, 0, 10, 0),
    ]
    assert {row["chat_messages"] for row in rows} == {None}


def test_list_in_russian_is_day_first():
    assert stays(read("list_russian.csv")) == [
        ("Анна Кураторова", utc(13, 46), utc(15, 10)),
        ("Галина Луговая", utc(13, 46), utc(14, 10)),
    ]


@pytest.mark.parametrize("name", ["sections_us.csv", "sections_russian.csv", "sections_in_words_not_known.csv", "summary_above.csv"])
def test_report_in_every_layout(name: str):
    report = read(name)
    (webinar,) = report.rows("webinars")
    assert (webinar["starts_at"], webinar["ends_at"], webinar["minutes"]) == (utc(14, 0), utc(15, 10), 70)
    assert webinar["title"]
    first = report.rows("attendance")[0]
    assert (first["joined_at"], first["left_at"], first["minutes"]) == (utc(13, 46), utc(15, 11), 85)
    assert first["account_id"] == report.account(f"{report.column('accounts', 'display_name')[0].lower()}|anna@school.example.org", "teams")
    assert report.rejected == []


def test_activities_are_the_stays_and_participants_are_not_counted_again():
    report = read("sections_us.csv")
    assert report.column("attendance", "minutes") == [85, 28, 30, 28]
    assert report.column("attendance", "is_guest") == [None, None, None, True]


def test_participants_alone_state_minutes_and_no_end_of_an_interrupted_stay():
    report = read("sections_two.csv")
    assert [(row["minutes"], row["left_at"]) for row in report.rows("attendance")] == [(85, utc(15, 11)), (58, None), (28, utc(14, 30))]
    assert report.column("accounts", "email")[1] == "galya@school.example.org"


def test_later_download_of_a_list_extends_the_earlier_in_any_order():
    files = [FOLDER / "list_downloaded_earlier.csv", FOLDER / "list_utf16.csv"]
    one, other = (rows_after(TeamsReader(), order, STAYS) for order in (files, files[::-1]))
    assert one == other
    assert len(one) == 5


@pytest.mark.parametrize(
    ("name", "found"),
    [("sections_cut.csv", "it was cut"), ("empty.csv", "an empty file"), ("../zoom/english.csv", "a Zoom participants report")],
)
def test_what_is_no_whole_report_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        read(name)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1h 30m 51s", 90.85),
        ("1 ч 5 мин", 65),
        ("45 с", 0.75),
        ("1:30:51", 90.85),
        ("30:30", 30.5),
        ("75,5", 75.5),
        ("", None),
        ("soon", None),
    ],
)
def test_lengths_of_time(text: str, minutes: float | None):
    assert minutes_of(text) == (pytest.approx(minutes) if minutes is not None else None)


@pytest.mark.parametrize("name", ["live_event.csv", "live_event_spaced.csv"])
def test_live_event_is_in_utc_and_pairs_by_session(name: str):
    report = read(name)
    day = {"year": 2026, "month": 1, "day": 25, "tzinfo": UTC}
    assert [(row["joined_at"], row["left_at"]) for row in report.rows("attendance")] == [
        (datetime(hour=16, minute=48, second=8, **day), datetime(hour=17, minute=25, second=54, **day)),
        (datetime(hour=16, minute=51, second=13, **day), datetime(hour=17, minute=0, second=13, **day)),
    ]
    assert set(report.column("accounts", "email")) == {"anna@school.example.org"}
    assert report.rejected == []


def written(tmp_path: Path, text: str, name: str = "Занятие - Attendance report.csv") -> Reading:
    """A download of these lines, cells set off by bars."""
    file = tmp_path / name
    file.write_text(text.replace("|", "\t"), "utf-16")
    return Reading(TeamsReader(), file)


def test_times_of_a_header_that_says_so_are_utc(tmp_path: Path):
    report = written(
        tmp_path,
        "1. Summary\nMeeting title|Lesson\nStart time|9/15/26, 8:30:26 AM\nEnd time|9/15/26, 9:46:50 AM\n\n2. Participants\n"
        "Name|First Join (UTC)|Last Leave (UTC)|In-Meeting Duration|Email|Participant ID (UPN)|Role\n"
        "Галина Луговая|9/15/26, 8:35:26 AM|9/15/26, 9:46:50 AM|1h 11m 24s|g@school.example.org||Presenter\n",
    )
    assert report.column("attendance", "joined_at") == [datetime(2026, 9, 15, 8, 35, 26, tzinfo=UTC)]
    assert report.column("webinars", "starts_at") == [datetime(2026, 9, 15, 8, 30, 26, tzinfo=UTC)]


REGISTERED = (
    "1. Summary\nMeeting title|Lesson\nStart time|9/15/26, 8:30:26 AM\nEnd time|9/15/26, 9:46:50 AM\n\n2. Participants\n"
    "Name|First Join|Last Leave|In-Meeting Duration|Email|Participant ID (UPN)|Role|Registration First Name|Registration Last Name|Registration Email\n"
    "Галина Луговая (Unverified)|9/15/26, 8:35:26 AM|9/15/26, 9:00:26 AM|25m|||Attendee|Галина|Луговая|g@school.example.org\n"
    "Борис Линёв|||||||Борис|Линёв|b@school.example.org\n"
)


def test_who_registered_has_that_address_and_who_never_came_is_no_stay(tmp_path: Path):
    report = written(tmp_path, REGISTERED)
    assert [(row["display_name"], row["email"]) for row in report.rows("accounts")] == [("Галина Луговая", "g@school.example.org")]
    assert not report.rejected


def test_a_stay_without_an_address_has_that_of_the_person_of_its_name(tmp_path: Path):
    report = written(
        tmp_path,
        f"{REGISTERED}\n3. In-Meeting Activities\nName|Join Time|Leave Time|Duration|Email|Role\n"
        "Галина Луговая (Unverified)|9/15/26, 8:35:26 AM|9/15/26, 9:00:26 AM|25m||Attendee\n",
    )
    assert [(row["display_name"], row["email"]) for row in report.rows("accounts")] == [("Галина Луговая", "g@school.example.org")]


@pytest.mark.parametrize(
    "text",
    [
        "Nom complet|Action de l’utilisateur|Horodatage\nГалина Луговая|A rejoint|15/09/2020 à 08:35:26\nГалина Луговая|Parti|15/09/2020 à 08:45:26\n",
        "Vollständiger Name|Benutzeraktion|Zeitstempel\nГалина Луговая|Beigetreten|15.9.2020, 08:35:26\nГалина Луговая|Verlassen|15.9.2020, 08:45:26\n",
    ],
)
def test_a_list_in_another_language_is_known_by_what_is_done(text: str, tmp_path: Path):
    report = written(tmp_path, text, "meetingAttendanceList.csv")
    assert [(row["joined_at"], row["minutes"]) for row in report.rows("attendance")] == [(datetime(2020, 9, 15, 5, 35, 26, tzinfo=UTC), 10)]


@pytest.mark.parametrize("mark", ["Gast", "Nicht verifiziert", "Invité", "External"])
def test_marks_of_guests_in_other_languages_are_no_part_of_the_name(mark: str, tmp_path: Path):
    report = written(tmp_path, REGISTERED.replace("Unverified", mark))
    assert report.column("accounts", "display_name") == ["Галина Луговая"]
    assert report.column("attendance", "is_guest") == [True]


def test_a_report_of_2021_in_a_language_that_is_not_known_is_read_by_its_places(tmp_path: Path):
    report = written(
        tmp_path,
        "Besprechungszusammenfassung\nGesamtzahl der Teilnehmer|2\nTitel der Besprechung|Stunde\nStartzeit|15.9.2021, 08:30:26\n"
        "Endzeit|15.9.2021, 09:46:50\n\nVollständiger Name|Beitrittszeit|Verlassenszeit|Dauer|E-Mail|Rolle\n"
        "Галина Луговая|15.9.2021, 08:35:26|15.9.2021, 09:46:50|1 Std. 11 Min.|g@school.example.org|Referent\n",
    )
    assert report.column("webinars", "title") == ["Stunde"]
    assert [(row["joined_at"], row["minutes"]) for row in report.rows("attendance")] == [(datetime(2021, 9, 15, 5, 35, 26, tzinfo=UTC), 71)]


@pytest.mark.parametrize(
    ("text", "minutes"), [("1 Std. 16 Min. 24 Sek.", 76.4), ("1 godz. 6 min 24 sek.", 66.4), ("1 h 6 min 24 s", 66.4), ("1 год 3 хв", 63)]
)
def test_lengths_of_time_in_other_languages(text: str, minutes: float):
    assert minutes_of(text) == pytest.approx(minutes)


def test_a_section_of_activities_that_is_empty_leaves_the_participants(tmp_path: Path):
    """It lost everybody: the section's header stands there for those who may not see the stays, too."""
    report = written(tmp_path, REGISTERED.partition("3. ")[0] + "3. In-Meeting Activities\nName|Join Time|Leave Time|Duration|Email|Role\n")
    assert report.column("accounts", "display_name") == ["Галина Луговая"]
    assert report.rejected == []
