"""What a marker's comment is worth to the learner: ``links.feedback``.

Learners want to know where the inaccuracy is. A comment is *formal* when it only accepts ("принято") or says nothing of the work, *boilerplate*
when near-identical words went to several learners, *returned* when the work was sent back to be mended, and *substantive* when it speaks of
this work. Markers word all this in many ways, so structure decides before lists of words do: how long it is, to how many learners the same words
went, and whether anything in it is *specific*: advice or a criterion, a question, a quotation, something that is missing, or words of the learner's own
text that other works of the task do not share.

Near-identity is decided by wording: words and word pairs, numbers left out, that overlap almost wholly. Comments put together from the marker's stock
phrases overlap too; where such a comment is specific, only the very same words make it a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from pipelines.links.conversations import wording
from pipelines.thresholds import THRESHOLDS_FILE, threshold
from pipelines.warehouse import Warehouse

#: Temporary tables of one run.
_MADE = ("marked", "own_words_of", "asked", "own_words")
_SIGNS = {"redo": wording.REDO, "accepts": wording.ACCEPTS, "advice": wording.ADVICE, "lacks": wording.LACKS}


@dataclass(frozen=True)
class FeedbackSummary:
    """Grades judged, and how many of each kind."""

    grades: int
    by_kind: dict[str, int]


def link_feedback(warehouse: Warehouse) -> FeedbackSummary:
    """Judge the comment of every grade in the markers' record and write ``links.feedback``.

    Grain: one row per grade with record = marking. Rules, the first that holds: no comment or an empty one (``none``); sent back, because
    the attempt was reopened, a later attempt exists after the grade, or the comment asks to redo (``returned``); a few words with nothing specific
    (``formal``); the same words to several learners (``boilerplate``); a sentence with nothing specific although the work can be read (``formal``);
    anything else (``substantive``). A grade without a comment whose work was reopened is ``none``: sent back without a word is no feedback. Works
    handed in as files only cannot be compared with the comment: own_words is null and nothing follows from it.
    """
    connection, rules = warehouse.connection, _rules()
    connection.execute(_MARKED)
    connection.execute(_OWN_WORDS_OF, {"rules": rules})
    connection.execute(_ASKED)
    connection.execute(_OWN_WORDS)
    grades = warehouse.frame(
        f"""
        with lines as (
            select *, {wording.line_sql("comment", quotations=True)} as line from marked
        ), later as (
            select distinct marked.grade_id from marked
            join raw.submissions as submission on submission.account_id = marked.account_id and submission.task_id = marked.task_id
                and submission.attempt > marked.attempt
            where marked.attempt is not null
        )
        select lines.grade_id, lines.grader_id, lines.learner_id, trim(lines.line) as bare, not regexp_matches(lines.comment, '\\S') as is_empty,
            case when trim(lines.line) = '' then 0 else len(string_split(trim(lines.line), ' ')) end as words,
            {wording.signs_sql("lines.line", _SIGNS)},
            regexp_matches(lines.line, '{wording.SENDS_BACK}') and not regexp_matches(lines.line, '{wording.NEXT_TIME}') as sends_back,
            later.grade_id is not null as has_later_attempt, regexp_matches(lines.comment, '[?]|[«“][^»”]+[»”]') as asks_or_quotes,
            coalesce(own.own_words, case when made.grade_id is not null then kept.own_words end) as own_words, made.own_words_of,
            kept.learners as kept_learners, kept.learners_of as kept_learners_of
        from lines left join later on later.grade_id = lines.grade_id
        left join own_words_of as made on made.grade_id = lines.grade_id
        left join own_words as own on own.grade_id = lines.grade_id
        left join links.feedback as kept on kept.grade_id = lines.grade_id
        order by lines.grade_id
        """
    )
    for table in _MADE:
        connection.execute(f"drop table temp.{table}")
    kind, rule, learners, learners_of = _judge(grades, rules)
    warehouse.replace(
        "links.feedback",
        pa.table(
            {
                "grade_id": pa.array(grades["grade_id"], pa.string()),
                "kind": pa.array(kind, pa.string()),
                "rule": pa.array(rule, pa.string()),
                "own_words": pa.array(grades["own_words"].astype("Int32"), pa.int32(), from_pandas=True),
                "learners": pa.array(learners, pa.int32()),
                "own_words_of": pa.array(grades["own_words_of"], pa.string(), from_pandas=True),
                "learners_of": pa.array(learners_of, pa.string(), from_pandas=True),
            }
        ),
    )
    kinds, counts = np.unique(kind, return_counts=True) if len(kind) else (np.array([]), np.array([]))
    return FeedbackSummary(grades=len(grades), by_kind={str(name): int(count) for name, count in zip(kinds, counts, strict=True)})


def _rules() -> str:
    """What decides besides the texts: another wording of a rule is another result, and nobody has to say so."""
    files = (Path(__file__), Path(str(wording.__file__)), THRESHOLDS_FILE)
    return md5(b"|".join(file.read_bytes() for file in files), usedforsecurity=False).hexdigest()


_MARKED = """
    create or replace temp table marked as
    select mark.grade_id, coalesce(mark.grader_account_id, '') as grader_id,
        -- What a team is told is told once, to all of its members.
        case when task.is_team then concat(mark.task_id, ' ', mark.graded_at) else coalesce(mark.account_id, mark.grade_id) end as learner_id,
        coalesce(words.comment, '') as comment, mark.account_id, mark.submission_id, mark.task_id, mark.attempt
    from raw.grades as mark left join personal.grades as words on words.grade_id = mark.grade_id left join raw.tasks as task on task.task_id = mark.task_id
    where mark.record = 'marking'
"""

_WORKS = """
    work as (
        select submission.submission_id, submission.account_id, submission.task_id, submission.attempt, words.text,
            row_number() over (partition by submission.task_id order by md5(submission.submission_id)) as place
        from raw.submissions as submission join personal.submissions as words on words.submission_id = submission.submission_id
        where words.text is not null and submission.task_id is not null
    ), pair as (
        -- Two joins by keys: joined by "or", every grade would be held beside every work.
        select marked.grade_id, marked.comment, work.submission_id, work.task_id
        from marked join work on work.submission_id = marked.submission_id
        union all
        select marked.grade_id, marked.comment, work.submission_id, work.task_id
        from marked join work on work.account_id = marked.account_id and work.task_id = marked.task_id and work.attempt = marked.attempt
        where marked.submission_id is null
    )
"""

#: Per grade whose learner's text can be looked at, a fingerprint of everything that the own words are counted from. md5, because an engine's own hash
#: changes with its version; lists in order, for an engine with several threads has none of its own.
_OWN_WORDS_OF = f"""
    create or replace temp table own_words_of as
    with {_WORKS}, printed as (
        select submission_id, task_id, place, submission_id || chr(30) || md5(text) as text from work
    ), telling as (
        select task_id, md5(string_agg(text, chr(31) order by text)) as text from printed where place <= {int(threshold("own_word_works"))} group by task_id
    )
    select pair.grade_id,
        md5(concat_ws(chr(29), $rules, any_value(pair.comment), string_agg(printed.text || chr(30) || telling.text, chr(31) order by printed.text))) as own_words_of
    from pair join printed on printed.submission_id = pair.submission_id join telling on telling.task_id = pair.task_id
    group by pair.grade_id
"""

_ASKED = """
    create or replace temp table asked as
    select made.grade_id from own_words_of as made left join links.feedback as kept on kept.grade_id = made.grade_id
    where kept.own_words_of is distinct from made.own_words_of or kept.own_words is null
"""

#: Words of each comment that the learner's own text has and most works of the task have not: by their beginnings, as endings change. Of each task
#: so many works are looked at as tell what is common; null: there is no text to look at. Only of grades in ``asked``, and only works that these need are
#: put into lines.
_OWN_WORDS = f"""
    create or replace temp table own_words as
    with {_WORKS}, wanted as (
        select pair.* from pair where pair.grade_id in (select grade_id from asked)
    ), line as materialized (
        select submission_id, task_id, place, {wording.line_sql("text", quotations=True)} as line from work
        where submission_id in (select submission_id from wanted)
            or (place <= {int(threshold("own_word_works"))} and task_id in (select task_id from wanted))
    ), worded as materialized (
        select grade_id, list_distinct(list_transform(
            list_filter(string_split(trim(line), ' '), word -> length(word) > 3), word -> left(word, greatest(4, length(word) - 2)))) as beginnings
        from (select distinct grade_id, {wording.line_sql("comment", quotations=True)} as line from wanted)
    ), told as (
        select wanted.grade_id, wanted.task_id, line.line as work_line, worded.beginnings
        from wanted join line on line.submission_id = wanted.submission_id join worded on worded.grade_id = wanted.grade_id
    ), looked_for as (
        select distinct task_id, unnest(beginnings) as beginning from told
    ), common as (
        select looked_for.task_id, looked_for.beginning from looked_for
        join line on line.task_id = looked_for.task_id and line.place <= {int(threshold("own_word_works"))}
        group by looked_for.task_id, looked_for.beginning
        having count(*) > 1 and avg(contains(line.line, ' ' || looked_for.beginning)::integer) > {threshold("own_word_share")}
    ), said as (
        select grade_id, task_id, work_line, unnest(beginnings) as beginning from told
    )
    select told.grade_id, coalesce(max(hit.own_words), 0) as own_words from told left join (
        select said.grade_id, count(*) as own_words from said left join common on common.task_id = said.task_id and common.beginning = said.beginning
        where common.beginning is null and contains(said.work_line, ' ' || said.beginning) group by said.grade_id
    ) as hit on hit.grade_id = told.grade_id group by told.grade_id
"""


def _judge(grades: pd.DataFrame, rules: str) -> tuple[list[str], list[str], NDArray[np.int64], list[str]]:
    """Kind and rule of each grade, to how many learners its marker gave near-identical words, and the fingerprint of what that was counted from."""
    if grades.empty:
        return [], [], np.zeros(0, np.int64), []
    words = grades["words"].to_numpy()
    redo, accepts = grades["redo"].to_numpy(bool) | grades["sends_back"].to_numpy(bool), grades["accepts"].to_numpy(bool)
    own = grades["own_words"].to_numpy(float, na_value=np.nan)
    has_own = np.nan_to_num(own) >= threshold("specific_own_words")
    is_specific = (
        grades["advice"].to_numpy(bool) | grades["asks_or_quotes"].to_numpy(bool) | (grades["lacks"].to_numpy(bool) & ~accepts) | has_own
    )
    is_bare = (words <= threshold("formal_comment")) & ~is_specific & ~redo
    learners, same_words, anywhere, learners_of = _repetition(grades, rules)
    least = threshold("boilerplate_learners")
    is_template = ((learners >= least) & ~is_specific) | (same_words >= least) | (anywhere >= threshold("boilerplate_anywhere"))
    held = [
        ("empty", "none", grades["is_empty"].to_numpy(bool)),
        ("asks_to_redo", "returned", redo),
        ("later_attempt", "returned", grades["has_later_attempt"].to_numpy(bool) & ~is_bare),
        ("acceptance_only", "formal", is_bare),
        ("marker_s_template", "boilerplate", is_template),
        (
            "says_nothing_of_the_work",
            "formal",
            (words <= threshold("bare_answer")) | (~is_specific & ~np.isnan(own) & (words <= threshold("empty_comment"))),
        ),
    ]
    which = np.select([holds for _, _, holds in held], np.arange(len(held)), default=len(held))
    names = [*[(kind, rule) for rule, kind, _ in held], ("substantive", "of_this_work")]
    return [names[place][0] for place in which], [names[place][1] for place in which], learners, learners_of


def _repetition(grades: pd.DataFrame, rules: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[str]]:
    """To how many learners went near-identical words of the same marker, the very same words of the same marker, and the very same words of any
    marker; 0 for empty comments. And per grade the fingerprint of all that its marker wrote: where it stands, near-identical words are not sought again."""
    # Equal comments need comparing once: markers have few templates, so distinct wordings stay few wherever there are any.
    text = grades["bare"].str.replace(r"[0-9]+", "#", regex=True)
    group = pd.DataFrame({"grader": grades["grader_id"], "text": text, "learner": grades["learner_id"]})
    said = group[text != ""]
    anywhere = text.map(said.groupby("text")["learner"].nunique()).fillna(0).to_numpy(np.int64)
    distinct = said.groupby(["grader", "text"], sort=True)["learner"].nunique().rename("learners").reset_index()
    distinct["total"] = distinct["learners"]
    made = {grader: _wrote(comments, rules) for grader, comments in distinct.groupby("grader", sort=True)}
    learners_of = group["grader"].map(made)
    stands = group.assign(total=grades["kept_learners"])[(text != "") & (grades["kept_learners_of"] == learners_of)]
    kept = stands.groupby(["grader", "text"], sort=True)["total"].first()
    for _, comments in distinct.groupby("grader", sort=True):
        before = kept.reindex(pd.MultiIndex.from_frame(comments[["grader", "text"]])).to_numpy(float)
        distinct.loc[comments.index, "total"] = _near(comments) if np.isnan(before).any() else before.astype(np.int64)
    by_words = distinct.set_index(["grader", "text"]).reindex(pd.MultiIndex.from_frame(group[["grader", "text"]])).fillna(0)
    totals, same_words = (by_words[name].to_numpy().astype(np.int64) for name in ("total", "learners"))
    return totals, same_words, anywhere.astype(np.int64), learners_of.to_list()


def _wrote(comments: pd.DataFrame, rules: str) -> str:
    told = "\x1e".join(f"{text}\x1f{learners}" for text, learners in zip(comments["text"], comments["learners"], strict=True))
    return md5(f"{rules}\x1d{told}".encode(), usedforsecurity=False).hexdigest()


def _near(comments: pd.DataFrame) -> NDArray[np.int64]:
    """To how many learners went words like each of one marker's distinct ones. ``comments``: text, learners."""
    given = comments["learners"].to_numpy()
    near, block = threshold("boilerplate_likeness"), int(threshold("reply_block"))
    try:
        counts = CountVectorizer(analyzer="word", token_pattern=r"[^ ]+", ngram_range=(1, 2), binary=True).fit_transform(comments["text"])
    except ValueError:  # not one word in all of them
        return given.astype(np.int64)
    unit = normalize(counts.astype(np.float64))
    total = [
        np.bincount(alike.row[alike.data >= near], given[alike.col[alike.data >= near]], minlength=alike.shape[0])
        for first in range(0, len(comments), block)
        if (alike := (unit[first : first + block] @ unit.T).tocoo()) is not None
    ]
    return np.maximum(np.concatenate(total).astype(np.int64), given)
