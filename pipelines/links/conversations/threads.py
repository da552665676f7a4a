"""Threads of mail: ``links.threads``, after Jamie Zawinski's algorithm (https://www.jwz.org/doc/threading.html).

A reader sees one mailbox; a conversation lies in several, and the mail that a reply names may be in none. So threads are made here, of all mails
together: mails and the mails that they name (References and In-Reply-To, ``raw.mail_references``) are nodes, naming is an edge, a thread is
a connected part. A mail that is named and lies in no mailbox is a node like any other (JWZ's empty container): its replies are one thread. Nothing
depends on the order in which mails came in.

Not done: joining by subject alone (JWZ's step 5). Two learners who each write "Вопрос по заданию" would be one thread, and whoever answers
one would have answered both; a letter that answers by subject and not by reference is found by ``links.replies``, with a score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.warehouse import Warehouse

#: Further rows of a report that speaks of several addressees (key ":2", ":3" …) stand where its first row does.
_NUMBERED = r":a[0-9a-f]{20}(:\d+)$"


@dataclass(frozen=True)
class ThreadsSummary:
    """Mails, the threads that they make, and those of more than one mail."""

    mails_threaded: int
    mail_threads: int
    conversations_by_mail: int


def link_threads(warehouse: Warehouse) -> ThreadsSummary:
    """Find the thread and the parent of every mail and write ``links.threads``.

    Grain: one row per row of ``raw.messages`` with channel mail. ``thread_id`` is the id of the thread's root: of the nodes that follow upon none, the one
    whose replies begin first (it may lie in no mailbox). ``parent_id`` is the last mail named that lies in a mailbox; where mails name each
    other in a circle, the earliest of them has no parent.
    """
    connection = warehouse.connection
    connection.execute(
        f"""
        create or replace temp table mails as
        select message_id, regexp_replace(message_id, '(:a[0-9a-f]{{20}}):\\d+$', '\\1') as node, sent_at, reply_to_id, thread_id
        from raw.messages where channel = 'mail' order by message_id;
        -- What a system states without References (an export in Mayak's own words) counts as the only reference.
        create or replace temp table named as
        select reference.message_id, reference.reference_id, reference.position from raw.mail_references as reference
            semi join mails on mails.node = reference.message_id
        union all
        select node, thread_id, -2 from mails where thread_id is not null and not regexp_matches(message_id, '{_NUMBERED}')
        union all
        select node, reply_to_id, 1_000_000 from mails where reply_to_id is not null and not regexp_matches(message_id, '{_NUMBERED}')
        """
    )
    mails = warehouse.arrow("select node, min(epoch_us(sent_at)) as sent from mails group by node order by node")
    named = warehouse.arrow(
        "select message_id, reference_id, position from named where reference_id <> message_id order by message_id, position"
    )
    own = mails["node"].combine_chunks()
    nodes = pc.sort_indices(
        every := pc.unique(pa.concat_arrays([own, named["message_id"].combine_chunks(), named["reference_id"].combine_chunks()]))
    )
    every = every.take(nodes)
    where = _places(own, every)
    children, references = _places(named["message_id"].combine_chunks(), every), _places(named["reference_id"].combine_chunks(), every)
    is_mail = np.zeros(len(every), bool)
    is_mail[where] = True
    never = np.iinfo(np.int64).max
    sent = np.full(len(every), never)
    sent[where] = pc.fill_null(mails["sent"].combine_chunks(), never).to_numpy()
    parents = _parents(children, references, is_mail, sent, len(every))
    roots = _roots(children, references, sent, len(every))
    found = pa.table(
        {"node": every, "thread_id": every.take(pa.array(roots)), "parent_id": every.take(pa.array(parents, mask=parents < 0))}
    )
    connection.register("found_threads", found)
    try:
        table = warehouse.arrow(
            "select mails.message_id, found.thread_id, found.parent_id from mails inner join found_threads as found on found.node = mails.node"
        )
    finally:
        connection.unregister("found_threads")
    warehouse.replace("links.threads", table)
    sizes = np.unique(roots[where], return_counts=True)[1]
    return ThreadsSummary(len(table), len(sizes), int((sizes > 1).sum()))


def _places(values: pa.Array, every: pa.Array) -> NDArray[np.int64]:
    return pc.cast(pc.index_in(values, value_set=every), pa.int64()).to_numpy()


def _parents(
    children: NDArray[np.int64], references: NDArray[np.int64], is_mail: NDArray[np.bool_], sent: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Of each node the last of its references that is a mail we have, -1 for none; edges come in order of child and position."""
    parents = np.full(count, -1)
    there = is_mail[references]
    parents[children[there]] = references[there]  # of several the last one stays
    followed = np.flatnonzero(parents >= 0)
    graph = coo_array((np.ones(len(followed), np.int8), (followed, parents[followed])), shape=(count, count))
    # Each has one parent at most, so what is strongly connected is a circle, and one cut opens it.
    _, circle = connected_components(graph, connection="strong")
    sizes = np.bincount(circle, minlength=count) if count else np.zeros(0, np.int64)
    inside = np.flatnonzero(sizes[circle] > 1) if count else np.zeros(0, np.int64)
    if len(inside):
        order = inside[np.lexsort((inside, sent[inside], circle[inside]))]
        first = order[np.unique(circle[order], return_index=True)[1]]
        parents[first] = -1
    return parents


def _roots(children: NDArray[np.int64], references: NDArray[np.int64], sent: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Of each node the root of its thread."""
    if not count:
        return np.zeros(0, np.int64)
    graph = coo_array((np.ones(len(children), np.int8), (children, references)), shape=(count, count))
    _, thread = connected_components(graph, directed=False)
    # A node that was named is as old as the first mail that names it or as itself.
    begun = sent.copy()
    np.minimum.at(begun, references, sent[children])
    # A reference follows upon the one before it in the same chain; a mail upon all it names.
    follows = np.zeros(count, bool)
    follows[children] = True
    same = children[1:] == children[:-1]
    follows[references[1:][same & (references[1:] != references[:-1])]] = True
    order = np.lexsort((np.arange(count), sent, begun, follows, thread))
    first = order[np.unique(thread[order], return_index=True)[1]]
    return first[thread]
