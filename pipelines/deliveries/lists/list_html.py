"""The morning list as a page: one file, no script, nothing loaded from elsewhere; readable on a phone and printed in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from pipelines.deliveries.lists import wording
from pipelines.deliveries.lists.copies import Pair
from pipelines.deliveries.lists.list_model import LEVELS, SECTIONS, CuratorList, Line
from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.pages import page
from pipelines.thresholds import threshold

_STEP, _HEIGHT, _BAR = 9, 18, 7


def list_page(item: CuratorList, language: Language, *, evidence_pages: Mapping[str, str], workbook: str) -> bytes:
    """One curator's list. ``evidence_pages``: line → file name of its side-by-side view; ``workbook``: file name of the XLSX."""
    sections = []
    number = 0
    for section in SECTIONS:
        lines = []
        for line in item.of_section(section):
            number += 1
            lines.append(line_view(line, number, item, language, evidence_pages))
        if lines:
            sections.append({"id": section, "title": language.say(wording.SECTION_TITLES[section]), "lines": lines})
    return page("list.html", language, **head_view(item, language), sections=sections, workbook=workbook)


def head_view(item: CuratorList, language: Language) -> dict[str, Any]:
    """What stands above and below the lines of a list."""
    return {
        "programme": item.programme_name,
        "streams": wording.streams_name(item.streams),
        "learners": item.learners,
        "date": language.long_date(item.day + timedelta(days=1)),
        "data_until": wording.data_note(item, language),
        "zone": language.zone_name(),
        "greeting": wording.greeting(item, language),
        "changes": wording.changes_since(item, language),
        "marked": wording.marked_note(item, language),
        "resting": wording.resting_note(item, language),
        "shared": wording.shared_note(item, language),
        "basis": wording.basis_note(item, language),
        "warnings": [wording.source_warning(warning, language) for warning in item.warnings],
        "overflow": wording.overflow_note(item, language),
        "marks": wording.mark_choices(item.curator_name, language),
    }


def line_view(line: Line, number: int, item: CuratorList, language: Language, evidence_pages: Mapping[str, str]) -> dict[str, Any]:
    risk = line.risks[0] if line.risks else None
    facts: list[tuple[str, str]] = []
    if todo := wording.action(line, language):
        facts.append((language.say("What to do"), todo))
    if contacts := wording.contacts_known(line, language):
        facts.append((language.say("Contacts"), contacts))
    if last := wording.last_contact(line.contact, language):
        facts.append((language.say("Last contact"), last))
    # A curator of one stream knows which one it is; it stands at the top of the page.
    where = [wording.streams_name(line.streams)] if (len(item.streams) != 1 or line.similar) and not line.idle else []
    if risk and (day := wording.course_day(risk, language)):
        where.append(day)
    return {
        "number": number,
        "item_id": line.item_id,
        "person_id": line.person_id,
        "name": wording.streams_name(line.streams) if line.idle else line.name or language.say("a learner without a name"),
        "is_similar": line.similar is not None,
        "channel": wording.next_channel(line),
        "trail": [wording.mark_words(mark, language) for mark in line.marks[: int(threshold("list_marks_shown"))]],
        "rest": wording.rest_words(line, language),
        "is_person": line.person_id is not None or line.idle is not None,
        "section": line.section,
        "level": line.level if line.section == "help" else "high" if line.idle else None,
        "headline": wording.similar_words(line.similar, language) if line.similar else wording.headline(line, language),
        "change": wording.change_words(line, language),
        "where": " · ".join(part for part in where if part),
        "spark": sparkline(risk.levels, language) if risk else None,
        "reasons": wording.reasons_of(line, language),
        "questions": [
            {
                "head": wording.question_head(question, language, with_wait=line.section != "waiting" or len(line.questions) > 1),
                "text": wording.question_excerpt(question, language),
                "before": wording.asked_before(question, language),
                "ready": ready[0] if (ready := wording.ready_answer(question)) else None,
                "ready_title": language.say("Ready answer") if ready and ready[1] else language.say("How this was answered before"),
            }
            for question in line.questions
        ],
        "facts": facts,
        "draft": (draft := wording.draft(line, item.curator_name, language)),
        "draft_rows": sum(1 + len(row) // 60 for row in (draft or "").split("\n")) + 1,
        "evidence": evidence_pages.get(line.item_id),
        "people": [copier.name for copier in line.similar.people if copier.name] if line.similar else [],
    }


def sparkline(levels: Sequence[str | None], language: Language) -> Markup | None:
    """Levels of risk of the last days as bars, oldest first; a day without a score is a gap. None: nothing to draw."""
    if sum(level in LEVELS for level in levels) < 2:  # one bar shows no movement
        return None
    first = next(place for place, level in enumerate(levels) if level in LEVELS)
    levels = levels[first:]  # days before the first score are no gap
    bars = []
    for place, level in enumerate(levels):
        if level in LEVELS:
            height = round(_HEIGHT * (LEVELS.index(str(level)) + 1) / len(LEVELS))
            bars.append(f'<rect x="{place * _STEP}" y="{_HEIGHT - height}" width="{_BAR}" height="{height}" class="{level}"/>')
        else:
            bars.append(f'<rect x="{place * _STEP}" y="{_HEIGHT - 1}" width="{_BAR}" height="1" class="gap"/>')
    words = ", ".join(wording.level_name(level, language) if level in LEVELS else language.say("not known") for level in levels)
    label = language.say("Risk by day, oldest first: {levels}", levels=words)
    return Markup(
        '<svg class="spark" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-label="{label}"><title>{label}</title>'
    ).format(w=len(levels) * _STEP, h=_HEIGHT, label=label) + Markup(
        "".join(bars) + "</svg>"
    )  # the bars hold numbers and level codes of ours alone


def evidence_page(item: CuratorList, line: Line, language: Language, *, back: str) -> bytes:
    """The side-by-side view of one similar-work line. ``back``: file name of the list."""
    return page("copies.html", language, **evidence_view(item, line, language), back=back)


def evidence_view(item: CuratorList, line: Line, language: Language) -> dict[str, Any]:
    """What the side-by-side view of one similar-work line shows."""
    similar = line.similar
    if similar is None:
        raise ValueError("an evidence page belongs to a similar-work line")
    pairs = []
    for compared in item.evidence.get(line.item_id, ()):
        copier, pair = compared.copier, compared.pair
        notes = []
        words = pair.matched_words if pair else copier.matched_words
        share = pair.later_share if pair else copier.share
        is_by_bytes = pair is not None and pair.same_file and not pair.matched_words
        if words is not None and not is_by_bytes:
            notes.append(language.count("{n} word agrees", "{n} words agree", words))
        if share is not None and not is_by_bytes:
            notes.append(language.say("{share} of this work", share=language.percent(share)))
        if pair and pair.same_file:
            notes.append(language.say("the same file, byte for byte"))
        if pair and pair.earlier_in_file:
            notes.append(language.say("stands in a file posted in the chat"))
        if pair and pair.hidden_characters:
            notes.append(language.count("{n} invisible character inside", "{n} invisible characters inside", pair.hidden_characters))
        if pair and pair.homoglyphs:
            notes.append(
                language.count("{n} Latin letter inside a Russian word", "{n} Latin letters inside Russian words", pair.homoglyphs)
            )
        notes += _file_notes(pair, language) if pair else []
        pairs.append(
            {
                "name": copier.name or language.say("a learner without a name"),
                "handed_in": language.moment(copier.handed_in_at) if copier.handed_in_at else None,
                "notes": notes,
                "later": pair.later if pair else None,
                "earlier": pair.earlier if pair else None,
                "is_source": pair.is_source if pair else True,
            }
        )
    leaked = language.say("file in the chat message") if similar.source_in_file else language.say("message in the chat")
    source = [leaked if similar.source_kind == "leak" else language.say("work handed in earlier")]
    source += [similar.source_name] if similar.source_name else []
    source += [language.moment(similar.source_at)] if similar.source_at else []
    return {
        "title": wording.similar_words(similar, language),
        "where": wording.streams_name(line.streams),
        "source": ", ".join(source),
        "pairs": pairs,
        "left_out": max(0, len(similar.people) - len(pairs)),
    }


def _file_notes(pair: Pair, language: Language) -> list[str]:
    """What the files of both works say beside their words; what they do not say is not mentioned."""
    notes = []
    if pair.same_author:
        notes.append(language.say("the files name the same author"))
    if pair.same_creation and not pair.same_file:
        notes.append(language.say("the files were made at the same moment"))
    if pair.shared_revisions and not pair.same_file:
        notes.append(language.count("{n} editing session in common", "{n} editing sessions in common", pair.shared_revisions))
    if pair.unseen_letters:
        notes.append(
            language.count("{n} letter in the file that nobody sees", "{n} letters in the file that nobody sees", pair.unseen_letters)
        )
    return notes


def index_page(lists: Sequence[CuratorList], language: Language, *, ending: str) -> bytes:
    """The day's curators with their number of lines and links to their lists; no learner is named on it."""
    rows = [
        {
            "name": item.curator_name or item.slug,
            "streams": wording.streams_name(item.streams),
            "learners": item.learners,
            "lines": len(item.lines),
            "more": len(item.overflow),
            "page": f"{item.slug}{ending}.html",
            "workbook": f"{item.slug}{ending}.xlsx",
        }
        for item in sorted(lists, key=lambda item: ((item.curator_name or "").casefold(), item.curator_id))
    ]
    first = lists[0]
    return page(
        "index.html",
        language,
        programme=first.programme_name,
        date=language.long_date(first.day + timedelta(days=1)),
        rows=rows,
        warnings=[wording.source_warning(warning, language) for warning in first.warnings],
    )
