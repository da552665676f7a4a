"""Passages that answers to one task share although nobody copied: sentences of an article everybody read, turns of phrase of the subject.

A fingerprint is common to a task when ``copy_common_people`` people hold it whose texts otherwise have nothing to do with each other. Who shares more
than ``copy_common_share`` of a text (and ``copy_common_words``) with another's is left out: an answer that half a group handed in makes nothing common. A pair that shares
little else is none (:mod:`pipelines.links.copies.copy_rules`). Commons are taken from a task's first texts, as many as the last doubling, so a task that grows a little keeps them, and
what is found night by night is what would be found at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.links.copies.alignment import Alignment
from pipelines.links.copies.fingerprints import KEPT_ONE_IN, WIDTH, is_kept, scoped
from pipelines.text import Words
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Rows of fingerprints looked at together: bounds memory.
_PART_ROWS = 8_000_000

# copy_due_texts: task_id, part, text_no, seq, person_no. A text's links are its fingerprints' previous and first holders in the task.
_COMMONS = """
    insert into copy_new_commons
    with held as (
        select due.task_id, prints.print, due.seq, due.person_no, count(*) over (partition by due.task_id, prints.print) as holders
        from copy_due_texts as due inner join links.copy_prints as prints on prints.text_no = due.text_no
        where due.part = $part
    ), sizes as (
        select seq, count(*) as size from held group by seq
    ), shared as (
        select
            task_id, print, seq, person_no, holders,
            lag(seq) over by_time as lag_seq, lag(person_no) over by_time as lag_person,
            first_value(seq) over by_time as first_seq, first_value(person_no) over by_time as first_person
        from held where holders > 1
        window by_time as (partition by task_id, print order by seq)
    ), led as (
        select seq, lag_seq as other from shared where lag_person <> person_no
        union all
        select seq, first_seq from shared where first_person <> person_no and first_seq <> coalesce(lag_seq, -1)
    ), pairs as (
        select seq, other, count(*) as shared from led group by seq, other
    ), dependent as (
        select pairs.seq from pairs inner join sizes on sizes.seq = pairs.seq where pairs.shared > greatest(sizes.size * $share, $least)
        union
        select pairs.other from pairs inner join sizes on sizes.seq = pairs.other where pairs.shared > greatest(sizes.size * $share, $least)
    )
    select shared.task_id, shared.print
    from shared
    where shared.holders >= $people and shared.seq not in (select seq from dependent)
    group by shared.task_id, shared.print
    having count(distinct shared.person_no) >= $people
"""


def renew_commons(warehouse: Warehouse, due_texts: str) -> None:
    """Bring ``links.copy_commons`` of the due tasks up to date and mark their works where it changed.

    ``due_texts``: query for task_id, text_no, seq, person_no. Reads and marks temp table ``copy_docs``.
    """
    connection = warehouse.connection
    connection.execute(
        f"""
        create or replace temp table copy_due_texts as
        with due as ({due_texts}), sized as (
            select due.text_no, count(*) as prints from due inner join links.copy_prints as prints on prints.text_no = due.text_no group by due.text_no
        ), tasks as (
            select due.task_id, sum(sized.prints) as prints from due inner join sized on sized.text_no = due.text_no group by due.task_id
        ), parted as (
            select task_id, (sum(prints) over (order by task_id))::bigint // {_PART_ROWS} as part from tasks
        )
        select due.task_id, parted.part, due.text_no, due.seq, due.person_no from due inner join parted on parted.task_id = due.task_id
        """
    )
    connection.execute("create or replace temp table copy_new_commons (task_id varchar, print bigint)")
    limits = {
        "people": int(threshold("copy_common_people")),
        "share": threshold("copy_common_share"),
        "least": threshold("copy_common_words") / KEPT_ONE_IN,
    }
    for (part,) in warehouse.rows("select distinct part from copy_due_texts order by part"):
        connection.execute(_COMMONS, {"part": part, **limits})
    connection.execute(
        """
        create or replace temp table copy_changed_commons as
        with old as (
            select task_id, print from links.copy_commons where task_id in (select task_id from copy_due_texts)
        )
        select distinct task_id from ((select * from copy_new_commons except select * from old) union all (select * from old except select * from copy_new_commons))
        """
    )
    with warehouse.transaction():
        connection.execute("delete from links.copy_commons where task_id in (select task_id from copy_changed_commons)")
        connection.execute(
            "insert into links.copy_commons (task_id, print) select task_id, print from copy_new_commons "
            "where task_id in (select task_id from copy_changed_commons) order by task_id, print"
        )
    connection.execute("update copy_docs set is_asked = true where holder = 0 and task_id in (select task_id from copy_changed_commons)")
    for table in ("copy_due_texts", "copy_new_commons", "copy_changed_commons"):
        connection.execute(f"drop table temp.{table}")


def commons_of(warehouse: Warehouse, tasks: str) -> NDArray[np.uint64]:
    """Common fingerprints, each mixed with the number of its task, sorted. ``tasks``: query for the numbers of the tasks wanted."""
    rows = warehouse.arrow(
        "select numbered.task_no, common.print from links.copy_commons as common "
        f"inner join (select distinct task_id, task_no from copy_docs where task_no in ({tasks})) as numbered on numbered.task_id = common.task_id"
    )
    return np.unique(scoped(rows["print"].to_numpy().view(np.uint64), rows["task_no"].to_numpy().astype(np.int64)))


def common_fragments(
    aligned: Alignment, found: Words, prints: NDArray[np.uint64], task: NDArray[np.int64], commons: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Per row of ``aligned``: its fragment is a common passage: at least half of the kept fingerprints that both sides share in it are common.

    ``task``: number per text.
    """
    rows = len(aligned.later)
    if not len(commons) or rows < WIDTH:
        return np.zeros(rows, np.bool_)
    last = rows - WIDTH + 1
    whole = np.ones(last, np.bool_)
    for step in range(1, WIDTH):
        whole &= (aligned.fragment[step : last + step] == aligned.fragment[:last]) & (
            aligned.later[step : last + step] == aligned.later[:last] + step
        )
    begin = aligned.later[:last][whole]
    begin_fragment = aligned.fragment[:last][whole]
    kept = is_kept(prints[begin])
    begin, begin_fragment = begin[kept], begin_fragment[kept]
    asked = scoped(prints[begin], task[found.text[begin]])
    is_common = commons[np.minimum(np.searchsorted(commons, asked), len(commons) - 1)] == asked
    size = int(aligned.fragment.max()) + 1
    held, common = np.bincount(begin_fragment, minlength=size), np.bincount(begin_fragment[is_common], minlength=size)
    result: NDArray[np.bool_] = ((common > 0) & (2 * common >= held))[aligned.fragment]
    return result
