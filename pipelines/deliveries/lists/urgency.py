"""Who comes first on a morning list, and who still fits on it.

Urgency is a number of points, greater is more urgent; every weight is a named threshold (docs/deliveries.md shows the table with a worked
example). A person's lines of several sections become one: the greatest urgency decides the section, every further section adds points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipelines.deliveries.lists.list_model import SECTIONS, AtRisk, Line, NeverStarted, NotReached, OpenQuestion, Section, SimilarWork
from pipelines.thresholds import threshold

#: A score about formal completion is about the certificate, not about losing the learner.
LESS_URGENT_TARGET = "formal_completion"
HOURS_A_DAY = 24


def of_question(question: OpenQuestion) -> float:
    """An open question: more by the hour, up to a cap; technical trouble stops the learner's work and adds points.

    After ``stale_question_days`` an answer rarely helps any more: it still wants closing, and comes after what can be turned. What is perhaps
    answered, or no question, comes after what surely waits.
    """
    waited = (question.hours_open or 0.0) / threshold("answered_within")
    points = threshold("urgency_waiting") + min(threshold("urgency_waiting_most"), threshold("urgency_waiting_day") * waited)
    if question.is_doubtful:
        return points - threshold("urgency_doubtful_less")
    if waited * threshold("answered_within") > HOURS_A_DAY * threshold("stale_question_days"):
        return points - threshold("urgency_stale_less")
    return points + (threshold("urgency_technical") if question.is_technical else 0.0)


def of_risk(risk: AtRisk) -> float:
    """A risk score: by level, inside the level by score; more when the level rose; less for formal completion."""
    points = threshold("urgency_high" if risk.level == "high" else "urgency_medium") + threshold("urgency_score") * risk.score
    if risk.has_risen:
        points += threshold("urgency_risen")
    return points - (threshold("urgency_formal_less") if risk.target == LESS_URGENT_TARGET else 0.0)


def of_never_started(item: NeverStarted) -> float:
    """Never started: most in the first days, when a call still helps; less by the day, down to a floor."""
    lost = threshold("urgency_never_started_day") * (item.days_since_start or 0)
    return max(threshold("urgency_never_started_least"), threshold("urgency_never_started") - lost)


def of_not_reached(item: NotReached) -> float:
    """A bounce is certain and comes before silence; silence gains with each notice in a row."""
    if item.why == "bounce":
        return threshold("urgency_bounce")
    return min(
        threshold("urgency_bounce"), threshold("urgency_silence") + threshold("urgency_silence_notice") * ((item.notices_in_row or 1) - 1)
    )


def of_similar(item: SimilarWork) -> float:
    """Similar works: by how many learners handed them in, up to a cap."""
    return threshold("urgency_similar") + min(threshold("urgency_similar_most"), threshold("urgency_similar_learner") * item.learners)


def by_section(line: Line) -> dict[Section, float]:
    """Urgency of each section that this line has something of."""
    points: dict[Section, list[float]] = {
        "waiting": [of_question(question) for question in line.questions],
        "help": [of_risk(risk) for risk in line.risks],
        "never_started": [of_never_started(line.never_started)] if line.never_started else [],
        "not_reached": [of_not_reached(item) for item in line.not_reached],
        "similar_work": [of_similar(line.similar)] if line.similar else [],
        "idle_group": [threshold("urgency_idle_group")] if line.idle else [],
    }
    return {section: max(values) for section, values in points.items() if values}


def urgency_of(line: Line) -> tuple[Section, float]:
    """The section a line stands in and its urgency: the greatest of its sections, plus points for every further one."""
    points = by_section(line)
    section = max(points, key=lambda name: (points[name], -SECTIONS.index(name)))
    return section, points[section] + threshold("urgency_further_section") * (len(points) - 1)


def ranked(lines: Iterable[Line]) -> list[Line]:
    """Most urgent first; equals by id, so that the same day gives the same list."""
    return sorted(lines, key=lambda line: (-line.urgency, line.item_id))


def fitting(lines: Sequence[Line], length: int) -> tuple[list[Line], list[Line]]:
    """Split candidates into those that fit on a list of ``length`` and those that do not.

    Every section with candidates keeps ``list_section_least`` places (fewer where the list is short), so that one section cannot starve
    the others, and those who need help keep ``list_help_least``; the remaining places go by urgency over all sections. Returns (on the list in section order, not on it by urgency).
    """
    candidates = ranked(lines)
    sections = [section for section in SECTIONS if any(line.section == section for line in candidates)]
    least = min(int(threshold("list_section_least")), length // len(sections)) if sections else 0
    chosen: dict[str, Line] = {}
    for section in sections:
        for line in [line for line in candidates if line.section == section][:least]:
            chosen[line.item_id] = line
    for line in [line for line in candidates if line.section == "help"][: int(threshold("list_help_least"))]:
        if len(chosen) < length:
            chosen[line.item_id] = line
    for line in candidates:
        if len(chosen) >= length:
            break
        chosen[line.item_id] = line
    fit = sorted(chosen.values(), key=lambda line: (SECTIONS.index(line.section), -line.urgency, line.item_id))
    return fit, [line for line in candidates if line.item_id not in chosen]
