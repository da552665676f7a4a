"""What a learner handed in or somebody posted, as one text: the words typed and the words of the files, one after another.

Shared by the stages that compare such texts and that show them: places of passages count in this text.
"""

from __future__ import annotations

_TEXTS = """
    select typed.{key}, typed.text
    from personal.{typed} as typed
    where typed.text is not null
        and typed.{key} not in (
            select file.{key} from raw.{files} as file
            inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
        )
    union all
    select part.{key}, string_agg(part.text, chr(10) || chr(10) order by part.place, part.came_at nulls first, part.part_id) as text
    from (
        select typed.{key}, 0 as place, null::timestamptz as came_at, '' as part_id, typed.text
        from personal.{typed} as typed
        where typed.text is not null and trim(typed.text) <> ''
            and typed.{key} in (select {key} from raw.{files})
        union all
        select file.{key}, 1, {came_at}, {part_id}, written.text
        from raw.{files} as file
        inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
    ) as part
    where part.{key} in (
        select file.{key} from raw.{files} as file
        inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
    )
    group by part.{key}
"""

#: Query: one row per submission with words (``submission_id``, ``text``): what was typed first, then the files as they came, blank lines
#: between. A file that came later stands behind, so places in what stood before stay what they were.
WORKS = _TEXTS.format(key="submission_id", typed="submissions", files="submission_files", came_at="file.created_at", part_id="file.file_id")
#: Query: one row per message with words (``message_id``, ``text``): what was typed first, then the files posted with it, blank lines between.
MESSAGES = _TEXTS.format(
    key="message_id", typed="messages", files="message_files", came_at="null::timestamptz", part_id="file.content_hash"
)
