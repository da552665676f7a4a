"""Forums as Moodle's page exports them. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.loading.uniting import unite
from pipelines.sources.lms.moodle_forums import MoodleForumsReader
from pipelines.warehouse import Warehouse
from tests.unit.sources import table_forms
from tests.unit.sources.report_reading import FIXTURES, Reading

HEADER = (
    "id", "discussion", "parent", "userid", "userfullname", "created", "modified", "mailed", "subject", "message", "messageformat", "messagetrust",
    "attachment", "totalscore", "mailnow", "deleted", "privatereplyto", "privatereplytofullname", "wordcount", "charcount",
)  # fmt: skip
ROWS = [
    HEADER,
    ("11", "7", "0", "5", "Ирина Полевая", "1788764841", "1788764841", "1", "Когда зачёт?", "<p>Когда зачёт?<br>В пятницу?</p>", "1", "0", "1", "0", "0", "0", "0", "", "3", "20"),
    ("12", "7", "11", "6", "Олег Степной", "1788768441", "1788768501", "1", "Re: Когда зачёт?", "<p>В пятницу</p>", "1", "0", "", "0", "0", "0", "5", "Ирина Полевая", "2", "10"),
    ("13", "7", "11", "6", "Олег Степной", "1788768442", "1788768502", "1", "Сообщение удалено", "Это сообщение удалено", "1", "0", "", "0", "0", "1", "0", "", "2", "10"),
]  # fmt: skip


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("form", sorted(name for name in table_forms.FORMS if not name.startswith("json_of_cells")))
def test_posts_in_every_form(form: str, tmp_path: Path):
    path = tmp_path / f"Вопросы.{form.rpartition('.')[2]}"
    report = Reading(MoodleForumsReader(), table_forms.FORMS[form](path, ROWS), course="DIGI")
    irina, oleg = report.account("5"), report.account("6")
    columns = (
        "message_id",
        "reply_to_id",
        "thread_id",
        "account_id",
        "sent_at",
        "edited_at",
        "deleted_at",
        "is_private",
        "media",
        "subject",
        "text",
    )
    assert [tuple(row[name] for name in columns) for row in report.rows("messages")] == [
        ("moodle:post:listed:11", None, "moodle:discussion:7", irina, at(1788764841), None, None, False, "file", "Когда зачёт?", "Когда зачёт?\nВ пятницу?"),
        ("moodle:post:listed:12", "moodle:post:listed:11", "moodle:discussion:7", oleg, at(1788768441), at(1788768501), None, True, None, "Re: Когда зачёт?", "В пятницу"),
        ("moodle:post:listed:13", "moodle:post:listed:11", "moodle:discussion:7", oleg, at(1788768442), None, at(1788768502), False, None, None, None),
    ]  # fmt: skip
    assert [row["question_marks"] for row in report.rows("messages")] == [2, 0, None]
    assert {(row["native_id"], row["display_name"]) for row in report.rows("accounts")} == {("5", "Ирина Полевая"), ("6", "Олег Степной")}
    assert [(row["account_id"], row["role"]) for row in report.rows("addressees")] == [(irina, "to")]
    assert [(row["title"], row["course_id"], row["kind"]) for row in report.rows("chats")] == [
        ("Вопросы", "moodle:course:code:DIGI", "forum")
    ]


@pytest.mark.parametrize("form", ["²", "9" * 5000, "html", ""])
def test_a_format_that_moodle_does_not_have_is_its_default(form: str, tmp_path: Path):
    row = [*ROWS[1]]
    row[HEADER.index("messageformat")] = form
    report = Reading(MoodleForumsReader(), table_forms.page(tmp_path / "Вопросы.html", [HEADER, tuple(row)]), course="DIGI")
    assert [row["text"] for row in report.rows("messages")] == ["Когда зачёт?\nВ пятницу?"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("понедельник, 7 сентября 2026, 09:07", "понедельник, 7 сентября 2026, 09:08"),
        ("Monday, 7 September 2026, 9:07 AM", "Monday, 7 September 2026, 9:08 AM"),
    ],
)
def test_dates_that_people_read(first: str, second: str, tmp_path: Path):
    rows = [HEADER, (*ROWS[1][:5], first, second, *ROWS[1][7:])]
    (row,) = Reading(MoodleForumsReader(), table_forms.excel_of_people(tmp_path / "discussion.xlsx", rows)).rows("messages")
    assert (row["sent_at"], row["edited_at"]) == (datetime(2026, 9, 7, 6, 7, tzinfo=UTC), datetime(2026, 9, 7, 6, 8, tzinfo=UTC))


def test_forum_is_known_by_its_file_and_course(tmp_path: Path):
    def chat(name: str, **source: object) -> dict:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        return Reading(MoodleForumsReader(), table_forms.page(path, ROWS), **source).rows("chats")[0]

    assert chat("discussion.html")["chat_id"] == chat("discussion (1).html")["chat_id"]
    assert chat("discussion.html")["chat_id"] != chat("discussion.html", course="DIGI")["chat_id"]
    assert (chat("discussion.html")["title"], chat("discussion.html")["course_id"]) == (None, None)


def test_odd_posts_are_rejected_one_by_one(tmp_path: Path):
    rows = [HEADER, ("x", *ROWS[1][1:]), ("11", "0", *ROWS[1][2:]), (*ROWS[1][:5], "some day", *ROWS[1][6:]), ROWS[1]]
    report = Reading(MoodleForumsReader(), table_forms.excel_of_people(tmp_path / "discussion.xlsx", rows))
    assert [reason for _, reason in report.rejected] == ["no id", "no discussion", "a time that is not understood"]
    assert len(report.rows("messages")) == 1


def test_another_table_is_called_by_its_name():
    with pytest.raises(BadFile, match="what looks like a Moodle gradebook"):
        Reading(MoodleForumsReader(), FIXTURES / "moodle_grades" / "english.csv")


def test_post_that_the_database_tells_of_stands_once():
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for kind in ("moodle_db", "moodle_forums"):
            warehouse.connection.execute(
                "insert into raw.loads select $1, $1, $1, 'one', 'f', 1, 'loaded', null, null, null, 1, 1, 0, null, now()", [kind]
            )
        message = "insert into raw.messages (message_id, channel, chat_id, reply_to_id, kind, source, load_id) values ($1, 'forum', $2, $3, 'post', $4, $4)"
        for row in (
            ("moodle:post:11", "moodle:forum:3", None, "moodle_db"),
            ("moodle:post:listed:11", "moodle:forum:listed:a", None, "moodle_forums"),
            ("moodle:post:listed:12", "moodle:forum:listed:a", "moodle:post:listed:11", "moodle_forums"),
        ):
            warehouse.connection.execute(message, row)
        unite(warehouse)
        assert warehouse.rows("select message_id, reply_to_id from raw.messages order by 1") == [
            ("moodle:post:11", None),
            ("moodle:post:listed:12", "moodle:post:11"),
        ]
