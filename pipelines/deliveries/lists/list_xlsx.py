"""The morning list as a workbook: the list with a column for marks, and a second sheet with everybody who did not fit as well.

Every text is written as text: a name or a question that begins with "=", "+", "-" or "@" is never a formula. Same list, same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from textwrap import wrap

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from pipelines.deliveries.lists import wording
from pipelines.deliveries.lists.list_model import CuratorList, Line
from pipelines.deliveries.shared.language import N_, Language
from pipelines.thresholds import threshold

#: Heading, width in characters. The marks stand beside the name: they are what is typed in.
COLUMNS = (
    (N_("No."), 4),
    (N_("Section"), 13),
    (N_("Learner"), 22),
    (N_("Mark"), 14),
    (N_("Until / note"), 15),
    (N_("Why"), 40),
    (N_("Question"), 36),
    (N_("What to do"), 30),
    (N_("Last contact"), 20),
    (N_("Changed"), 16),
    (N_("Stream"), 20),
    (N_("Draft message"), 60),
    (N_("Marks so far"), 30),
)
#: Headings of the hidden columns by which a sheet that comes back is understood; the same in every language.
HIDDEN = ("mayak:item", "mayak:section", "mayak:curator", "mayak:day")
#: What is printed: the rest is for the screen.
PRINTED_COLUMNS = 8
#: Points per line of the workbook's default font, and Excel's highest row.
LINE_POINTS, ROW_POINTS_MOST = 15, 409
MARK_COLUMN = 3
#: A message to be copied out of its cell: rows are not made as high as it is long.
DRAFT_COLUMN = 11
#: Free space before each text, so that it does not run into what stands to its left: steps of Excel's, and the characters that it takes.
INDENT, INDENT_CHARACTERS = 1, 2
#: The column that names addresses: as wide as the longest of them, but for one that would take the room of all others.
WAYS_COLUMN, WAYS_WIDEST = 7, 46
#: Excel's limits: characters of a cell, and of a sheet's name.
CELL_CHARACTERS = 32_767
_FIRST_ROW = 3
#: The row of the headings as a program shows it, counted from one.
HEADINGS_ROW = _FIRST_ROW


def workbook(item: CuratorList, language: Language) -> bytes:
    """The workbook of one curator."""
    content = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, options)
    book.set_properties({"title": language.say("Mayak"), "created": datetime.combine(item.day, datetime.min.time())})
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 2, "bg_color": "#E7E7E4", "align": "left", "indent": INDENT}
    )
    cell = book.add_format({"text_wrap": True, "valign": "top", "bottom": 4, "align": "left", "indent": INDENT})
    strong = book.add_format({"text_wrap": True, "valign": "top", "bottom": 4, "bold": True, "align": "left", "indent": INDENT})
    title = book.add_format({"bold": True, "font_size": 14})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    number = book.add_format({"valign": "top", "bottom": 4, "align": "center"})
    formats = {"head": head, "cell": cell, "strong": strong, "title": title, "plain": plain, "number": number}
    _sheet(book.add_worksheet(language.say("Today")), item, item.lines, language, formats)
    _sheet(book.add_worksheet(language.say("All")), item, item.everything, language, formats)
    book.close()
    return content.getvalue()


def _sheet(sheet: Worksheet, item: CuratorList, lines: Sequence[Line], language: Language, formats: dict[str, object]) -> None:
    date = language.long_date(item.day + timedelta(days=1))
    sheet.write_string(0, 0, f"{date[0].upper()}{date[1:]}. {wording.greeting(item, language)}", formats["title"])
    notes = [wording.source_warning(warning, language) for warning in item.warnings]
    said = (wording.changes_since(item, language), wording.marked_note(item, language), wording.resting_note(item, language))
    notes += [note for note in (*said, wording.basis_note(item, language), wording.data_note(item, language)) if note]
    printed = sum(width for _, width in COLUMNS[:PRINTED_COLUMNS])
    sheet.merge_range(1, 0, 1, PRINTED_COLUMNS - 1, " ".join(notes)[:CELL_CHARACTERS], formats["plain"])
    sheet.set_row(1, LINE_POINTS * (1 + len(" ".join(notes)) // printed))
    widths = _widths(written := [_cells(line, item, language) for line in lines])
    for column, ((heading, _), width) in enumerate(zip(COLUMNS, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(_FIRST_ROW - 1, column, language.say(heading), formats["head"])
    for column, heading in enumerate(HIDDEN, start=len(COLUMNS)):
        sheet.set_column(column, column, 10, None, {"hidden": True})
        sheet.write_string(_FIRST_ROW - 1, column, heading, formats["head"])
    for row, (line, cells) in enumerate(zip(lines, written, strict=True), start=_FIRST_ROW):
        for column, text in enumerate((line.item_id, line.section, item.curator_id, item.day.isoformat()), start=len(COLUMNS)):
            sheet.write_string(row, column, text)
        sheet.write_number(row, 0, row - _FIRST_ROW + 1, formats["number"])
        sheet.set_row(row, _row_points(cells, widths))
        for column, text in enumerate(cells, start=1):
            sheet.write_string(row, column, text[:CELL_CHARACTERS], formats["strong" if column == 2 else "cell"])
    last = max(_FIRST_ROW, _FIRST_ROW + len(lines) - 1)
    if lines:
        marks = wording.mark_choices(item.curator_name, language)
        sheet.data_validation(
            _FIRST_ROW, MARK_COLUMN, last, MARK_COLUMN,
            {
                "validate": "list",
                "source": marks,
                "error_title": language.say("Mark"),
                "error_message": language.say("Choose one of the marks of the list, or leave the cell empty."),
            },
        )  # fmt: skip
        sheet.autofilter(_FIRST_ROW - 1, 0, last, len(COLUMNS) - 1)
    sheet.freeze_panes(_FIRST_ROW, 3)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_FIRST_ROW - 1)
    sheet.print_area(0, 0, last, PRINTED_COLUMNS - 1)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&C&P / &N")


def _cells(line: Line, item: CuratorList, language: Language) -> list[str]:
    why = [
        wording.similar_words(line.similar, language) if line.similar else wording.headline(line, language),
        *wording.reasons_of(line, language),
    ]
    questions = []
    for question in line.questions:
        head = [wording.question_head(question, language), wording.asked_before(question, language)]
        questions.append(" · ".join(part for part in head if part) + f"\n{wording.question_excerpt(question, language)}")
    todo = [wording.action(line, language), wording.contacts_known(line, language)]
    changed = [wording.change_words(line, language), wording.rest_words(line, language)]
    if line.similar:
        todo = [language.say("Compare side by side"), language.say("For a look: what it means is for a person to decide.")]
        questions = [", ".join(copier.name for copier in line.similar.people if copier.name)]
    risk = line.risks[0] if line.risks else None
    where = [wording.streams_name(line.streams), wording.course_day(risk, language) if risk else None]
    return [
        language.say(wording.SECTION_TITLES[line.section]),
        line.name or ("—" if line.person_id is None else language.say("a learner without a name")),
        "",
        "",
        "\n".join(f"• {reason}" if place else reason for place, reason in enumerate(why)),
        "\n\n".join(part for part in questions if part),
        "\n".join(part for part in todo if part),
        wording.last_contact(line.contact, language) or "",
        "\n".join(part for part in changed if part),
        "\n".join(part for part in where if part),
        wording.draft(line, item.curator_name, language) or "",
        "\n".join(wording.mark_words(mark, language) for mark in line.marks[: int(threshold("list_marks_shown"))]),
    ]


def _widths(written: Sequence[Sequence[str]]) -> list[float]:
    """Widths of the columns: an address that is broken in two is typed wrongly off the paper."""
    widths = [float(width) for _, width in COLUMNS]
    longest = max((len(word) for cells in written for word in cells[WAYS_COLUMN - 1].split()), default=0)
    widths[WAYS_COLUMN] = min(max(widths[WAYS_COLUMN], longest + INDENT_CHARACTERS), WAYS_WIDEST)
    return widths


def _row_points(cells: Sequence[str], widths: Sequence[float]) -> int:
    """Height of a row, estimated from the lines that its fullest cell but the draft is wrapped to: not every program fits rows to their text on opening."""
    lines = max(
        sum(len(wrap(paragraph, int(width) - INDENT_CHARACTERS)) or 1 for paragraph in text.split("\n"))
        for column, (text, width) in enumerate(zip(cells, widths[1:], strict=True), start=1)
        if column != DRAFT_COLUMN
    )
    return min(ROW_POINTS_MOST, LINE_POINTS * lines)
