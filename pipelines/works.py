"""What a learner handed in or somebody posted, as one text: the words typed and the words of the files, one after another.

Shared by the stages that compare such texts and that show them: places of passages count in this text.
"""

from __future__ import annotations

#: Query: one row per submission with words (``submission_id``, ``text``): what was typed first, then the files as they came, blank lines
#: between. A file that came later stands behind, so places in what stood before stay what they were.
WORKS = """
    select typed.submission_id, typed.text
    from personal.submissions as typed
    where typed.text is not null
        and typed.submission_id not in (
            select file.submission_id from raw.submission_files as file
            inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
        )
    union all
    select part.submission_id, string_agg(part.text, chr(10) || chr(10) order by part.place, part.came_at nulls first, part.part_id) as text
    from (
        select typed.submission_id, 0 as place, null::timestamptz as came_at, '' as part_id, typed.text
        from personal.submissions as typed
        where typed.text is not null and trim(typed.text) <> ''
            and typed.submission_id in (select submission_id from raw.submission_files)
        union all
        select file.submission_id, 1, file.created_at, file.file_id, written.text
        from raw.submission_files as file
        inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
    ) as part
    where part.submission_id in (
        select file.submission_id from raw.submission_files as file
        inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
    )
    group by part.submission_id
"""

#: Query: one row per message with words (``message_id``, ``text``): what was typed first, then the files posted with it, blank lines between.
MESSAGES = """
    select typed.message_id, typed.text
    from personal.messages as typed
    where typed.text is not null
        and typed.message_id not in (
            select file.message_id from raw.message_files as file
            inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
        )
    union all
    select part.message_id, string_agg(part.text, chr(10) || chr(10) order by part.place, part.content_hash) as text
    from (
        select typed.message_id, 0 as place, '' as content_hash, typed.text
        from personal.messages as typed
        where typed.text is not null and trim(typed.text) <> ''
            and typed.message_id in (select message_id from raw.message_files)
        union all
        select file.message_id, 1, file.content_hash, written.text
        from raw.message_files as file
        inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
    ) as part
    where part.message_id in (
        select file.message_id from raw.message_files as file
        inner join personal.file_texts as written on written.content_hash = file.content_hash and written.text is not null
    )
    group by part.message_id
"""
