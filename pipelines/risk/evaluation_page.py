"""The page that says how far the forecasts may be trusted, for the head of a centre: one HTML file, pictures inside, no script.

From a :class:`pipelines.risk.backtest.Backtest`: every week of what was said since (:func:`pipelines.risk.backtest.said`), or a look back at what would have
been said (:func:`pipelines.risk.backtest.run`). Figures of fewer than ``small_group`` learners are not shown.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pandas as pd
from jinja2 import Environment
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import PercentFormatter

from pipelines.intervals import wilson
from pipelines.risk import figures
from pipelines.risk.backtest import CAPACITY, Backtest
from pipelines.risk.figures import Measured
from pipelines.thresholds import threshold

WORDS = {
    "en": {
        "title": "How far the forecasts may be trusted",
        "lead": "Every ended stream was scored week by week as if it were that day; the models knew only streams that had ended before. {rows} learner-weeks, {people} learners.",
        "lead_said": "What was said of learners on the last scored day of each week, held against what became of them in streams that have ended since. {rows} learner-weeks, {people} learners; {days} days looked at, up to {until}.",
        "nothing": "No stream that was scored has ended yet, or too few learners are known: whether the forecasts come true cannot be told so far. Once a stream ends, this page says it. Until then: what is said, and whether anything has changed.",
        "of_when": "{people} learners of streams that were scored; {days} days looked at, up to {until}.",
        "short": "In short",
        "short_ten": "Of ten learners that the list names first in a stream, {list} really left; of ten at random {chance} (middle of the course; with 95 % certainty {low} to {high}).",
        "short_lead": "Of those who began and left, {share} were warned of before their last act, half of these {days} days before it or earlier.",
        "short_gap": "What is said and what happens part by {gap} percentage points on average at mid-course.",
        "contacts": "After a contact",
        "contacts_text": "Learners who were still there, and whether a curator wrote to them within the week (letter, personal message or answer; notices to all do not count). This shows no effect: curators choose whom they write to, and who writes is answered.",
        "contacted": "written to", "not_contacted": "not written to", "acted": "active that week", "level": "risk", "low": "low", "medium": "medium", "high": "high",
        "calibration": "Is what is said what happens?",
        "calibration_text": "A point on the line: of learners said to leave with 40 %, 40 % left. Points above it: more left than was said.",
        "said": "said", "seen": "happened",
        "lift": "What ten contacts a week reach",
        "lift_text": "If a curator can reach ten learners of a stream in a week: share of the ten who really left, by several orders and by chance. Left: all who left. Right: those among them who were still there that week, whom a contact could still keep. The order by benefit puts those who have been silent for long further down on purpose.",
        "all_left": "left", "yet_left": "left, still there that week", "learner_weeks": "learner-weeks", "list": "first ten by what a contact may save", "risk": "first ten by risk", "chance": "ten at random", "silence": "ten longest silent", "week": "week of the course",
        "order": "Are those who leave put above those who stay?", "in_order": "in order", "order_text": "Take one learner who left and one who completed: how often was the one who left said to be at higher risk? 100% is perfect, 50% is chance. In the second column what chance leaves open (ROC-AUC with its 95 % interval).",
        "reasons_first": "How often a reason comes first.", "reasons": "What is said about those at risk", "reasons_text": "How often a reason comes first. The first reason is still among the reasons the day after for {next} of learners, a week after for {stable}.",
        "drift": "Has anything changed?", "drift_none": "Nothing beyond its limit.", "drift_unknown": "Not measured yet: there is nothing to compare with.", "drift_text": "Days, of {days} scored, on which a measure left its limit. While the first streams teach the models this is usual; later it is a reason to ask what has changed: the course, the group, or a source that no longer delivers.",
        "fairness": "Is anybody treated worse?", "fairness_none": "No sex, age or region is known here, so nothing can be compared. The forecasts never use them.",
        "fairness_text": "Missed: of those who left, the share that was at low risk at mid-course. False alarms: of those who completed, the share that was at medium or high risk. In brackets what chance leaves open (95 %): groups whose brackets overlap may well be treated alike. The forecasts never use these columns.",
        "group": "group", "learners": "learners", "left": "left", "missed": "missed", "false_alarms": "false alarms", "sex": "sex", "age_band": "age", "region": "region", "F": "women", "M": "men", "measure": "measure", "days": "days",
        "limits": "A probability speaks of many learners like this one, never of one. It does not say why, nor that a contact helps.",
    },
    "ru": {
        "title": "Насколько можно верить прогнозам",
        "lead": "Каждый завершённый поток оценён неделя за неделей, как если бы это был тот день; модели знали только потоки, завершённые раньше. Недель слушателей: {rows}, слушателей: {people}.",
        "lead_said": "Что говорилось о слушателях в последний оценённый день каждой недели и что с ними стало в потоках, которые с тех пор завершились. Недель слушателей: {rows}, слушателей: {people}; дней просмотрено: {days}, по {until}.",
        "nothing": "Ни один оценённый поток ещё не завершился, или слушателей с известным исходом слишком мало: сбываются ли прогнозы, пока сказать нельзя. Когда поток завершится, эта страница об этом скажет. До тех пор — что говорится и не изменилось ли что-нибудь.",
        "of_when": "Слушателей в оценённых потоках: {people}; дней просмотрено: {days}, по {until}.",
        "short": "Коротко",
        "short_ten": "Из десяти слушателей потока, которых список называет первыми, действительно ушли {list}, из десяти наугад — {chance} (середина курса; с уверенностью 95 % от {low} до {high}).",
        "short_lead": "Из тех, кто начал и ушёл, о {share} список предупредил до их последнего действия, о половине из них — за {days} дн. или раньше.",
        "short_gap": "Сказанное и случившееся в середине курса расходятся в среднем на {gap} п. п. (сотых долей вероятности).",
        "contacts": "После обращения",
        "contacts_text": "Слушатели, которые ещё учились, и писал ли им куратор в течение недели (письмо, личное сообщение или ответ; общие уведомления не в счёт). Это не показывает действия обращений: кураторы выбирают, кому писать, а кто пишет сам, тому отвечают.",
        "contacted": "писали", "not_contacted": "не писали", "acted": "активны на той неделе", "level": "риск", "low": "низкий", "medium": "средний", "high": "высокий",
        "calibration": "Сбывается ли сказанное?",
        "calibration_text": "Точка на прямой: из тех, о ком сказано «уйдёт с вероятностью 40 %», ушли 40 %. Точки выше: ушло больше, чем сказано.",
        "said": "сказано", "seen": "случилось",
        "lift": "Что дают десять обращений в неделю",
        "lift_text": "Если за неделю можно связаться с десятью слушателями потока: какая доля из десяти действительно ушла, по разным порядкам и наугад. Слева — все ушедшие, справа — те из них, кто на той неделе ещё учился и кого обращение ещё могло удержать. Порядок по пользе нарочно ставит давно замолчавших ниже.",
        "all_left": "ушли", "yet_left": "ушли, но тогда ещё учились", "learner_weeks": "недель слушателей", "list": "первые десять по ожидаемой пользе", "risk": "первые десять по риску", "chance": "десять наугад", "silence": "десять самых молчаливых", "week": "неделя курса",
        "order": "Стоят ли уходящие выше тех, кто доучится?", "in_order": "верно", "order_text": "Возьмём одного ушедшего и одного завершившего: как часто ушедшему приписан более высокий риск? 100 % — безошибочно, 50 % — наугад. Во втором столбце — что оставляет открытым случай (ROC-AUC и её интервал 95 %).",
        "reasons_first": "Как часто причина стоит первой.", "reasons": "Что говорится о тех, кто в зоне риска", "reasons_text": "Как часто причина стоит первой. На другой день первая причина остаётся среди причин у {next} слушателей, через неделю — у {stable}.",
        "drift": "Изменилось ли что-нибудь?", "drift_none": "Ничто не вышло за свой предел.", "drift_unknown": "Пока не измерялось: сравнить не с чем.", "drift_text": "Сколько дней из {days} оценённых показатель был за пределом. Пока модели учатся на первых потоках, это обычно; позже это повод спросить, что изменилось: курс, группа или источник, который перестал присылать данные.",
        "fairness": "Не хуже ли кому-то?", "fairness_none": "Пол, возраст и регион здесь неизвестны, сравнить нечего. Прогнозы их никогда не используют.",
        "fairness_text": "Упущено: доля ушедших, у кого в середине курса риск был низким. Ложные тревоги: доля завершивших, у кого риск был средним или высоким. В скобках — что оставляет открытым случай (95 %): где скобки перекрываются, разницы может и не быть. Прогнозы эти сведения никогда не используют.",
        "group": "группа", "learners": "слушателей", "left": "ушли", "missed": "упущено", "false_alarms": "ложные тревоги", "sex": "пол", "age_band": "возраст", "region": "регион", "F": "женщины", "M": "мужчины", "measure": "показатель", "days": "дней",
        "limits": "Вероятность говорит о многих похожих слушателях, а не об одном. Она не говорит почему и не обещает, что обращение поможет.",
    },
}  # fmt: skip
#: Reason codes and measures in words.
SAID = {
    "en": {
        "silent_days": "silent for days", "slower_than_before": "slower than the group", "unread_materials": "materials not opened", "missed_tasks": "tasks missed",
        "low_grades": "low marks", "no_webinars": "not at webinars", "open_question": "a question without answer", "technical_trouble": "technical trouble",
        "unanswered_notice": "notices without a sign", "never_started": "never began", "psi": "learners unlike those learned from", "volume": "share at risk jumped",
        "calibration": "said and happened part",
    },
    "ru": {
        "silent_days": "молчит несколько дней", "slower_than_before": "медленнее группы", "unread_materials": "не открывает материалы", "missed_tasks": "не сданы работы",
        "low_grades": "низкие оценки", "no_webinars": "не бывает на вебинарах", "open_question": "вопрос без ответа", "technical_trouble": "технические трудности",
        "unanswered_notice": "нет отклика на уведомления", "never_started": "не начинал", "psi": "слушатели не похожи на прежних", "volume": "доля риска скакнула",
        "calibration": "сказанное и случившееся расходятся",
    },
}  # fmt: skip
#: A reason that comes first more seldom would be printed as 0 %.
LEAST_SHARE = 0.005
_PAGE = Environment(autoescape=True).from_string(
    """<!doctype html><html lang="{{ language }}"><meta charset="utf-8"><title>{{ w.title }}</title>
<style>body{font:16px/1.5 "DejaVu Sans",sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse}td,th{padding:.15rem .9rem .15rem 0;text-align:left}
td+td,th+th{text-align:right}img{max-width:100%}p.small{color:#555}</style>
<h1>{{ w.title }}</h1>{% if is_judged %}<p>{{ lead }}</p>{% elif of_when %}<p>{{ of_when }}</p>{% endif %}<p class="small">{{ w.limits }}</p>
{% if is_judged %}{% if short %}<h2>{{ w.short }}</h2><ul>{% for one in short %}<li>{{ one }}</li>{% endfor %}</ul>{% endif %}
<h2>{{ w.calibration }}</h2><p>{{ w.calibration_text }}</p><img alt="{{ w.calibration }}" src="{{ calibration }}">
<h2>{{ w.lift }}</h2><p>{{ w.lift_text }}</p><img alt="{{ w.lift }}" src="{{ lift }}">
<h2>{{ w.order }}</h2><p>{{ w.order_text }}</p><table><tr><th>{{ w.week }}</th><th>{{ w.in_order }}</th><th>95 %</th><th>{{ w.learners }}</th></tr>
{% for one in weeks %}<tr><td>{{ one[0] }}</td><td>{{ one[1] }}</td><td>{{ one[2] }}</td><td>{{ one[3] }}</td></tr>{% endfor %}</table>
{% else %}<p>{{ w.nothing }}</p>{% endif %}{% if reasons %}<h2>{{ w.reasons }}</h2><p>{{ reasons_text }}</p><table>{% for name, share in reasons %}<tr><td>{{ name }}</td><td>{{ share }}</td></tr>{% endfor %}</table>{% endif %}
{% if contacts %}<h2>{{ w.contacts }}</h2><p>{{ w.contacts_text }}</p><table><tr><th>{{ w.level }}</th><th></th><th>{{ w.learner_weeks }}</th><th>{{ w.acted }}</th><th>{{ w.left }}</th></tr>
{% for one in contacts %}<tr><td>{{ one[0] }}</td><td>{{ one[1] }}</td><td>{{ one[2] }}</td><td>{{ one[3] }}</td><td>{{ one[4] }}</td></tr>{% endfor %}</table>{% endif %}
<h2>{{ w.drift }}</h2>{% if drift %}<p>{{ drift_text }}</p><table><tr><th>{{ w.measure }}</th><th>{{ w.days }}</th></tr>
{% for name, days in drift %}<tr><td>{{ name }}</td><td>{{ days }}</td></tr>{% endfor %}</table>{% else %}<p>{{ w.drift_none if is_drift_known else w.drift_unknown }}</p>{% endif %}
{% if is_judged %}<h2>{{ w.fairness }}</h2>{% if fairness %}<p>{{ w.fairness_text }}</p><table><tr><th>{{ w.group }}</th><th>{{ w.learners }}</th><th>{{ w.left }}</th><th>{{ w.missed }}</th><th>{{ w.false_alarms }}</th></tr>
{% for one in fairness %}<tr><td>{{ one[0] }}</td><td>{{ one[1] }}</td><td>{{ one[2] }}</td><td>{{ one[3] }}</td><td>{{ one[4] }}</td></tr>{% endfor %}</table>
{% else %}<p>{{ w.fairness_none }}</p>{% endif %}{% endif %}</html>
"""
)


def render(tested: Backtest, language: str, *, said_until: date | None = None) -> str:
    """The page in "ru" or "en". ``said_until``: of what was really said (:func:`pipelines.risk.backtest.said`) up to this day; None: of a look back."""
    words, said = WORDS[language], SAID[language]
    begun = tested.rows[pd.to_datetime(tested.rows["day"]) < pd.to_datetime(tested.rows["ends_on"])]
    rows = begun[begun["is_judged"]]
    rows = rows.assign(left=(rows["ended_as"] != "completed").astype(int), week=(rows["course_day"] + 6) // 7)
    people = len(rows.drop_duplicates(["person_id", "stream_id"]))
    is_judged = people >= threshold("small_group")
    shown = rows if is_judged else begun
    at_risk = shown.loc[shown["level"] != "low", ["day", "person_id", "stream_id"]]
    firsts = tested.reasons[tested.reasons["rank"] == 1].merge(at_risk, on=["day", "person_id", "stream_id"])
    shares = firsts["code"].value_counts(normalize=True)
    is_told = len(firsts.drop_duplicates(["person_id", "stream_id"])) >= threshold("small_group")
    drifting = tested.drift[tested.drift["is_drifting"].astype(bool)]
    days = drifting.groupby("measure")["day"].nunique().sort_values(ascending=False)
    weeks = [
        (one.sample.removeprefix("week "), _share(one.value, language), f"{_share(one.low, language)}–{_share(one.high, language)}", one.n)
        for one in tested.figures
        if one.forecaster == "dropout" and one.metric == "roc_auc" and one.sample.removeprefix("week ").isdigit() and one.n >= threshold("small_group")
        and not np.isnan(one.value)
    ]  # fmt: skip
    number_of_days = tested.rows["day"].nunique()
    lead = words["lead"] if said_until is None else words["lead_said"]
    return _PAGE.render(
        language=language, w=words, said=said, is_judged=is_judged,
        lead=lead.format(rows=len(rows), people=people, days=number_of_days, until=said_until and _day(said_until, language)),
        of_when=said_until and words["of_when"].format(
            people=_count(len(begun.drop_duplicates(["person_id", "stream_id"]))), days=number_of_days, until=_day(said_until, language)
        ),
        short=_short(tested.figures, words, language), contacts=_contacts(tested.contacts, words, language), weeks=weeks,
        calibration=_calibration(rows, words) if is_judged else "", lift=_lift(rows, words) if is_judged else "",
        reasons=[(said.get(str(code), str(code)), _share(float(share), language)) for code, share in shares.items() if share >= LEAST_SHARE] if is_told else [],
        reasons_text=words["reasons_first" if np.isnan([tested.stability, tested.stability_next_day]).any() else "reasons_text"].format(stable=_share(tested.stability, language), next=_share(tested.stability_next_day, language)),
        drift_text=words["drift_text"].format(days=number_of_days),
        is_drift_known=not tested.drift.empty,
        drift=[(said[str(name)], int(count)) for name, count in days.items()],
        fairness=[_of_group(one, words, language) for one in fairness(tested.rows)],
    )  # fmt: skip


def _count(people: int) -> str:
    """A number of learners, or that they are too few to be told."""
    least = int(threshold("small_group"))
    return str(people) if people >= least else f"<{least}"


def _day(day: date, language: str) -> str:
    return f"{day:%d.%m.%Y}" if language == "ru" else f"{day.day} {day:%B %Y}"


def _short(found: list[Measured], words: dict[str, str], language: str) -> list[str]:
    """The three figures that matter, as sentences; one that is not known is left out."""
    known = {(one.sample, one.forecaster, one.metric): one for one in found}
    told = []
    weeks = sorted({int(one.sample.split()[1]) for one in found if one.forecaster == "first ten: chance"})
    middle = f"week {weeks[(len(weeks) - 1) // 2]}" if weeks else ""
    ten, chance = (known.get((middle, f"first ten: {name}", f"precision_at_{CAPACITY}")) for name in ("list (benefit)", "chance"))
    if ten and chance:
        numbers = {"list": ten.value, "chance": chance.value, "low": ten.low, "high": ten.high}
        told.append(words["short_ten"].format(**{name: _number(10 * value, 1, language) for name, value in numbers.items()}))
    warned, days = (known.get(("all weeks", "warning", name)) for name in ("share_warned_before", "median_lead_days"))
    if warned and days:
        told.append(words["short_lead"].format(share=_share(warned.value, language), days=f"{days.value:.0f}"))
    gap = known.get((middle, "dropout", "calibration_error"))
    if gap and not np.isnan(gap.value):
        told.append(words["short_gap"].format(gap=f"{100 * gap.value:.0f}"))
    return told


def _contacts(contacts: pd.DataFrame, words: dict[str, str], language: str) -> list[tuple[str, str, int, str, str]]:
    """Rows of the table of contacts, high risk first; small groups are left out."""
    order = {"high": 0, "medium": 1, "low": 2}
    rows = sorted(contacts.to_dict("records"), key=lambda one: (order[str(one["level"])], not one["is_contacted"]))
    return [
        (
            words[str(one["level"])], words["contacted" if one["is_contacted"] else "not_contacted"], int(one["n"]),
            _share(float(one["acted"]), language), _share(float(one["left"]), language),
        )
        for one in rows if one["n"] >= threshold("small_group")
    ]  # fmt: skip


@dataclass(frozen=True)
class Group:
    """How a group fared. column: what it is a group by; left, missed, false_alarms: shares; the last two with their 95 % interval, NaN where nobody is known."""

    column: str
    value: str
    learners: int
    left: float
    missed: tuple[float, float, float]
    false_alarms: tuple[float, float, float]


def fairness(rows: pd.DataFrame) -> list[Group]:
    """By every protected column there is, one row per learner near mid-course: of those who left the share at low risk, of those who completed the share at
    medium or high risk. Groups of which fewer than ``small_group`` left are left out; so are the false alarms of fewer than as many who completed."""
    found = []
    judged = rows[rows["is_judged"]]
    middle = judged.assign(gap=(judged["course_day"] - judged.groupby("stream_id")["course_day"].transform("median")).abs())
    middle = middle.sort_values(["gap", "day"]).drop_duplicates(["person_id", "stream_id"])
    for column in ("sex", "age_band", "region"):
        if column not in middle or not middle[column].notna().any():
            continue
        for value, group in middle.groupby(column):
            has_left, is_low = group["ended_as"] != "completed", group["level"] == "low"
            if has_left.sum() >= threshold("small_group"):
                found.append(
                    Group(
                        column, str(value), len(group), float(has_left.mean()), _interval(is_low[has_left]), _interval(~is_low[~has_left])
                    )
                )
    return found


def _interval(happened: pd.Series) -> tuple[float, float, float]:
    """Share with its 95 % interval; unknown of a small group."""
    n = len(happened)
    if n < threshold("small_group"):
        return (np.nan, np.nan, np.nan)
    share = float(happened.mean())
    return share, *wilson(share, n)


def _of_group(group: Group, words: dict[str, str], language: str) -> tuple[str, int, str, str, str]:
    missed, false_alarms = (
        "–" if np.isnan(share) else f"{_share(share, language)} ({_share(low, language)}–{_share(high, language)})"
        for share, low, high in (group.missed, group.false_alarms)
    )
    name = f"{words[group.column]}: {words.get(group.value, group.value)}"
    return name, group.learners, _share(group.left, language), missed, false_alarms


def _share(value: float, language: str) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}".replace("%", "\u00a0%" if language == "ru" else "%")


def _number(value: float, digits: int, language: str) -> str:
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language == "ru" else text


def _inline(picture: Picture) -> str:
    content = BytesIO()
    # Without a salt of ours its inner names would be drawn anew, and the same figures would be another file.
    with mpl.rc_context({"svg.hashsalt": "mayak"}):
        picture.savefig(content, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()


def _calibration(rows: pd.DataFrame, words: dict[str, str]) -> str:
    picture = Picture(figsize=(6.4, 3.6), layout="constrained")
    axes = picture.subplots()
    order = np.argsort(rows["dropout"].to_numpy(), kind="stable")
    parts = [part for part in np.array_split(order, figures.BINS) if len(part) >= threshold("small_group")]
    said, seen = ([float(rows[name].to_numpy()[part].mean()) for part in parts] for name in ("dropout", "left"))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot(said, seen, "o-", color="#1f4e79")
    axes.set(xlabel=words["said"], ylabel=words["seen"], xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    return _inline(picture)


def _lift(rows: pd.DataFrame, words: dict[str, str]) -> str:
    picture = Picture(figsize=(6.4, 3.4), layout="constrained")
    sides = picture.subplots(1, 2, sharey=True)
    weeks = sorted(rows["week"].unique())
    gone = pd.to_datetime(rows["dropped_on"]) <= pd.to_datetime(rows["day"])
    rows = rows.assign(yet=rows["left"] * (~gone & (rows["standing"] == "started")))
    colours = {"list": "#1f4e79", "risk": "#3c8031", "silence": "#b5651d", "chance": "0.5"}
    for axes, outcome, title in zip(sides, ("left", "yet"), ("all_left", "yet_left"), strict=True):
        lines: dict[str, list[float]] = {name: [] for name in colours}
        for week in weeks:
            part = rows[rows["week"] == week]
            for name, column in (("list", "benefit"), ("risk", "dropout"), ("silence", "silent_days")):
                first = part.sort_values([column, "person_id"], ascending=[False, True]).groupby(["stream_id", "day"]).head(CAPACITY)
                lines[name].append(float(first[outcome].mean()))
            lines["chance"].append(float(part[outcome].mean()))
        for (name, values), style in zip(lines.items(), ("o-", "^-", "s--", ":"), strict=True):
            axes.plot(weeks, values, style, label=words[name], color=colours[name])
        axes.set(xlabel=words["week"], ylim=(0, 1.05), xticks=weeks, title=words[title])
    sides[0].yaxis.set_major_formatter(PercentFormatter(1))
    picture.legend(*sides[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return _inline(picture)
