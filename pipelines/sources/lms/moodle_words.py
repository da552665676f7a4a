"""The words of Moodle's report downloads in English and Russian: events, states, module names, names glued from two languages.

A download is written in the language of whoever pressed the button. Only the log's Description stays English, so an event whose name is
not known here is still recognised by it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_texts import action_of

#: Event class → its name in downloads, lower case, no full stop (lang/en and lang/ru of Moodle 3 and 4).
_EVENTS = {
    "core\\user_loggedin": ("user has logged in", "пользователь вошел в систему"),
    "core\\user_loggedout": ("user logged out", "пользователь вышел из системы"),
    "core\\user_login_failed": ("user login failed", "неудачная попытка входа", "вход пользователя не удался"),
    "core\\user_enrolment_created": ("user enrolled in course", "пользователь зачислен на курс"),
    "core\\user_enrolment_deleted": ("user unenrolled from course", "пользователь отчислен из курса", "пользователь отчислен с курса"),
    "core\\group_member_added": ("group member added", "член группы добавлен", "участник группы добавлен"),
    "core\\group_member_removed": ("group member removed", "член группы удален", "участник группы удален"),
    "core\\message_sent": ("message sent", "сообщение отправлено"),
    "core\\group_message_sent": ("group message sent", "групповое сообщение отправлено", "сообщение группе отправлено"),
    "core\\course_module_completion_updated": (
        "course activity completion updated",
        "выполнение элемента курса обновлено",
        "завершение элемента курса обновлено",
    ),
    "core\\course_completed": ("course completed", "курс завершен"),
    "core\\user_graded": ("user graded", "пользователю поставлена оценка"),
    "mod_assign\\submission_graded": ("the submission has been graded", "представленный ответ был оценен"),
    "mod_assign\\assessable_submitted": ("a submission has been submitted", "работа представлена"),
    "assignsubmission_onlinetext\\assessable_uploaded": ("an online text has been uploaded", "текст был загружен"),
    "assignsubmission_file\\assessable_uploaded": ("a file has been uploaded", "файл был загружен"),
    "assignsubmission_file\\submission_created": ("submission created", "представлен ответ"),
    "assignsubmission_file\\submission_updated": ("submission updated", "представленный ответ обновлен"),
    "mod_forum\\assessable_uploaded": ("some content has been posted", "опубликована некоторая информация"),
    "mod_forum\\discussion_created": ("discussion created", "тема создана", "обсуждение создано"),
    "mod_forum\\post_created": ("post created", "сообщение создано"),
    "mod_glossary\\entry_created": ("entry has been created",),
    "mod_data\\record_created": ("record created", "запись создана"),
    "mod_wiki\\page_created": ("wiki page created", "вики-страница создана"),
    "mod_quiz\\attempt_started": ("quiz attempt started", "начата попытка теста", "попытка теста начата"),
    "mod_quiz\\attempt_submitted": ("quiz attempt submitted", "попытка теста завершена и отправлена на оценку"),
    "mod_quiz\\attempt_reviewed": ("quiz attempt reviewed", "завершенная попытка теста просмотрена"),
    "mod_lesson\\lesson_started": ("lesson started", "лекция начата"),
    "mod_lesson\\lesson_ended": ("lesson ended", "лекция закончена"),
    "mod_scorm\\sco_launched": ("sco launched",),
    "mod_h5pactivity\\statement_received": ("xapi statement received",),
    "mod_bigbluebuttonbn\\meeting_joined": ("meeting joined", "bigbluebuttonbn meeting joined"),
    "mod_feedback\\response_submitted": ("response submitted", "ответ представлен", "ответ отправлен"),
    "mod_choice\\answer_submitted": ("choice made", "choice answer added", "выбор сделан", "ответ на опрос добавлен"),
    "mod_turnitintooltwo\\add_submission": ("add submission",),
    "core\\comment_created": ("comment created", "комментарий создан"),
}
_ACTION_OF_NAME = {name: action_of(event) for event, names in _EVENTS.items() for name in names}
#: "Submission created" is a saved draft in an assignment and the deed itself in a workshop.
_WORKSHOP = frozenset({"workshop", "семинар"})
#: How Moodle calls an event whose class has no name of its own, in every language: "mod_hvp: attempt submitted".
_UNNAMED = re.compile(r"(?P<plugin>[a-z][a-z0-9]*_[a-z0-9_]+): (?P<deed>[a-z0-9 ]+)")
_VIEWED = re.compile(r"\b(?:viewed|previewed|listed)$|\bпросмотрен[аоы]?$")

#: What Description says, in English whatever the language of the download; the first that fits counts.
_DEEDS = (
    (r"has submitted the submission with id", "submitted"),
    (r"has submitted the attempt with id", "submitted"),
    (r"has started the attempt with id", "attempted"),
    (r"has uploaded a file to the submission|has saved an online text submission", "uploaded"),
    (r"has created the (?:post|discussion) with id|added (?:the|a) comment with id", "posted"),
    (r"has graded the submission|updated the grade with id .* for the user with id", "graded"),
    (r"updated the completion state for the course module|completed the course with id", "completed"),
    (r"' unenrolled the user with id", "unenrolled"),
    (r"' enrolled the user with id", "enrolled"),
    (r"added the user with id .* to the group with id", "joined_group"),
    (r"removed the user with id .* (?:from|to) the group with id", "left_group"),
    (r"has logged in\.?$", "logged_in"),
    (r"has logged out\.?$", "logged_out"),
    (r"^Login failed for", "login_failed"),
    (r"sent a message to", "messaged"),
    (r"submitted (?:a )?response for|has added the option with id|made the choice with id", "answered_survey"),
    (r"' started the lesson with|launched the sco with id|send a tracking statement for a H5P", "attempted"),
    (r"' ended the lesson with|created the submission with id .* for the workshop", "submitted"),
    (r"created the (?:page with id .* for the wiki|data record with id|glossary entry with id)", "posted"),
    (r"manually graded the question with id|graded +VPL submission with id", "graded"),
    (r"uploaded +VPL submission with id", "submitted"),
    (r"edited +VPL submission with id", "uploaded"),
    (r"joined a bigbluebuttonbn meeting", "viewed"),
    (r"' (?:has )?viewed ", "viewed"),
)

#: Name of an activity type in a download's "Event context" → kind of raw.tasks.
CONTEXT_KINDS = {
    "assignment": "assignment", "задание": "assignment",
    "quiz": "quiz", "тест": "quiz",
    "page": "page", "страница": "page", "book": "page", "книга": "page",
    "file": "file", "файл": "file", "folder": "file", "папка": "file",
    "url": "url", "гиперссылка": "url",
    "forum": "forum", "форум": "forum",
    "feedback": "feedback", "обратная связь": "feedback", "survey": "feedback", "анкета": "feedback",
    "завдання": "assignment", "aufgabe": "assignment", "devoir": "assignment", "tarea": "assignment", "tarefa": "assignment", "compito": "assignment",
    "zadanie": "assignment", "test": "quiz", "cuestionario": "quiz", "questionário": "quiz", "teste": "quiz",
    "сторінка": "page", "textseite": "page", "página": "page", "pagina": "page", "strona": "page", "buch": "page", "livre": "page", "libro": "page",
    "livro": "page", "datei": "file", "fichier": "file", "archivo": "file", "arquivo": "file", "ficheiro": "file", "plik": "file", "тека": "file",
    "verzeichnis": "file", "dossier": "file", "carpeta": "file", "pasta": "file", "foro": "forum", "fórum": "forum",
    "зворотний зв'язок": "feedback", "зворотний зв’язок": "feedback", "rückmeldung": "feedback", "retroalimentación": "feedback",
    "custom certificate": "certificate", "certificate": "certificate", "сертификат": "certificate",
}  # fmt: skip

#: State of completion as the reports write it in English, Russian, Ukrainian, Belarusian, German, French, Spanish, by the words it holds (language packs of
#: several years: ``completion-pass``, ``completion-fail`` …); the first that fits counts.
_STATES = (
    (
        re.compile(
            r"did not achieve|not achieve pass|fail|ниже проходного|не достигнут|не сдано|незачет|не вдалося|не набран"
            r"|nicht bestanden|nicht erreicht|ohne erfolg|n['’]a pas atteint|no aprobad|no (?:ha )?alcanz"
        ),
        "failed",
    ),
    (
        re.compile(
            r"achieved pass|\(passed|^pass|выше проходного|достигнут\w* проходно|сдано|проходной балл достигнут|перевищено|набраны"
            r"|bestanden|grenze erreicht|mit erfolg|atteinte|niveau de réussite|\(aprobad|\((?:ha )?alcanz"
        ),
        "passed",
    ),
    (
        re.compile(
            r"^not complete|^incomplete|^не выполнен|^не викон|^не заверш|^не пройден|^нявыкан|^n$|^no$|^нет$|^nicht |^(?:pas|non|não) |^nie\s?ukończ|^no "
        ),
        "incomplete",
    ),
    (
        re.compile(
            r"^complet|^выполнен|^викон|^выкан|^заверш|^пройден|^y$|^yes$|^да$|^abgeschlossen|^terminé|^achevé|^finalizad|^conclu[íi]d|^ukończ"
        ),
        "complete",
    ),
)

# Who set a state by hand: a person's name, which may hold any word.
_SET_BY = re.compile(
    r"\((?!achieved|did not|not achieve|passed|failed|оценка|проходн|достигнут|не достигнут|не вдалося|перевищено|набран|не набран"
    r"|bestanden|nicht bestanden|bestehensgrenze|mit erfolg|ohne erfolg|n['’]a pas|note |niveau de réussite|aprobad|no aprobad|(?:no )?(?:ha )?alcanz)"
    r"[^()]*(?:\([^()]*\)[^()]*)*\)?|[-–—,;:]?\s*(?:overridden|переопредел\w*)\b.*$"
)

# A Cyrillic name with an English one stuck to its end: the multilang filter was off where the report was made.
_GLUED = re.compile(r"^(?P<own>.*[\u0400-\u04ff].*?[\u0400-\u04ff\d»”\")!?])(?P<english>[A-Z][^\u0400-\u04ff]*)$", re.DOTALL)
_LETTERS = re.compile(r"[A-Za-z]")
#: Shorter Latin tails are marks of the name itself ("3D", "УроковPDF"): an English name has at least this many letters.
_ENGLISH_LETTERS = 4


@lru_cache(maxsize=1 << 16)
def event_word(name: str) -> str:
    """An event's name made comparable: lower case, plain spaces, no full stop, ё as е."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("ё", "е").split()).rstrip(".")


def action_of_pair(event: str, component: str) -> str | None:
    """Action of ``raw.activity`` by the name of the event and of its component; None for an event that is not known by name."""
    event, component = event_word(event), event_word(component)
    if event == "submission created" and component in _WORKSHOP:
        return "submitted"
    if event in _ACTION_OF_NAME:
        return _ACTION_OF_NAME[event]
    if (unnamed := _UNNAMED.fullmatch(event)) and (
        action := action_of(f"{unnamed['plugin']}\\{unnamed['deed'].replace(' ', '_')}")
    ) != "other":
        return action
    return "viewed" if _VIEWED.search(event) else None


def actions_by_description(descriptions: pa.Array) -> pa.Array:
    """Action of each description, for events that are not known by name; "other" where none fits."""
    found = pa.nulls(len(descriptions), pa.string())
    for pattern, action in _DEEDS:
        fits = pc.and_(pc.is_null(found), pc.match_substring_regex(descriptions, pattern))
        found = pc.if_else(fits, action, found)
    return pc.fill_null(found, "other")


def completion_state(cell: str) -> str | None:
    """incomplete, complete, passed or failed; None for a word that is no state. An empty cell is incomplete."""
    word = _SET_BY.sub("", event_word(cell)).strip()
    if not word or word == "-":
        return "incomplete"
    for pattern, state in _STATES:
        if pattern.search(word):
            return state
    return None


def two_languages(name: str) -> tuple[str, str | None]:
    """A name and, where an English one is glued to it, that one: "Тема 2Module 2 talk" → ("Тема 2", "Module 2 talk")."""
    plain = " ".join(name.replace("\u00a0", " ").split())
    match = _GLUED.match(plain)
    if match and len(_LETTERS.findall(match["english"])) >= _ENGLISH_LETTERS:
        return match["own"].strip(), match["english"].strip()
    return plain, None


def person_key(name: str) -> str:
    """A person's name made comparable, for accounts known by nothing else: one case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def person_keys(names: Iterable[str | None]) -> list[str | None]:
    """``"name:" + person_key`` of each name; None for nobody ("-", an empty cell)."""
    return [f"name:{key}" if name is not None and (key := person_key(name)) not in ("", "-") else None for name in names]
