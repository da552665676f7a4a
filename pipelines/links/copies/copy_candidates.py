"""Which text may repeat which: a star join over fingerprints, in SQL that DuckDB, PostgreSQL and Spark read alike.

Each fingerprint of a work links it to the fingerprint's earliest and its previous holder of another person, and to the first two
people who said it in a chat: linear in how often a fingerprint occurs, so an answer that half a group handed in is still found, and
in the direction in which it went. Methods that drop frequent fingerprints (Passim) or compare whole texts (MinHash) lose exactly those.
Candidates only: :mod:`pipelines.links.copies.copy_rules` decides.

The query says what is meant, for any engine; :mod:`pipelines.links.copies.copy_star` gives the same pairs in a fraction of the time and is what a run asks. Both read two relations:

- ``{prints}`` (text_no, print): the sampled fingerprints of every text, each once per text;
- ``copy_docs`` (text_no, seq, person_no, holder, is_asked): the texts that are known, numbered in the order of time (``seq``);
  ``holder``: 0 a work, 1 a learner's message, 2 a message of somebody who teaches; ``is_asked``: a work whose sources are looked for.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.links.copies.copy_star import star_pairs
from pipelines.warehouse import Warehouse

#: Fewer shared fingerprints than these are a phrase; of a text with few, two (:mod:`pipelines.links.copies.copy_star`) are enough if they are so large a part of it.
FEWEST_SHARED, PART_OF_FEW = 3, 0.125
#: Of the texts at least this part is asked about: sorting all fingerprints (:mod:`pipelines.links.copies.copy_star`) is then quicker than looking them up.
_BROAD = 0.2

#: Fingerprints that lead from or to a work that is asked about. Both give the same pairs; which is quicker depends on how many are asked.
_WANTED_BROAD = "select print from {prints} where {part} group by print having count(*) > 1"
_WANTED_NARROW = "select distinct prints.print from {prints} as prints inner join copy_docs as docs on docs.text_no = prints.text_no where docs.is_asked and {part}"

STAR = """
with wanted as (
    {wanted}
),
holders as (
    select prints.print, docs.seq, docs.person_no, docs.holder, docs.is_asked
    from {prints} as prints
    inner join wanted on wanted.print = prints.print
    inner join copy_docs as docs on docs.text_no = prints.text_no
),
works as (
    select
        print, seq, person_no, is_asked,
        lag(seq) over (partition by print order by seq) as lag_seq,
        lag(person_no) over (partition by print order by seq) as lag_person,
        first_value(seq) over (partition by print order by seq) as first_seq,
        first_value(person_no) over (partition by print order by seq) as first_person
    from holders
    where holder = 0
),
-- The previous holder of another person: the last place before this one where the person changed.
starred as (
    select
        print, seq, person_no, is_asked, first_seq, first_person,
        max(case when lag_person <> person_no then lag_seq else null end)
            over (partition by print order by seq rows between unbounded preceding and current row) as previous_seq
    from works
),
seconds as (
    select print, min(seq) as second_seq from works where person_no <> first_person group by print
),
said as (
    select print, holder, person_no, min(seq) as seq from holders where holder <> 0 group by print, holder, person_no
),
first_said as (
    select ranked.print, ranked.person_no, ranked.seq
    from (select said.*, row_number() over (partition by print, holder order by seq) as place from said) as ranked
    where ranked.place <= 2
),
own as (
    select
        print, seq, is_asked,
        lag(seq) over (partition by print, person_no order by seq) as previous_seq,
        first_value(seq) over (partition by print, person_no order by seq) as first_seq
    from holders
),
led as (
    select print, seq as later, previous_seq as earlier, 0 as is_own from starred where is_asked and previous_seq is not null
    union
    select starred.print, starred.seq, case when starred.first_person <> starred.person_no then starred.first_seq else seconds.second_seq end, 0
    from starred
    inner join seconds on seconds.print = starred.print
    where starred.is_asked
        and case when starred.first_person <> starred.person_no then starred.first_seq else seconds.second_seq end < starred.seq
    union
    select works.print, works.seq, first_said.seq, 0
    from works
    inner join first_said on first_said.print = works.print
    where works.is_asked and first_said.seq < works.seq and first_said.person_no <> works.person_no
    union
    select print, seq, previous_seq, 1 from own where is_asked and previous_seq is not null
    union
    select print, seq, first_seq, 1 from own where is_asked and first_seq < seq
)
select later, earlier, is_own, count(*) as shared
from led
group by later, earlier, is_own
"""


def star_query(prints: str, *, part: int = 0, parts: int = 1, narrow: bool = False) -> str:
    """The query for one part of the fingerprints (``parts``: a power of two): later, earlier (by ``seq``), is_own, shared."""
    within = f"(print & {parts - 1}) = {part}" if not narrow else f"(prints.print & {parts - 1}) = {part}"
    wanted = (_WANTED_NARROW if narrow else _WANTED_BROAD).format(prints=prints, part=within)
    return STAR.format(prints=prints, wanted=wanted)


def candidates(warehouse: Warehouse, prints: str) -> pa.Table:
    """Candidate pairs of the asked works: later, earlier (``seq``), is_own; sorted by later, earlier. Reads temp table ``copy_docs``."""
    asked, texts = warehouse.rows("select count(*) filter (where is_asked), count(*) from copy_docs")[0]
    later, earlier, is_own, shared = star_pairs(warehouse, prints, narrow=asked < _BROAD * texts)
    few = np.unique(later[shared < FEWEST_SHARED])
    with warehouse.registered("copy_few", pa.table({"seq": few})):
        sizes = warehouse.arrow(
            "select few.seq, count(*) as size from copy_few as few inner join copy_docs as docs on docs.seq = few.seq "
            f"inner join {prints} as prints on prints.text_no = docs.text_no group by few.seq order by few.seq"
        )
    size = np.zeros(int(later.max(initial=0)) + 1, np.int64)
    size[sizes["seq"].to_numpy()] = sizes["size"].to_numpy()
    enough = (shared >= FEWEST_SHARED) | (shared >= size[later] * PART_OF_FEW)
    return pa.table({"later": later[enough], "earlier": earlier[enough], "is_own": is_own[enough]})
