"""Questions that were asked before: ``links.repeated_questions``.

Short texts with typing errors: words are taken by lemma (pymorphy3, English as it stands), synonyms of the field made one, and compared
together with character n-grams, TF-IDF weighted within the course. Questions that were given
the same answer of substance are likelier one. Numbers and names of tasks tell questions apart ("work 2" is not "work 4").
Clusters grow by leader: questions in the order in which they were asked, each joining the cluster whose *first* question it resembles, or whose
nearest member it all but repeats; so there is no chaining, and a cluster keeps its id however many questions follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from pipelines.links import wording
from pipelines.programme import Programme
from pipelines.text import STOP_WORDS
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_WORD = re.compile(r"[0-9]+|[a-zа-я]+")
_CYRILLIC = re.compile(r"[а-я]")
#: Ordinals that number tasks and weeks.
_ORDINALS = {
    lemma: str(number)
    for number, lemmas in enumerate(("первый", "второй", "третий", "четвертый", "пятый", "шестой", "седьмой", "восьмой", "девятый", "десятый"), start=1)
    for lemma in (lemmas,)
}  # fmt: skip


@dataclass(frozen=True)
class RepetitionSummary:
    """Questions compared, clusters of two and more, and questions in them."""

    questions: int
    clusters: int
    repeated: int


def link_repeated_questions(warehouse: Warehouse, programme: Programme) -> RepetitionSummary:
    """Cluster the questions of each course by wording and write ``links.repeated_questions``.

    Grain: one row per question (first message of its burst) that has at least one fellow; questions asked once have no row. Questions of
    forums, chats and personal messages; mails have no text. A question whose course is unknown is compared with its like only.
    Needs links.questions and links.replies.
    """
    questions = warehouse.frame(
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
                {wording.line_sql("array_to_string(regexp_extract_all(text, '«([^»]{1,300})»', 1), ' ')", quotations=True)} as quoted
            from question
        ), answered as (
            -- The first answer of substance, without the name it is addressed to.
            select reply.question_id, arg_min(trim(regexp_replace({wording.line_sql("words.text", quotations=True)}, '^ ({wording.pattern(wording.GREETINGS).strip()} )+', ' ')), message.sent_at) as answer
            from links.replies as reply join raw.messages as message on message.message_id = reply.answer_id
            join personal.messages as words on words.message_id = reply.answer_id
            where reply.role = 'curator' and reply.kind = 'substantive' and reply.rule in ('explicit', 'thread') and message.channel <> 'mail'
            group by reply.question_id
        )
        select lined.question_id, course_id, asked_at, answered.answer, trim(regexp_replace(line, '^ ({wording.pattern(wording.GREETINGS).strip()} )+', ' ')) as line, trim(quoted) as quoted
        from lined left join answered on answered.question_id = lined.question_id where trim(line) <> '' order by course_id, asked_at, length(lined.question_id), lined.question_id
        """
    )
    clusters = cluster(questions)
    warehouse.replace(
        "links.repeated_questions",
        pa.table(
            {
                "message_id": pa.array(clusters["question_id"], pa.string()),
                "cluster_id": pa.array(clusters["cluster_id"], pa.string()),
                "score": pa.array(clusters["score"], pa.float64()),
            }
        ),
    )
    return RepetitionSummary(questions=len(questions), clusters=clusters["cluster_id"].nunique(), repeated=len(clusters))


def cluster(questions: pd.DataFrame) -> pd.DataFrame:
    """Clusters of at least two questions.

    Parameters
    ----------
    questions: question_id, course_id, line (see ``wording``), quoted (line of what stands in quotation marks); in the order of asking within
        each course; optionally answer (line of the answer given, null: none).

    Returns question_id, cluster_id (question_id of the first), score (nearness to the nearest other member, 0 to 1).
    """
    found = []
    answers = questions["answer"] if "answer" in questions else pd.Series([None] * len(questions), index=questions.index)
    for _, course in questions.groupby("course_id", sort=True):
        texts = [_content(line) for line in course["line"]]
        keys = [_distinguishing(text, quoted) for text, quoted in zip(texts, course["quoted"], strict=True)]
        wordings = pd.Series([f"{' '.join(text)}|{key}" for text, key in zip(texts, keys, strict=True)])
        # The same wording is compared once: what is asked five hundred times costs no more than what is asked once.
        codes, distinct = pd.factorize(wordings)
        first = np.full(len(distinct), len(codes))
        np.minimum.at(first, codes, np.arange(len(codes)))
        given = _answers(codes, answers.loc[course.index], len(distinct))
        leader, nearness = _lead(_likeness([texts[place] for place in first], [keys[place] for place in first], given))
        ids = course["question_id"].to_numpy()
        found.append(
            pd.DataFrame({"question_id": ids, "wording": codes, "cluster_id": ids[first[leader[codes]]], "nearness": nearness[codes]})
        )
    if not found:
        return pd.DataFrame({"question_id": [], "cluster_id": [], "score": []})
    every = pd.concat(found, ignore_index=True)
    every["score"] = np.where(every.groupby(["cluster_id", "wording"])["question_id"].transform("size") > 1, 1.0, every["nearness"])
    members = every.groupby("cluster_id")["question_id"].transform("size")
    return every.loc[members >= 2, ["question_id", "cluster_id", "score"]].sort_values("question_id", kind="stable").reset_index(drop=True)


def _content(line: str) -> tuple[str, ...]:
    """Lemmas that carry the question."""
    lemmas = (_lemma(word) for word in _WORD.findall(line))
    return tuple(lemma for lemma in lemmas if lemma)


@cache
def _analyzer():
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")


@cache
def _lemma(word: str) -> str:
    """The word's lemma after synonyms; empty for words that carry nothing. Cached: words are few, messages many."""
    lemma = _analyzer().parse(word)[0].normal_form.replace("ё", "е") if _CYRILLIC.search(word) else word
    lemma = _ORDINALS.get(lemma, lemma)
    lemma = wording.SYNONYMS.get(lemma, lemma)
    if lemma in wording.COURTESIES or (lemma in STOP_WORDS and lemma not in wording.QUESTION_WORDS):
        return ""
    return lemma


def _distinguishing(text: tuple[str, ...], quoted: str) -> str:
    """What two questions must share to be one: their numbers and the names they quote."""
    numbers = sorted({word.lstrip("0") for word in text if word.isdigit()})
    return f"{','.join(numbers)}|{' '.join(sorted({_lemma(word) for word in _WORD.findall(quoted)} - {''}))}"


def _answers(codes: NDArray[np.int64], answers: pd.Series, wordings: int) -> sparse.csr_matrix:
    """Which answers (columns, by wording) each wording of a question was given."""
    answer, distinct = pd.factorize(answers)
    has = answer >= 0
    ones = np.ones(int(has.sum()), np.float32)
    return sparse.csr_matrix((ones, (codes[has], answer[has])), shape=(wordings, max(len(distinct), 1)))


def _likeness(texts: list[tuple[str, ...]], keys: list[str], given: sparse.csr_matrix) -> sparse.csr_matrix:
    """Neighbours of each text: cosine of lemmas and of character n-grams, weighted, and more where both were given the same answer; pairs
    apart by key or under ``repeat_loose`` left out."""
    plain = [" ".join(word for word in text if not word.isdigit()) for text in texts]
    parts = []
    for vectorizer, weight in (
        (TfidfVectorizer(analyzer="word", token_pattern=r"[^ ]+", sublinear_tf=True, dtype=np.float32), threshold("repeat_word_weight")),
        (TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, dtype=np.float32), 1 - threshold("repeat_word_weight")),
    ):
        try:
            parts.append(normalize(vectorizer.fit_transform(plain)) * np.sqrt(weight))
        except ValueError:  # not one word in all of them
            return sparse.csr_matrix((len(texts), len(texts)), dtype=np.float32)
    matrix = sparse.hstack(parts).tocsr()
    key = pd.factorize(pd.Series(keys))[0]
    block, least = int(threshold("reply_block")), threshold("repeat_loose")
    rows, columns, values = [], [], []
    for begin in range(0, len(texts), block):
        near = matrix[begin : begin + block] @ matrix.T
        # The same answer is evidence beside some likeness of words, never without any.
        same = (given[begin : begin + block] @ given.T).sign().multiply(near >= threshold("repeat_least"))
        near = (near + same * threshold("repeat_same_answer")).minimum(1).tocoo()
        keep = (near.data >= least) & (key[near.row + begin] == key[near.col])
        rows.append(near.row[keep] + begin)
        columns.append(near.col[keep])
        values.append(near.data[keep])
    shape = (len(texts), len(texts))
    return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _lead(likeness: sparse.csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Leader of each text and its likeness to its nearest fellow. Sequential by nature: each step depends on the clusters so far; it
    walks over the edges of the neighbour graph once."""
    size = likeness.shape[0]
    leader = np.arange(size)
    nearness = np.zeros(size)
    close, strict = threshold("repeat_close"), threshold("repeat_strict")
    indptr, indices, data = likeness.indptr, likeness.indices, likeness.data
    for text in range(size):
        neighbours = indices[indptr[text] : indptr[text + 1]]
        likes = data[indptr[text] : indptr[text + 1]]
        earlier = neighbours < text
        neighbours, likes = neighbours[earlier], likes[earlier]
        if not len(neighbours):
            continue
        leads = leader[neighbours] == neighbours
        near_leader = leads & (likes >= close)
        # Near-repeats of a member join too, as long as the cluster's first question is not altogether another one.
        to_first = dict(zip(neighbours[leads].tolist(), likes[leads].tolist(), strict=True))
        known = np.array([to_first.get(int(first), 0.0) for first in leader[neighbours]])
        fits = near_leader | ((likes >= strict) & (known > 0))
        if not fits.any():
            continue
        best = np.flatnonzero(fits)[np.argmax(likes[fits])]
        leader[text] = leader[neighbours[best]]
    for text in range(size):
        neighbours = indices[indptr[text] : indptr[text + 1]]
        same = (leader[neighbours] == leader[text]) & (neighbours != text)
        if same.any():
            nearness[text] = min(1.0, float(data[indptr[text] : indptr[text + 1]][same].max()))
    return leader, nearness
