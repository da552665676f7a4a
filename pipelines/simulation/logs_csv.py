"""Moodle's own *Logs* download in Russian: nine columns, newest first, no ids but those inside the English descriptions."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

from pipelines.simulation.behaviour import moscow

_HEADER = (
    "Время",
    "Полное имя пользователя",
    "Затронутый пользователь",
    "Контекст события",
    "Компонент",
    "Название события",
    "Описание",
    "Источник",
    "IP-адрес",
)

#: event → component, name in Russian, description ({u} who, {r} the other person, {o} object, {c} module, {k} course).
_WORDS = {
    "\\core\\event\\course_viewed": ("Система", "Курс просмотрен", "The user with id '{u}' viewed the course with id '{k}'."),
    "\\mod_page\\event\\course_module_viewed": (
        "Страница",
        "Модуль курса просмотрен",
        "The user with id '{u}' viewed the 'page' activity with course module id '{c}'.",
    ),
    "\\mod_resource\\event\\course_module_viewed": (
        "Файл",
        "Модуль курса просмотрен",
        "The user with id '{u}' viewed the 'resource' activity with course module id '{c}'.",
    ),
    "\\mod_url\\event\\course_module_viewed": (
        "Гиперссылка",
        "Модуль курса просмотрен",
        "The user with id '{u}' viewed the 'url' activity with course module id '{c}'.",
    ),
    "\\mod_assign\\event\\course_module_viewed": (
        "Задание",
        "Модуль курса просмотрен",
        "The user with id '{u}' viewed the 'assign' activity with course module id '{c}'.",
    ),
    "\\mod_quiz\\event\\course_module_viewed": (
        "Тест",
        "Модуль курса просмотрен",
        "The user with id '{u}' viewed the 'quiz' activity with course module id '{c}'.",
    ),
    "\\mod_forum\\event\\course_module_viewed": (
        "Форум",
        "Модуль курса просмотрен",
        "The user with id '{u}' viewed the 'forum' activity with course module id '{c}'.",
    ),
    "\\mod_assign\\event\\submission_status_viewed": (
        "Задание",
        "Страница состояния представленных ответов просмотрена",
        "The user with id '{u}' has viewed the submission status page for the assignment with course module id '{c}'.",
    ),
    "\\mod_assign\\event\\assessable_submitted": (
        "Задание",
        "Работа представлена",
        "The user with id '{u}' has submitted the submission with id '{o}' for the assignment with course module id '{c}'.",
    ),
    "\\assignsubmission_onlinetext\\event\\assessable_uploaded": (
        "Ответ в виде текста",
        "Ответ в виде текста был загружен",
        "The user with id '{u}' has saved an online text submission with id '{o}' in the assignment activity with course module id '{c}'.",
    ),
    "\\assignsubmission_onlinetext\\event\\submission_created": (
        "Ответ в виде текста",
        "Представлен ответ",
        "The user with id '{u}' created an online text submission in the assignment with course module id '{c}'.",
    ),
    "\\assignsubmission_file\\event\\assessable_uploaded": (
        "Ответ в виде файла",
        "Файл был загружен",
        "The user with id '{u}' has uploaded a file to the submission with id '{o}' in the assignment activity with course module id '{c}'.",
    ),
    "\\assignsubmission_file\\event\\submission_created": (
        "Ответ в виде файла",
        "Представлен ответ",
        "The user with id '{u}' created a file submission and uploaded '1' file/s in the assignment with course module id '{c}'.",
    ),
    "\\mod_assign\\event\\grading_form_viewed": (
        "Задание",
        "Форма оценивания просмотрена",
        "The user with id '{u}' viewed the grading form for the user with id '{r}' for the assignment with course module id '{c}'.",
    ),
    "\\mod_assign\\event\\submission_graded": (
        "Задание",
        "Представленный ответ был оценен.",
        "The user with id '{u}' has graded the submission '{o}' for the user with id '{r}' for the assignment with course module id '{c}'.",
    ),
    "\\core\\event\\user_graded": (
        "Система",
        "Пользователю поставлена оценка",
        "The user with id '{u}' updated the grade with id '{o}' for the user with id '{r}' for the grade item with id '0'.",
    ),
    "\\core\\event\\course_module_completion_updated": (
        "Система",
        "Выполнение элемента курса обновлено",
        "The user with id '{u}' updated the completion state for the course module with id '{c}' for the user with id '{r}'.",
    ),
    "\\mod_quiz\\event\\attempt_started": (
        "Тест",
        "Начата попытка теста",
        "The user with id '{u}' has started the attempt with id '{o}' for the quiz with course module id '{c}'.",
    ),
    "\\mod_quiz\\event\\attempt_submitted": (
        "Тест",
        "Попытка теста завершена и отправлена на оценку",
        "The user with id '{u}' has submitted the attempt with id '{o}' for the quiz with course module id '{c}'.",
    ),
    "\\mod_forum\\event\\discussion_created": (
        "Форум",
        "Тема создана",
        "The user with id '{u}' has created the discussion with id '{o}' in the forum with course module id '{c}'.",
    ),
    "\\mod_forum\\event\\discussion_viewed": (
        "Форум",
        "Тема просмотрена",
        "The user with id '{u}' has viewed the discussion with id '{o}' in the forum with course module id '{c}'.",
    ),
    "\\mod_forum\\event\\post_created": (
        "Форум",
        "Сообщение создано",
        "The user with id '{u}' has created the post with id '{o}' in the forum with course module id '{c}'.",
    ),
    "\\core\\event\\user_enrolment_created": (
        "Система",
        "Пользователь зачислен на курс",
        "The user with id '{u}' enrolled the user with id '{r}' using the enrolment method 'manual' in the course with id '{k}'.",
    ),
    "\\core\\event\\role_assigned": (
        "Система",
        "Роль назначена",
        "The user with id '{u}' assigned the role with id '{o}' to the user with id '{r}'.",
    ),
    "\\core\\event\\group_member_added": (
        "Система",
        "Член группы добавлен",
        "The user with id '{u}' added the user with id '{r}' to the group with id '{o}'.",
    ),
    "\\core\\event\\course_completed": ("Система", "Курс завершен", "The user with id '{r}' completed the course with id '{k}'."),
    "\\gradereport_user\\event\\grade_report_viewed": (
        "Отчет по пользователю",
        "Отчет по пользователю просмотрен",
        "The user with id '{u}' viewed the user report in the gradebook.",
    ),
    "\\mod_assign\\event\\extension_granted": (
        "Задание",
        "Продление предоставлено",
        "The user with id '{u}' has granted an extension for the user with id '{r}' for the assignment with course module id '{c}'.",
    ),
    "\\mod_customcert\\event\\issue_created": (
        "Сертификат",
        "Сертификат выдан",
        "The user with id '{u}' was issued the certificate with course module id '{c}'.",
    ),
}
_KINDS = {
    1: ("assign", "Задание"),
    6: ("customcert", "Сертификат"),
    10: ("forum", "Форум"),
    17: ("page", "Страница"),
    18: ("quiz", "Тест"),
    19: ("resource", "Файл"),
    23: ("url", "Гиперссылка"),
}


def write_logs_csv(database: Path, path: Path, course: int) -> int:
    """Write the download of one course; returns its rows. Names come out as Moodle glues them where the filter for two languages is off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(database) as db, path.open("w", encoding="utf-8-sig", newline="") as file:
        people = {user: f"{first} {last}" for user, first, last in db.execute("select id, firstname, lastname from mdl_user")}
        (title,) = db.execute("select fullname from mdl_course where id = ?", (course,)).fetchone()
        title = (
            title.replace('<span lang="ru" class="multilang">', "").replace('<span lang="en" class="multilang">', "").replace("</span>", "")
        )
        modules = {}
        for kind, (table, word) in _KINDS.items():
            for cmid, name in db.execute(
                f"select m.id, a.name from mdl_course_modules m join mdl_{table} a on a.id = m.instance where m.module = ? and m.course = ?",
                (kind, course),
            ):
                modules[cmid] = f"{word}: {name}"
        out = csv.writer(file, lineterminator="\n")
        out.writerow(_HEADER)
        number = 0
        rows = db.execute(
            "select timecreated, userid, relateduserid, eventname, objectid, contextlevel, contextinstanceid, origin, ip from mdl_logstore_standard_log "
            "where courseid = ? order by timecreated desc, id desc",
            (course,),
        )
        for at, user, other, event, thing, level, instance, origin, ip in rows:
            component, name, description = _WORDS[event]
            clock = moscow(at)
            where = modules.get(instance, "Другое") if level == 70 else f"Курс: {title}"
            said = description.format(u=user, r=other, o=thing, c=instance, k=course)
            out.writerow(
                (
                    f"{clock.day}/{clock:%m/%y, %H:%M:%S}",
                    people.get(user, "-"),
                    people.get(other, "-"),
                    where,
                    component,
                    name,
                    said,
                    origin,
                    ip or "",
                )
            )
            number += 1
    return number
