-- One row per mark that a curator gave a line of a list: what was done about it, on the page or in a workbook.
with marks as (

    select * from {{ source('raw', 'marks') }}

)

select
    marks.mark_id,
    marks.marked_at,
    {{ local_day('marks.marked_at') }} as day,
    marks.curator_id,
    marks.list_day,
    marks.item_id,
    marks.person_id,
    marks.section,
    marks.state
from marks
where marks.marked_at < {{ as_of_end() }}
