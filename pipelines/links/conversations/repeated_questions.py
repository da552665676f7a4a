"""Questions that were asked before: ``links.repeated_questions``, ``links.repeated_merges``, ``links.repeated_answers``.

Short texts with typing errors: what a question says is read by ``question_wording``, which of them are one by ``question_clusters``. Answers are evidence:
questions that curators answer alike are likelier one. Tasks tell questions apart ("when is work 2 due" is not "… work 4"). For each cluster
the curators' answers are ranked: the first may stand in a list of answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from pipelines.links.conversations import question_wording, wording
from pipelines.links.conversations.question_clusters import Features, grow, pair_signs, until, weighted
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_HALF = 0.5
#: Digits of a score that do not depend on the order of a sum.
_DIGITS = 9


@dataclass(frozen=True)
class RepetitionSummary:
    """Questions compared, clusters of two and more, questions in them, and clusters that became part of an older one."""

    questions: int
    clusters: int
    repeated: int
    merged: int


@dataclass(frozen=True)
class Clusters:
    """``asked``: questions compared. ``members``: question_id, cluster_id, score, intent (null: none), is_of_the_week; questions asked once have no row. ``merges``: cluster_id, into_id, day."""

    asked: int
    members: pd.DataFrame
    merges: pd.DataFrame


#: When something was last said to a course's questions, and what its tasks are called: of what else the clusters are made ``novelty`` keeps watch.
_COURSES = """
create or replace temp table courses_asked as
with asked as (
    select question.burst_id as question_id, min(coalesce(message.course_id, place.course_id, chat.course_id, '')) as course_id, max(message.sent_at) as last_at
    from links.questions as question join raw.messages as message on message.message_id = question.message_id and message.channel <> 'mail'
    left join links.places as place on place.place_id = message.chat_id and place.kind = 'chat'
    left join raw.chats as chat on chat.chat_id = message.chat_id
    group by question.burst_id having bool_or(question.is_question)
), answered as (
    select reply.question_id, max(message.sent_at) as last_at
    from links.replies as reply join raw.messages as message on message.message_id = reply.answer_id group by reply.question_id
), named as (
    select course_id, md5(string_agg(task_id || '|' || coalesce(name, ''), '|' order by task_id)) as tasks from raw.tasks group by course_id
), course as (
    select asked.course_id, max(greatest(asked.last_at, answered.last_at)) as last_at
    from asked left join answered on answered.question_id = asked.question_id group by asked.course_id
)
select course.course_id, course.last_at, coalesce(named.tasks, '') as tasks,
    before.course_id is null or before.tasks <> coalesce(named.tasks, '') or $since::double is null
        or epoch(greatest(course.last_at, before.last_at)) >= $since::double as is_anew
from course left join named on named.course_id = course.course_id
left join links.repeated_courses as before on before.course_id = course.course_id
"""


def link_repeated_questions(warehouse: Warehouse, *, since: float | None = None) -> RepetitionSummary:
    """Cluster the questions of each course and rank the answers given to them.

    Grain of links.repeated_questions: one row per question (first message of its burst) that has at least one fellow; questions asked once
    have no row. Questions of forums, chats and personal messages; mails have no text. A question whose course is unknown is compared with its
    like only. Needs links.questions and links.replies.
    ``since``: messages sent before this moment (seconds) stand as they were when this was last done (``novelty``), and with them the courses that have no
    later ones; None: every course is sought anew.
    """
    warehouse.connection.execute(_COURSES, {"since": since})
    questions = _questions(warehouse)
    is_anew = questions["course_id"].isin(warehouse.frame("select course_id from courses_asked where is_anew")["course_id"]).to_numpy(bool)
    ids = pa.table({"question_id": pa.array(questions["question_id"], pa.string()), "is_anew": pa.array(is_anew)})
    with warehouse.registered("questions_compared", ids):
        found = cluster(questions, _answers(warehouse), is_anew)
        members, merges = found.members, found.merges
        now = pa.table(
            {
                "message_id": pa.array(members["question_id"], pa.string()),
                "cluster_id": pa.array(members["cluster_id"], pa.string()),
                "score": pa.array(members["score"], pa.float64()),
                "intent": pa.array(members["intent"], pa.string()),
                "is_of_the_week": pa.array(members["is_of_the_week"], pa.bool_()),
            }
        )
        told = questions.set_index("question_id")[["course_id", "line"]].loc[members["question_id"]]
        asked = told.assign(cluster_id=members["cluster_id"].to_numpy())
        with warehouse.registered("clustered", now):
            ranked = rank(_answers_given(warehouse), asked)
        merged = pa.table(
            {
                "cluster_id": pa.array(merges["cluster_id"], pa.string()),
                "into_id": pa.array(merges["into_id"], pa.string()),
                "merged_on": pa.array(merges["day"].to_numpy("datetime64[D]"), pa.date32()),
            }
        )
        tables = {
            "repeated_questions": ("message_id", now),
            "repeated_merges": ("cluster_id", merged),
            "repeated_answers": ("cluster_id", pa.Table.from_pandas(ranked, _RANKED, preserve_index=False)),
        }
        tables = {
            name: (key, pa.concat_tables([_standing(warehouse, name, key, rows.schema), rows])) for name, (key, rows) in tables.items()
        }
    # All of it or nothing: a course that is noted has its rows.
    with warehouse.transaction():
        for name, (_, rows) in tables.items():
            warehouse.replace(f"links.{name}", rows)
        warehouse.replace("links.repeated_courses", warehouse.arrow("select course_id, last_at, tasks from courses_asked"))
    every = tables["repeated_questions"][1]
    return RepetitionSummary(found.asked, len(every["cluster_id"].unique()), every.num_rows, tables["repeated_merges"][1].num_rows)


def _standing(warehouse: Warehouse, table: str, key: str, schema: pa.Schema) -> pa.Table:
    """Rows of courses that stand as they were."""
    columns = ", ".join(f"old.{name}" for name in schema.names)
    return warehouse.arrow(
        f"select {columns} from links.{table} as old semi join (select question_id from questions_compared where not is_anew) as kept on kept.question_id = old.{key}"
    ).cast(schema)


def _questions(warehouse: Warehouse) -> pd.DataFrame:
    return warehouse.frame(
        f"""
        with part as (
            select question.burst_id as question_id, question.is_question, message.sent_at, message.message_id, words.text,
                coalesce(message.course_id, place.course_id, chat.course_id, '') as course_id,
                row_number() over (partition by question.burst_id order by message.sent_at, length(message.message_id), message.message_id) as place
            from links.questions as question join raw.messages as message on message.message_id = question.message_id and message.channel <> 'mail'
            left join personal.messages as words on words.message_id = message.message_id
            left join links.places as place on place.place_id = message.chat_id and place.kind = 'chat'
            left join raw.chats as chat on chat.chat_id = message.chat_id
        ), question as (
            select question_id, min(course_id) as course_id, min(sent_at) as asked_at,
                string_agg(text, ' ' order by place) filter (where is_question) as text
            from part group by question_id having bool_or(is_question)
        ), lined as (
            select *, {wording.line_sql("text", quotations=True)} as line,
                trim({wording.line_sql("array_to_string(regexp_extract_all(text, '«([^»]{1,300})»', 1), ' ')", quotations=True)}) as quoted
            from question
        ), named as (
            -- The task whose name is quoted: by its number where its name has one.
            select lined.question_id, min(coalesce(nullif(regexp_extract(task.name, '[0-9]+'), ''), task.task_id)) as task
            from lined join raw.tasks as task on task.course_id = lined.course_id
                and contains({wording.line_sql("task.name", quotations=True)}, ' ' || lined.quoted || ' ')
            where lined.quoted <> '' group by lined.question_id having count(*) = 1
        )
        select lined.question_id, lined.course_id, lined.asked_at, trim(regexp_replace(line, '^ ({wording.pattern(wording.GREETINGS).strip()} )+', ' ')) as line, quoted, named.task
        from lined left join named on named.question_id = lined.question_id where trim(line) <> ''
        order by lined.asked_at, length(lined.question_id), lined.question_id
        """
    )


def _answers(warehouse: Warehouse) -> pd.DataFrame:
    return warehouse.frame(
        f"""
        -- Substantive answers of curators whose question is known, without the greeting they open with.
        select reply.question_id, reply.answer_id, message.sent_at as answered_at,
            trim(regexp_replace({wording.line_sql("words.text", quotations=True)}, '^ ({wording.pattern(wording.GREETINGS).strip()} )+', ' ')) as line
        from links.replies as reply semi join (select question_id from questions_compared where is_anew) as asked on asked.question_id = reply.question_id
        join raw.messages as message on message.message_id = reply.answer_id
        join personal.messages as words on words.message_id = reply.answer_id
        where reply.role = 'curator' and reply.kind = 'substantive' and reply.rule in ('explicit', 'thread', 'mention', 'direct') and message.channel <> 'mail'
        order by message.sent_at, length(reply.answer_id), reply.answer_id, reply.question_id
        """
    )


def cluster(questions: pd.DataFrame, answers: pd.DataFrame, anew: NDArray[np.bool_] | None = None) -> Clusters:
    """Clusters of at least two questions.

    Parameters
    ----------
    questions: question_id, course_id, asked_at, line (see ``wording``), quoted (line of what stands in quotation marks), task (of the
        name quoted; null: none); in the order of asking.
    answers: question_id, answered_at, line; in the order of answering. Answers to other questions are left out.
    anew: which questions are compared, whole courses; the others only lend their words to the mending of typing errors. None: all.

    A cluster's id is the question_id of its first question. Score: probability that a question is one with the rest of its cluster, 0 to 1.
    """
    if questions.empty:
        return Clusters(0, _members([], [], [], []), _merges([], [], []))
    day = _days(questions["asked_at"])
    tasks = [task if isinstance(task, str) else None for task in questions["task"]]
    asked = question_wording.tidied(questions["line"].tolist(), questions["quoted"].tolist(), tasks, day.tolist())
    compared = np.flatnonzero(np.ones(len(day), bool) if anew is None else anew)
    if not len(compared):
        return Clusters(len(day), _members([], [], [], []), _merges([], [], []))
    said = question_wording.read([asked[place] for place in compared.tolist()])
    ids, day = questions["question_id"].to_numpy(object)[compared], day[compared]
    course = pd.factorize(questions["course_id"].to_numpy(object)[compared])[0].astype(np.int64)
    # "How do I do that?" asks something else each time: without an intent and a word of weight a question is one with no other.
    is_light = np.array([which < 0 and _is_light(words) for which, words in zip(said.intent.tolist(), said.lemmas, strict=True)], bool)
    texts = pd.factorize(
        np.array(
            [f"{key}|{which}|{' '.join(words)}" for key, which, words in zip(said.key, said.intent.tolist(), said.lemmas, strict=True)],
            object,
        )
    )[0].astype(np.int64)
    text, alone = texts[said.of], is_light[said.of]
    text[alone] = len(texts) + np.flatnonzero(alone)
    # The same wording is compared once: what is asked five hundred times costs no more than what is asked once.
    form, distinct = pd.factorize(course * (len(texts) + len(ids)) + text)
    first = np.full(len(distinct), len(form))
    np.minimum.at(first, form, np.arange(len(form)))
    features = _features(first, form, day, course, said, ids, answers)
    grown = grow(features)
    head = grown.cluster[form]
    members = pd.Series(head).groupby(head).transform("size").to_numpy()
    # Rounded: in another company of courses the same sums run in another order.
    near = _nearness(features, grown.cluster).round(_DIGITS)
    twins = np.bincount(form, minlength=len(distinct))[form] > 1
    score = np.where(twins, 1.0, near[form])
    names = np.asarray([*question_wording.intent_names(), None], object)
    keep = members >= 2
    rows = _members(ids[keep], ids[first[head[keep]]], score[keep], names[said.intent[said.of[keep]]])
    # The cluster is of the week when most of its questions are.
    of_the_week = pd.Series(np.isin(rows["intent"].to_numpy(object), list(question_wording.intents_of_the_week())), index=rows.index)
    rows["is_of_the_week"] = of_the_week.groupby(rows["cluster_id"]).transform("mean") > _HALF
    return Clusters(
        len(questions), rows.sort_values("question_id", kind="stable").reset_index(drop=True), _visible(grown.merges, form, day, ids[first])
    )


def _answers_given(warehouse: Warehouse) -> pd.DataFrame:
    """One row per cluster and substantive answer of a curator to one of its questions that still stands."""
    signs = wording.signs_sql("line", {"is_personal": wording.ONE_CASE})
    greeting = f"^ ({wording.pattern(wording.GREETINGS).strip()} )+"
    return warehouse.frame(
        f"""
        with reply as (
            select repeated.cluster_id, reply.question_id, reply.answer_id, message.sent_at, message.words, reply.role, reply.kind,
                trim(regexp_replace({wording.line_sql("words.text", quotations=True)}, '{greeting}', ' ')) as bare
            from clustered as repeated join links.replies as reply on reply.question_id = repeated.message_id
            join raw.messages as message on message.message_id = reply.answer_id and message.deleted_at is null
            left join personal.messages as words on words.message_id = reply.answer_id
        ), given as (
            select *, ' ' || bare || ' ' as line from reply where role = 'curator' and kind = 'substantive'
        ), judged as (
            select given.*, {signs},
                exists (select 1 from reply as after where after.question_id = given.question_id and after.role = 'asker' and after.kind = 'thanks' and after.sent_at > given.sent_at) as is_thanked,
                exists (
                    select 1 from given as after where after.question_id = given.question_id and after.answer_id <> given.answer_id and after.sent_at > given.sent_at
                        and regexp_matches(after.line, '{wording.pattern(wording.CORRECTS)}')
                ) as is_corrected
            from given
        )
        select cluster_id, answer_id, any_value(sent_at) as sent_at, any_value(words) as words, any_value(line) as line, count(distinct question_id)::integer as questions,
            bool_or(is_personal) as is_personal, bool_or(is_thanked) as is_thanked, bool_or(is_corrected) as is_corrected
        from judged group by cluster_id, answer_id order by cluster_id, sent_at, length(answer_id), answer_id
        """
    )


_RANKED = pa.schema(
    [
        ("cluster_id", pa.string()), ("answer_id", pa.string()), ("questions", pa.int32()), ("centrality", pa.float64()), ("relevance", pa.float64()), ("is_thanked", pa.bool_()),
        ("is_corrected", pa.bool_()), ("is_personal", pa.bool_()), ("score", pa.float64()), ("place", pa.int32()),
    ]
)  # fmt: skip


def rank(answers: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Answers of each cluster, the one first that would stand best in a list of answers.

    Parameters
    ----------
    answers: cluster_id, answer_id, words, line, questions, is_thanked, is_corrected, is_personal; in the order of answering within a cluster.
    questions: cluster_id, course_id, line: what was asked.

    Words weigh by their rarity in the course. Points: likeness to the other answers and to what was asked, thanks, words, less for what was corrected later or speaks of one case:
    somebody's own, or another task than any that was asked about. Of equals the earliest.
    """
    ranked = answers.drop(columns=[name for name in ("sent_at", "line", "words") if name in answers])
    number, clusters = pd.factorize(answers["cluster_id"])
    cluster = number.astype(np.int64)
    of = pd.Series(np.arange(len(clusters)), index=clusters)
    about = questions[questions["cluster_id"].isin(of.index)]
    everyone = np.r_[cluster, of.loc[about["cluster_id"]].to_numpy(np.int64)]
    lines = [*answers["line"], *about["line"]]
    course = np.zeros(len(clusters), np.int64)
    course[of.loc[about["cluster_id"]].to_numpy(np.int64)] = pd.factorize(about["course_id"])[0]
    vectors = weighted(
        everyone, course[everyone], np.zeros(len(everyone), np.int64), [list(found) for found in question_wording.carrying(lines)]
    )
    given, asked = vectors[: len(answers)], vectors[len(answers) :]
    members = np.bincount(cluster)
    own = np.asarray(given.multiply(given).sum(axis=1)).ravel()
    ranked["centrality"] = np.clip((_shared(given, given, cluster, cluster) - own) / np.maximum(members[cluster] - 1, 1), 0, 1).round(6)
    wanted = (
        _shared(given, asked, cluster, everyone[len(answers) :])
        / np.maximum(np.bincount(everyone[len(answers) :], minlength=len(members)), 1)[cluster]
    )
    ranked["relevance"] = np.clip(wanted, 0, 1).round(6)
    ranked["is_personal"] = answers["is_personal"].to_numpy(bool) | _of_other_tasks(answers["line"], cluster, about, of)
    said = np.minimum(answers["words"].fillna(0).to_numpy(float) / threshold("faq_words"), 1)
    ranked["score"] = (
        threshold("faq_w_centrality") * ranked["centrality"]
        + threshold("faq_w_relevance") * ranked["relevance"]
        + threshold("faq_w_thanked") * ranked["is_thanked"]
        + threshold("faq_w_words") * said
        + threshold("faq_w_corrected") * ranked["is_corrected"]
        + threshold("faq_w_personal") * ranked["is_personal"]
    )
    ranked["place"] = ranked.groupby("cluster_id")["score"].rank(method="first", ascending=False).astype(int)
    return ranked[_RANKED.names].sort_values(["cluster_id", "place"], kind="stable").reset_index(drop=True)


def _of_other_tasks(lines: pd.Series, cluster: NDArray[np.int64], asked: pd.DataFrame, number_of: pd.Series) -> NDArray[np.bool_]:
    """Answers that name tasks, and none of those which the questions of their cluster name: "work 5 is due on Sunday" to "when is work 1 due?"."""
    wanted: dict[int, set[str]] = {}
    for number, tasks in zip(number_of.loc[asked["cluster_id"]].tolist(), question_wording.tasks_named(asked["line"]), strict=True):
        wanted.setdefault(number, set()).update(tasks)
    told = question_wording.tasks_named(lines)
    return np.array(
        [
            bool(tasks) and bool(wanted.get(number)) and tasks.isdisjoint(wanted[number])
            for number, tasks in zip(cluster.tolist(), told, strict=True)
        ],
        bool,
    )


def _shared(
    rows: sparse.csr_matrix, others: sparse.csr_matrix, group: NDArray[np.int64], group_of_others: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum over the others of its group, per row: cosine of unit rows."""
    if not rows.shape[0]:
        return np.zeros(0)
    shape = (int(group.max()) + 1, others.shape[0])
    total = sparse.csr_matrix((np.ones(others.shape[0]), (group_of_others, np.arange(others.shape[0]))), shape=shape) @ others
    return np.asarray(rows.multiply(total[group]).sum(axis=1)).ravel()


def _features(
    first: NDArray[np.int64],
    form: NDArray[np.int64],
    day: NDArray[np.int64],
    course: NDArray[np.int64],
    said: question_wording.Wordings,
    ids: NDArray[np.object_],
    answers: pd.DataFrame,
) -> Features:
    wording_of = said.of[first]
    intent = said.intent[wording_of]
    lemmas = [
        list(words) if which >= 0 or not _is_light(words) else []
        for words, which in zip((said.lemmas[place] for place in wording_of.tolist()), intent.tolist(), strict=True)
    ]
    keys, names = pd.factorize(np.asarray(said.key, object))
    group = pd.factorize(course[first] * len(names) + keys[wording_of])[0].astype(np.int64)
    trust = _trust(course[first], day[first], intent >= 0)
    place = pd.Series(np.arange(len(ids)), index=ids)
    given = answers[answers["question_id"].isin(place.index)]
    answer_form = form[place.loc[given["question_id"]].to_numpy()] if len(given) else np.zeros(0, np.int64)
    answer_day = np.maximum(_days(given["answered_at"]), day[first[answer_form]]) if len(given) else np.zeros(0, np.int64)
    order = np.argsort(answer_day, kind="stable")
    answer_form, answer_day = answer_form[order], answer_day[order]
    words = question_wording.carrying(given["line"].iloc[order])
    return Features(
        course=course[first],
        day=day[first],
        words=weighted(group, course[first], day[first], lemmas),
        letters=weighted(group, course[first], day[first], [_letters(found) for found in lemmas]),
        intent=sparse.diags(trust) @ _one_hot(group, intent),
        family=sparse.diags(trust) @ _one_hot(group, np.where(intent >= 0, question_wording.families()[intent], -1)),
        answer_form=answer_form,
        answer_day=answer_day,
        answers=weighted(group[answer_form], course[first[answer_form]].astype(np.int64), answer_day, [list(found) for found in words]),
    )


def _is_light(words: tuple[str, ...]) -> bool:
    return all(word in wording.LIGHT_WORDS for word in words)


def _trust(course: NDArray[np.int64], day: NDArray[np.int64], has_intent: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far the lexicon of intents is of this course's field, 0 to 1: by the share of the course's forms, until the form's day, in which it
    finds an intent. It was written for courses: in talk about other things its words mean other things."""
    prior = threshold("repeat_prior_questions")
    asked = until(course, day)
    recognised = until(course * 2 + has_intent, day)
    recognised = np.where(has_intent, recognised, asked - recognised)
    return np.clip((recognised + prior) / (asked + prior) / threshold("intent_coverage"), 0, 1)


def _one_hot(group: NDArray[np.int64], kind: NDArray[np.int64]) -> sparse.csr_matrix:
    """Rows of forms, a column per group and kind; kind -1: an empty row."""
    has = np.flatnonzero(kind >= 0)
    columns, distinct = pd.factorize(group[has] * (int(kind.max(initial=0)) + 1) + kind[has])
    return sparse.csr_matrix((np.ones(len(has)), (has, columns)), shape=(len(group), max(len(distinct), 1)))


def _letters(words: list[str]) -> list[str]:
    """Runs of four letters within the words, their beginnings and ends marked."""
    return [run for word in words for run in _runs(word)]


@cache
def _runs(word: str) -> tuple[str, ...]:
    return tuple(f"_{word}_"[place : place + 4] for place in range(max(len(word) - 1, 1)))


def _nearness(features: Features, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean probability that a form is one with the other forms of its cluster; 0 for a form alone."""
    signs, intent = pair_signs(features)
    size = len(clusters)
    total = sparse.csr_matrix((np.ones(size), (clusters, np.arange(size))), shape=(size, size)) @ signs
    members = np.bincount(clusters, minlength=size)
    known = np.bincount(clusters, intent, minlength=size)
    others = np.maximum(members[clusters] - 1, 1)
    own = np.asarray(signs.multiply(signs).sum(axis=1)).ravel()
    shared = np.asarray(signs.multiply(total[clusters]).sum(axis=1)).ravel()
    mean = (shared - own + threshold("repeat_w_other_intent") * intent * (known[clusters] - intent)) / others + threshold("repeat_w_bias")
    return np.where(members[clusters] > 1, 1 / (1 + np.exp(-mean)), 0.0)


def _visible(
    merges: list[tuple[int, int, int]], form: NDArray[np.int64], day: NDArray[np.int64], names: NDArray[np.object_]
) -> pd.DataFrame:
    """Merges of clusters that had rows: at least two questions before that day."""
    asked: dict[int, list[int]] = {}
    for which, when in zip(form.tolist(), day.tolist(), strict=True):
        asked.setdefault(which, []).append(when)
    rows = []
    for gone, into, when in merges:
        if sum(moment < when for moment in asked[gone]) >= 2:
            rows.append((names[gone], names[into], when))
        asked[into].extend(asked.pop(gone))
    gone_ids, into_ids, moments = zip(*rows, strict=True) if rows else ((), (), ())
    return _merges(gone_ids, into_ids, pd.to_datetime(np.asarray(moments, np.int64), unit="D"))


def _days(moments: pd.Series) -> NDArray[np.int64]:
    """Number of the day (UTC) since 1970."""
    return (pd.to_datetime(moments, utc=True).dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64) // 86_400).astype(np.int64)


def _members(ids: Any, clusters: Any, scores: Any, intents: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"question_id": ids, "cluster_id": clusters, "score": scores, "intent": intents, "is_of_the_week": np.zeros(len(ids), bool)}
    )


def _merges(gone: Any, into: Any, day: Any) -> pd.DataFrame:
    return pd.DataFrame({"cluster_id": gone, "into_id": into, "day": day})
