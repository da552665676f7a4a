"""A warehouse with report tables of invented people: what the deliveries are tried on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.deliveries.report import reports
from pipelines.deliveries.report.report_model import Report
from pipelines.deliveries.report.report_words import document
from pipelines.deliveries.shared.language import Language
from pipelines.programme import Programme
from pipelines.warehouse import Warehouse

DAY = date(2026, 11, 22)
WEEK = date(2026, 11, 22)

_PERSON = (
    "day date, curator_id varchar, stream_id varchar, person_id varchar, learner_name varchar, course_name varchar, stream_title varchar"
)
#: Column types of the report tables, as the dbt models have them.
TABLES = {
    "rpt_curators": "day date, curator_id varchar, curator_name varchar, streams varchar, learners bigint",
    "rpt_sources": "day date, source varchar, kind varchar, covers_until timestamptz, hours_behind double, state varchar, problem varchar, "
    "rows_rejected bigint",
    "rpt_at_risk_daily": f"{_PERSON}, course_day integer, course_days integer, target varchar, score double, level varchar, previous_level varchar, "
    "basis varchar, reasons json, levels_7d json, silent_days integer, tasks_missed integer, missed_tasks json, last_contact_at timestamptz, "
    "last_contact_channel varchar, last_contact_name varchar, best_channel varchar, best_hour_from integer, best_hour_until integer, is_last_contact_own boolean",
    "rpt_open_questions": f"{_PERSON}, question_id varchar, channel varchar, asked_at timestamptz, hours_open double, working_hours_open double, "
    "text varchar, is_technical boolean, cluster_id varchar, asked_before bigint, faq_answer varchar, is_address_bounced boolean, answer_returned_at timestamptz, is_doubtful boolean, is_answer_returned boolean, "
    "possibly_answered_at timestamptz",
    "rpt_never_started": f"{_PERSON}, enrolled_at timestamptz, method varchar, is_bulk_enrolled boolean, days_since_start integer, best_channel varchar, email varchar, "
    "phone varchar, institution varchar",
    "rpt_not_reached": f"{_PERSON}, notice_id varchar, subject varchar, sent_at timestamptz, why varchar, notices_in_row integer, next_channel varchar",
    "rpt_similar_work": "day date, curator_id varchar, stream_id varchar, course_name varchar, stream_title varchar, task_id varchar, task_name varchar, "
    "source_kind varchar, source_id varchar, source_at timestamptz, source_in_file boolean, source_name varchar, learners bigint, people json",
    "rpt_people": "person_id varchar, email varchar, phone varchar, institution varchar",
    "rpt_learners": "day date, curator_id varchar, person_id varchar, learner_name varchar, streams varchar, email varchar, phone varchar, "
    "institution varchar, course_day integer, level varchar",
    "rpt_timeline": "person_id varchar, learner_name varchar, stream_id varchar, occurred_at timestamptz, channel varchar, what varchar, text varchar, "
    "ref_id varchar, title varchar, by_name varchar",
    "rpt_idle_groups": "day date, curator_id varchar, stream_id varchar, course_name varchar, stream_title varchar, learners bigint, active bigint, "
    "last_active_on date",
    "rpt_week_streams": "week_ends_on date, stream_id varchar, course_name varchar, stream_title varchar, course_day integer, learners bigint, "
    + ", ".join(
        f"{name}{suffix} double"
        for suffix in ("", "_previous", "_earlier_stream")
        for name in (
            "active_share",
            "never_started_share",
            "submitted_first_share",
            "missed_share",
            "at_risk",
            "completed_share",
            "dropped_share",
        )
    ),
    "rpt_week_conditions": "week_ends_on date, condition varchar, indicator varchar, value double, low double, high double, n bigint, previous double, "
    "earlier_stream double, unit varchar, note varchar",
    "rpt_week_aspects": "week_ends_on date, course_name varchar, place integer, part varchar, aspect varchar, n bigint, percent_1 integer, percent_2 integer, "
    "percent_3 integer, percent_4 integer, percent_5 integer, vulnerable_share double, is_vulnerable boolean",
    "rpt_week_survey": "week_ends_on date, course_name varchar, item varchar, aspect varchar, n bigint, share_1 double, share_2 double, share_3 double, share_4 double, "
    "share_5 double, vulnerable_share double, is_vulnerable boolean",
    "rpt_week_quality": "week_ends_on date, source varchar, kind varchar, state varchar, covers_until timestamptz, hours_behind double, items_loaded "
    "bigint, items_failed bigint, rows_seen bigint, rows_kept bigint, rows_rejected bigint, rejected_share double, accounts bigint, "
    "accounts_linked bigint, linked_share double, problem varchar",
    "rpt_week_warnings": "week_ends_on date, warned bigint, warned_dropped bigint, unwarned bigint, unwarned_dropped bigint, ended bigint",
    "rpt_week_figures": "week_ends_on date, until_day date, back bigint, condition varchar, indicator varchar, n bigint, value double, low double, high double, unit varchar",
    "rpt_week_funnel": "week_ends_on date, stream_id varchar, course_name varchar, stream_title varchar, place integer, step varchar, learners bigint",
    "rpt_week_risk": "week_ends_on date, place integer, level varchar, learners bigint, learners_previous bigint, learners_then bigint, left_since bigint, "
    "completed_since bigint, still_running bigint, foreseen double",
    "rpt_week_latency": "week_ends_on date, part varchar, part_id varchar, course_name varchar, clock varchar, questions bigint, answered bigint, open_now bigint, "
    "km_within_24h double, low double, high double, km_median_hours double, km_median_low double, km_median_high double, rmst_72h double, "
    "oldest_open_hours double, questions_previous bigint, km_within_24h_previous double",
    "rpt_week_feedback": "week_ends_on date, part varchar, part_id varchar, course_name varchar, marks bigint, substantive bigint, returned bigint, formal bigint, "
    "boilerplate bigint, without_comment bigint, substantive_share double, low double, high double, works integer, marked integer, unmarked integer, "
    "median_hours double, in_time_share double, in_time_low double, in_time_high double, works_previous integer, unmarked_previous integer, "
    "median_hours_previous double, in_time_share_previous double",
    "rpt_week_works": "week_ends_on date, part varchar, part_id varchar, course_name varchar, works bigint, compared bigint, copied bigint, copied_from_chat bigint, "
    "tampered bigint, copied_share double, copied_low double, copied_high double, completions bigint, judged bigint, formal bigint, formal_share double, "
    "formal_low double, formal_high double",
    "rpt_week_trouble": "week_ends_on date, place integer, sign varchar, cases bigint, people bigint, n bigint, share double, low double, high double, "
    "n_previous bigint, share_previous double",
    "rpt_week_marks": "week_ends_on date, item_id varchar, state varchar, has_acted_since boolean",
    "rpt_week_questions": "week_ends_on date, cluster_id varchar, course_name varchar, asked bigint, asked_this_week bigint, people bigint, answers bigint, curator_minutes double, first_at timestamptz, last_at timestamptz, "
    "text varchar, faq_answer varchar",
}

Rows = Sequence[Mapping[str, Any]]


def programme(length: int = 15, language: str | None = None) -> Programme:
    """An invented programme."""
    return Programme(id="demo", name="Цифровая школа", time_zone="Europe/Moscow", lists={"length": length, "language": language})


def warehouse_of(**tables: Rows) -> Warehouse:
    """A warehouse in memory with the declared schemas and every report table, filled with the rows given by table."""
    warehouse = Warehouse.open(None)
    warehouse.create_schemas()
    warehouse.connection.execute("create schema reports")
    for name, columns in TABLES.items():
        warehouse.connection.execute(f"create table reports.{name} ({columns})")
        insert(warehouse, f"reports.{name}", tables.get(name, ()))
    return warehouse


def insert(warehouse: Warehouse, table: str, rows: Rows) -> None:
    """Add rows; columns left out are null."""
    for row in rows:
        names = ", ".join(row)
        values = [json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value for value in row.values()]
        warehouse.connection.execute(f"insert into {table} ({names}) values ({', '.join('?' for _ in row)})", values)


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def back(days: int, hour: int = 9) -> datetime:
    """A moment some days before the end of the fixture's day."""
    return at(DAY - timedelta(days=days), hour)


CURATOR = "p1000000000000000000a"
BASE = {"day": DAY, "curator_id": CURATOR, "stream_id": "ЦОС-36/2", "course_name": "ЦОС-36", "stream_title": "поток 2"}


def person(number: int, name: str, **values: Any) -> dict[str, Any]:
    """Columns that say who, and where."""
    return {**BASE, "person_id": f"p{number:020d}", "learner_name": name, **values}


def curator(**values: Any) -> dict[str, Any]:
    """A row of rpt_curators."""
    streams = [{"stream_id": "ЦОС-36/2", "course_name": "ЦОС-36", "stream_title": "поток 2"}]
    return {"day": DAY, "curator_id": CURATOR, "curator_name": "Соколова Анна Петровна", "streams": streams, "learners": 118, **values}


def source(name: str, state: str, **values: Any) -> dict[str, Any]:
    """A row of rpt_sources."""
    return {
        "day": DAY,
        "source": name,
        "kind": "mailbox",
        "state": state,
        "covers_until": back(1, 21),
        "hours_behind": 24.0,
        "rows_rejected": 0,
        **values,
    }


def question(number: int, name: str, hours: float, text: str = "Подскажите, как прикрепить файл?", **values: Any) -> dict[str, Any]:
    """A row of rpt_open_questions; asked ``hours`` before the end of the day in Moscow."""
    end = at(DAY, 21)
    return person(
        number, name, **{"question_id": f"q{number}", "channel": "chat", "asked_at": end - timedelta(hours=hours), "hours_open": hours,
        "text": text, "is_technical": False, "asked_before": 0, **values},
    )  # fmt: skip


def reason(code: str, feature: str, value: float | None, baseline: float | None = None, rank: int = 1) -> dict[str, Any]:
    """One reason as rpt_at_risk_daily carries it."""
    return {"code": code, "feature": feature, "value": value, "baseline": baseline, "rank": rank}


def at_risk(number: int, name: str, level: str = "high", **values: Any) -> dict[str, Any]:
    """A row of rpt_at_risk_daily."""
    return person(
        number, name, **{
            "course_day": 12, "course_days": 36, "target": "dropout", "score": 0.8 if level == "high" else 0.4, "level": level,
            "previous_level": level, "basis": "model", "reasons": [reason("silent_days", "silent_days", 6.0, 1.0)],
            "levels_7d": [
                {"day": (DAY - timedelta(days=back)).isoformat(), "level": one}
                for back, one in ((6, "low"), (5, "low"), (3, "medium"), (2, "medium"), (1, "medium"), (0, level))
            ], "missed_tasks": [], **values,
        },
    )  # fmt: skip


def never_started(number: int, name: str, **values: Any) -> dict[str, Any]:
    """A row of rpt_never_started."""
    return person(number, name, **{"enrolled_at": back(8), "method": "manual", "is_bulk_enrolled": True, "days_since_start": 5, **values})


def not_reached(number: int, name: str, why: str = "bounce", **values: Any) -> dict[str, Any]:
    """A row of rpt_not_reached."""
    return person(
        number, name, **{"notice_id": f"mail:{number}", "subject": "Расписание второй недели", "sent_at": back(3), "why": why,
        "notices_in_row": 1 if why == "bounce" else 3, "next_channel": "phone", **values},
    )  # fmt: skip


def similar(people: Sequence[tuple[int, str]], **values: Any) -> dict[str, Any]:
    """A row of rpt_similar_work."""
    return {
        **BASE, "task_id": "moodle:task:7", "task_name": "Задание 2. Урок с цифровым ресурсом", "source_kind": "leak",
        "source_id": "telegram:message:5:77", "source_at": back(6, 18), "learners": len(people),
        "people": [
            {"person_id": f"p{number:020d}", "name": name, "later_id": f"moodle:submission:{number}", "handed_in_at": back(2).isoformat(),
             "share": 0.62, "matched_words": 84}
            for number, name in people
        ],
        **values,
    }  # fmt: skip


NAMES = [
    "Гусева Марина Олеговна",
    "Доржиев Баир Цыренович",
    "Лаптева Ольга Ивановна",
    "Ким Виталий Сергеевич",
    "Абрамова Нина Львовна",
    "Тихонов Егор Павлович",
    "Шевчук Оксана Романовна",
    "Юсупова Альфия Ринатовна",
    "Воронцов Денис Игоревич",
    "Жукова Тамара Фёдоровна",
    "Мельник Лариса Юрьевна",
    "Орлов Пётр Андреевич",
    "Панова Раиса Григорьевна",
    "Рябова Вера Степановна",
    "Сидоренко Илья Максимович",
    "Тарасова Инна Борисовна",
    "Уварова Лидия Кирилловна",
    "Фомин Артём Олегович",
    "Хасанова Диляра Маратовна",
    "Цветкова Алла Ильинична",
    "Чернов Глеб Никитич",
    "Щукина Роза Матвеевна",
    "Эрдниева Кермен Бадмаевна",
    "Яшин Олег Тимурович",
    "Белова Зоя Артуровна",
    "Громов Лев Ильич",
    "Дроздова Жанна Эдуардовна",
    "Ежова Полина Денисовна",
]


def full_day() -> dict[str, Rows]:
    """A hard morning: more people than fit, every section, a missing source, a quiet curator and an English-named one."""
    end = "Здравствуйте! Подскажите, пожалуйста, файл не прикрепляется, пишет ошибку «превышен размер», что делать? Пробовала с телефона и с компьютера."
    missed = [
        {"name": "Задание 1. Паспорт урока", "due_at": back(4, 20).isoformat()},
        {"name": "Задание 2. Урок с ресурсом", "due_at": back(2, 20).isoformat()},
    ]
    reasons = [
        reason("missed_tasks", "tasks_missed_in_row", 2.0, 0.0, 1), reason("silent_days", "silent_days", 6.0, 1.0, 2),
        reason("unanswered_notice", "notices_unacknowledged_in_row", 1.0, 0.0, 3),
    ]  # fmt: skip
    contact = {
        "last_contact_at": back(10), "last_contact_channel": "mail", "last_contact_name": "Соколова Анна Петровна",
        "best_channel": "chat", "best_hour_from": 18, "best_hour_until": 21,
    }  # fmt: skip
    risky = [
        at_risk(1, NAMES[1], previous_level="medium", reasons=reasons, missed_tasks=missed, **contact),
        at_risk(
            2,
            NAMES[2],
            "medium",
            reasons=[reason("technical_trouble", "technical_questions_14", 3.0, 0.0), reason("silent_days", "silent_days", 4.0, 1.0, 2)],
        ),
        at_risk(
            3,
            NAMES[3],
            "high",
            previous_level=None,
            levels_7d=[],
            reasons=[reason("no_webinars", "webinar_share", 0.08, 0.71), reason("low_grades", "mean_grade_share", 0.41, 0.78, 2)],
        ),
        at_risk(
            4,
            NAMES[4],
            "medium",
            target="formal_completion",
            reasons=[
                reason("unread_materials", "materials_opened", 0.0, 11.0),
                reason("copied_work", "copied_tasks", 2.0, 0.0, 2),
                reason("burst_answers", "burst_answers", 5.0, 0.0, 3),
            ],
        ),
        *(at_risk(number, NAMES[number], "medium", score=0.3 + number / 100) for number in range(14, 26)),
    ]
    return {
        "rpt_curators": [
            curator(),
            curator(curator_id="p2000000000000000000b", curator_name="Ершов Павел Николаевич", learners=96),
        ],
        "rpt_sources": [
            source("pochta", "late", problem="нет выгрузки за воскресенье", hours_behind=24.0),
            source(
                "chat",
                "fresh",
                kind="telegram",
                problem="messages2.json: byte 20312: expected a closing brace; found the end",
                rows_rejected=3,
            ),
            source("moodle", "fresh", kind="moodle_db"),
        ],
        "rpt_at_risk_daily": risky,
        "rpt_open_questions": [
            question(
                0,
                NAMES[0],
                31.2,
                end,
                is_technical=True,
                asked_before=14,
                faq_answer="Размер файла — не больше 20 МБ: сохраните презентацию в PDF и прикрепите ещё раз.",
            ),
            question(5, NAMES[5], 76.0, "До какого числа можно сдать первое задание?", channel="forum"),
            question(6, NAMES[6], 3.4, "Коллеги, будет ли запись вебинара?"),
            question(2, NAMES[2], 20.0, "Не могу войти в систему, пароль не подходит", is_technical=True),
            question(7, NAMES[7], 12.0, None, channel="mail"),
        ],
        "rpt_never_started": [
            never_started(8, NAMES[8], institution="МБОУ СОШ № 12", phone="+79000000012", email="voroncov@example.org"),
            never_started(9, NAMES[9], method="self", is_bulk_enrolled=False, days_since_start=21),
            never_started(10, NAMES[10], days_since_start=1),
        ],
        "rpt_not_reached": [
            not_reached(11, NAMES[11]),
            not_reached(12, NAMES[12], "silence", next_channel="institution"),
            not_reached(9, NAMES[9], "silence"),
        ],
        "rpt_similar_work": [similar([(number, NAMES[number]) for number in range(13, 20)])],
    }


def add_copies(warehouse: Warehouse, numbers: Sequence[int]) -> None:
    """Texts, pairs and shared runs for the works of :func:`similar`."""
    leaked = "Девочки, держите мой ответ! Цифровой ресурс я использую на этапе мотивации: ученики смотрят короткий ролик и отвечают на вопросы в форме."
    shared = "Цифровой ресурс я использую на этапе мотивации: ученики смотрят короткий ролик"
    insert(warehouse, "personal.messages", [{"message_id": "telegram:message:5:77", "text": leaked}])
    for number in numbers:
        text = f"Работа {number}.\nВ своём классе я поступаю так. {shared} и обсуждают увиденное в парах, а затем записывают вывод."
        insert(warehouse, "personal.submissions", [{"submission_id": f"moodle:submission:{number}", "text": text}])
        pair = {"later_id": f"moodle:submission:{number}", "earlier_id": "telegram:message:5:77"}
        insert(warehouse, "links.copies", [{
            **pair, "earlier_kind": "message", "kind": "leak", "task_id": "moodle:task:7", "matched_words": 11, "later_share": 0.41, "earlier_share": 0.5,
            "longest_run": 11, "hidden_characters": 2 if number == 14 else 0, "homoglyphs": 0, "same_file": False, "direction_certainty": 1.0,
            "rule_version": 1,
        }])  # fmt: skip
        insert(warehouse, "links.copy_fragments", [{
            **pair, "fragment": 1, "later_start": text.index(shared), "later_end": text.index(shared) + len(shared),
            "earlier_start": leaked.index(shared), "earlier_end": leaked.index(shared) + len(shared), "words": 11,
        }])  # fmt: skip


# -- the weekly report -----------------------------------------------------------------------------------------------------------


def stream_row(title: str, learners: int = 118, **values: Any) -> dict[str, Any]:
    """A row of rpt_week_streams."""
    shares = {
        "active_share": 0.71,
        "never_started_share": 0.06,
        "submitted_first_share": 0.72,
        "missed_share": 0.21,
        "at_risk": 17.0,
        "completed_share": 0.0,
        "dropped_share": 0.04,
    }
    return {
        "week_ends_on": WEEK, "stream_id": f"ЦОС-36/{title}", "course_name": "ЦОС-36", "stream_title": title, "course_day": 12, "learners": learners,
        **shares, "submitted_first_share_previous": 0.44, "submitted_first_share_earlier_stream": 0.86, "never_started_share_earlier_stream": 0.07,
        "missed_share_earlier_stream": 0.2, **values,
    }  # fmt: skip


def figure_row(condition: str, indicator: str, value: float | None, n: int = 146, **values: Any) -> dict[str, Any]:
    """A row of rpt_week_conditions."""
    return {"week_ends_on": WEEK, "condition": condition, "indicator": indicator, "value": value, "n": n, "unit": "share", **values}


def survey_row(item: str, shares: Sequence[float], n: int = 84, course: str | None = "ЦОС-36") -> dict[str, Any]:
    """A row of rpt_week_survey."""
    vulnerable = sum(shares[:3])
    return {
        "week_ends_on": WEEK, "course_name": course, "item": item, "n": n, **{f"share_{rating}": share for rating, share in enumerate(shares, start=1)},
        "vulnerable_share": vulnerable, "is_vulnerable": vulnerable >= 0.2,
    }  # fmt: skip


#: Aspect → its table and the per cents of the answers 1 to 5, as the study published them.
ASPECTS = {
    "content": ("teaching", (0, 0, 24, 43, 33)), "practice": ("teaching", (0, 5, 19, 52, 24)), "methods": ("teaching", (0, 5, 29, 38, 29)),
    "communication": ("teaching", (0, 24, 14, 43, 19)), "equipment": ("organisation", (0, 24, 10, 57, 10)), "time": ("organisation", (0, 5, 10, 62, 24)),
    "information": ("organisation", (0, 0, 10, 52, 38)), "group_size": ("organisation", (0, 14, 14, 43, 29)),
    "certificates": ("organisation", (0, 0, 19, 24, 57)), "feedback": ("organisation", (0, 10, 10, 43, 38)),
}  # fmt: skip


def aspect_rows(n: int = 21, course: str | None = None) -> list[dict[str, Any]]:
    """Rows of rpt_week_aspects: the study's ten."""
    return [
        {
            "week_ends_on": WEEK, "course_name": course, "place": place, "part": part, "aspect": aspect, "n": n,
            **{f"percent_{rating}": per_cent for rating, per_cent in enumerate(per_cents, start=1)},
            "vulnerable_share": sum(per_cents[:3]) / 100, "is_vulnerable": sum(per_cents[:3]) >= 21,
        }
        for place, (aspect, (part, per_cents)) in enumerate(ASPECTS.items(), start=1)
    ]  # fmt: skip


def past_figure(condition: str, indicator: str, value: float, back: int, n: int = 146) -> dict[str, Any]:
    """A row of rpt_week_figures: a figure of some weeks before."""
    until = WEEK - timedelta(days=7 * back)
    return {"week_ends_on": WEEK, "until_day": until, "back": back, "condition": condition, "indicator": indicator, "n": n, "value": value, "unit": "share"}  # fmt: skip


INCLUSION = "Инклюзивное образование: работа с классом, где дети разных возможностей"


def of_week(part: str = "programme", name: str | None = None, **values: Any) -> dict[str, Any]:
    """A row of a table by parts of the programme."""
    course = {"course_name": name} if part == "course" else {}
    return {"week_ends_on": WEEK, "part": part, "part_id": name or "demo", **course, **values}


def latency_row(
    part: str, name: str | None, questions: int, within: float | None = 0.7, *, clock: str = "elapsed", **values: Any
) -> dict[str, Any]:
    """A row of rpt_week_latency."""
    known = (
        {}
        if within is None
        else {"km_within_24h": within, "low": within - 0.1, "high": within + 0.09, "km_median_hours": 9.4, "rmst_72h": 20.5}
    )
    return of_week(
        part, name, clock=clock, questions=questions, answered=questions - 3, open_now=3, oldest_open_hours=96.0, questions_previous=questions + 4,
        km_within_24h_previous=0.78, **known, **values,
    )  # fmt: skip


def feedback_row(part: str, name: str | None, marks: int, works: int, **values: Any) -> dict[str, Any]:
    """A row of rpt_week_feedback."""
    substantive, returned = marks // 3, marks // 10
    return of_week(
        part, name, marks=marks, substantive=substantive, returned=returned, formal=marks // 4, boilerplate=marks // 5, without_comment=marks - substantive - returned - marks // 4 - marks // 5,
        substantive_share=(substantive + returned) / marks, low=0.37, high=0.5, works=works, marked=works * 2 // 3, unmarked=works - works * 2 // 3, median_hours=51.0,
        in_time_share=0.62, in_time_low=0.55, in_time_high=0.7, works_previous=works + 5, unmarked_previous=4, median_hours_previous=48.5, in_time_share_previous=0.66,
        **values,
    )  # fmt: skip


def works_row(
    part: str, name: str | None, works: int, compared: int, copied: int, completions: int, judged: int, formal: int
) -> dict[str, Any]:
    """A row of rpt_week_works."""
    return of_week(
        part, name, works=works, compared=compared, copied=copied, copied_from_chat=copied * 3 // 4, tampered=copied // 9, copied_share=copied / compared, copied_low=0.038,
        copied_high=0.092, completions=completions, judged=judged, formal=formal, formal_share=formal / judged if judged else None, formal_low=0.06, formal_high=0.17,
    )  # fmt: skip


def week_by_parts() -> dict[str, Rows]:
    """The tables that show the programme by its parts."""
    streams = (("ЦОС-36", "поток 1", 112, (112, 110, 101, 84, 70, 74)), ("ЦОС-36", "поток 2", 118, (118, 111, 88, 71, 60, 0)), ("ЦОС-36", "поток 3 (выездной)", 7, (7, 7, 6, 5, 5, 0)), (INCLUSION, "поток 1", 96, (96, 92, 78, 66, 51, 0)))  # fmt: skip
    steps = ("enrolled", "started", "first_work", "half_of_due", "all_due", "completed")
    return {
        "rpt_week_funnel": [
            {"week_ends_on": WEEK, "stream_id": f"{course}/{title}", "course_name": course, "stream_title": title, "place": place, "step": step, "learners": reached}
            for course, title, _, counts in streams
            for place, (step, reached) in enumerate(zip(steps, counts, strict=True), start=1)
        ],
        "rpt_week_risk": [
            {"week_ends_on": WEEK, "place": place, "level": level, "learners": now, "learners_previous": before, "learners_then": then, "left_since": left,
             "completed_since": done, "still_running": then - left - done, "foreseen": foreseen}
            for place, (level, now, before, then, left, done, foreseen) in enumerate(
                (("high", 31, 38, 40, 26, 5, 0.61), ("medium", 84, 80, 112, 19, 40, 0.21), ("low", 218, 222, 660, 12, 380, 0.03)), start=1
            )
        ],
        "rpt_week_latency": [
            latency_row("programme", None, 146, 0.71), latency_row("course", "ЦОС-36", 88, 0.66), latency_row("course", INCLUSION, 58, 0.78), latency_row("channel", "chat", 97, 0.74),
            latency_row("channel", "mail", 31, 0.61), latency_row("channel", "forum", 18, 0.7), latency_row("programme", None, 146, 0.83, clock="working") | {"km_median_hours": 3.2},
        ],
        "rpt_week_feedback": [feedback_row("programme", None, 210, 180), feedback_row("course", "ЦОС-36", 130, 110), feedback_row("course", INCLUSION, 80, 70)],
        "rpt_week_works": [
            works_row("programme", None, 330, 310, 19, 74, 60, 6), works_row("course", "ЦОС-36", 200, 190, 15, 70, 56, 5), works_row("course", INCLUSION, 130, 120, 4, 4, 4, 1),
        ],
        "rpt_week_trouble": [
            {"week_ends_on": WEEK, "place": 1, "sign": "question", "cases": 39, "people": 31, "n": 146, "share": 39 / 146, "low": 0.2, "high": 0.35, "n_previous": 150, "share_previous": 0.22},
            {"week_ends_on": WEEK, "place": 2, "sign": "upload", "cases": 12, "people": 9, "n": 340, "share": 12 / 340, "low": 0.02, "high": 0.061, "n_previous": 5, "share_previous": 0.4},
            {"week_ends_on": WEEK, "place": 4, "sign": "login", "cases": 177, "n": 5210, "share": 177 / 5210, "low": 0.029, "high": 0.039},
        ],
        "rpt_week_marks": [
            {"week_ends_on": WEEK, "item_id": f"l{number}", "state": state, "has_acted_since": acted}
            for number, (state, acted) in enumerate([("contacted", True)] * 6 + [("contacted", False)] * 3 + [("resolved", True)] * 2 + [("false_alarm", True), ("snoozed", False), ("new", None)])
        ],
    }  # fmt: skip


def listed_lines() -> list[dict[str, Any]]:
    """Rows of deliveries.list_items of the week's lists: 24 lines of two sections, one on two days."""
    return [
        {"day": WEEK - timedelta(days=back), "curator_id": CURATOR, "position": number + 1, "section": "waiting" if number < 11 else "help", "item_id": f"l{number}", "urgency": 1.0}
        for number in range(24)
        for back in ((1, 2) if number == 3 else (1,))
    ]  # fmt: skip


def full_week() -> dict[str, Rows]:
    """A week with every section filled."""
    conditions = [
        figure_row("practice", "copied_task_share", 0.06, 310, low=0.038, high=0.092, previous=0.05),
        figure_row("practice", "survey_practice_vulnerable", 0.24, 84, low=0.16, high=0.34),
        figure_row("practice", "formal_completion_share", None, 4),
        figure_row("flexibility", "answered_within_24h", 0.71, 146, low=0.62, high=0.79, previous=0.83),
        figure_row("flexibility", "median_answer_hours", 9.4, 146, unit="hours", previous=6.0),
        figure_row("flexibility", "median_feedback_hours", 51.0, 210, unit="hours", previous=48.5),
        figure_row("flexibility", "substantive_feedback_share", 0.43, 210, low=0.37, high=0.5, previous=0.41),
        figure_row("support", "notices_reached_share", 0.81, 640, low=0.78, high=0.84, previous=0.8),
        figure_row("support", "never_started_share", 0.06, 812, low=0.046, high=0.078, previous=0.07, earlier_stream=0.08),
        figure_row("support", "contacted_share", 0.19, 760, low=0.16, high=0.22),
        figure_row("support", "open_questions", 23.0, 1290, unit="questions", previous=17.0),
        figure_row("technology", "technical_question_share", 0.27, 146, low=0.2, high=0.35, previous=0.22),
        figure_row("technology", "login_failure_share", 0.034, 5210, low=0.029, high=0.039),
        figure_row("technology", "webinar_reconnect_share", None, 0, note="no_data"),
        figure_row("need", "missed_task_share", 0.18, 1630, low=0.16, high=0.2, previous=0.17, earlier_stream=0.15),
        figure_row("need", "left_share", 0.04, 842, low=0.029, high=0.055, previous=0.03, earlier_stream=0.05),
        figure_row("need", "survey_need_vulnerable", 0.14, 84, low=0.08, high=0.23),
    ]
    past = [
        past_figure(*figure, back_weeks)
        for back_weeks, share in enumerate((0.71, 0.83, 0.8, 0.77, 0.79))
        for figure in (("flexibility", "answered_within_24h", share), ("need", "missed_task_share", 0.1 + share / 10))
    ]
    return {
        "rpt_week_figures": past,
        **week_by_parts(),
        "rpt_week_streams": [
            stream_row("поток 1", 112, course_day=36, submitted_first_share=0.9, submitted_first_share_previous=0.9, submitted_first_share_earlier_stream=None, completed_share=0.66, dropped_share=0.14),
            stream_row("поток 2"),
            stream_row("поток 3 (выездной)", 7),
            stream_row("поток 1", 96, stream_id="ИНКЛ-72/1", course_name=INCLUSION, course_day=19, submitted_first_share=0.81, missed_share_earlier_stream=0.09),
        ],
        "rpt_week_conditions": conditions,
        "rpt_week_aspects": aspect_rows() + aspect_rows(course="ЦОС-36"),
        "rpt_week_survey": [
            survey_row(item, shares, course=course)
            for course in (None, "ЦОС-36")
            for item, shares in (
                ("Содержание курса", (0.0, 0.0, 0.24, 0.43, 0.33)),
                ("Общение с организаторами и быстрота ответов на вопросы", (0.0, 0.24, 0.14, 0.43, 0.19)),
                ("Техническое оснащение", (0.0, 0.24, 0.1, 0.57, 0.09)),
                ("Удостоверения", (0.0, 0.0, 0.1, 0.33, 0.57)),
            )
        ] + [survey_row("Размер группы", (0.2, 0.2, 0.2, 0.2, 0.2), n=5)],
        "rpt_week_quality": [
            {"week_ends_on": WEEK, "source": "moodle", "kind": "moodle_db", "state": "fresh", "covers_until": back(0, 20), "items_loaded": 1, "items_failed": 0, "rows_seen": 73941, "rows_kept": 73941, "rows_rejected": 0, "linked_share": 1.0},
            {"week_ends_on": WEEK, "source": "pochta", "kind": "mailbox", "state": "late", "covers_until": back(2, 20), "items_loaded": 13, "items_failed": 1, "rows_seen": 4210, "rows_kept": 4207, "rows_rejected": 3, "linked_share": 0.914},
        ],
        "rpt_week_warnings": [{"week_ends_on": WEEK, "warned": 40, "warned_dropped": 26, "unwarned": 772, "unwarned_dropped": 31, "ended": 190}],
        "rpt_week_questions": [
            {"week_ends_on": WEEK, "cluster_id": "q1", "course_name": "ЦОС-36", "asked": 41, "asked_this_week": 14, "people": 33, "answers": 29, "curator_minutes": 74.0, "first_at": back(20), "last_at": back(0),
             "text": "Анна Петровна, как прикрепить файл? Гусева Марина спрашивала, @marina_g, ответа нет.", "faq_answer": "Файл до 20 МБ: сохраните презентацию в PDF. Соколова А. П., sokolova@example.org"},
            {"week_ends_on": WEEK, "cluster_id": "q2", "course_name": None, "asked": 6, "asked_this_week": 6, "people": 5, "answers": 2, "curator_minutes": 3.5, "first_at": back(6), "last_at": back(1), "text": "Будет ли запись вебинара?", "faq_answer": None},
        ],
    }  # fmt: skip


PEOPLE = [
    {"account_id": "a1", "display_name": "Гусева Марина Олеговна"},
    {"account_id": "a2", "last_name": "Соколова", "first_name": "Анна Петровна"},
]


def built(tables: dict[str, Rows] | None = None) -> Report:
    """The report of the week from these tables, of a full week by default."""
    with warehouse_of(**(full_week() if tables is None else tables)) as warehouse:
        insert(warehouse, "personal.accounts", PEOPLE)
        insert(warehouse, "deliveries.list_items", listed_lines())
        return reports.build_report(warehouse, programme(), WEEK)


def said(report: Report, code: str = "ru") -> str:
    """Everything the report says but its pictures, as text."""
    words = {name: part for name, part in document(report, Language(code, report.zone)).items() if name != "pictures"}
    return json.dumps(words, ensure_ascii=False).replace("\u00a0", " ")
