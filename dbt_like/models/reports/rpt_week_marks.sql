-- One row per line of the week's lists that a curator marked: the last mark, and whether the learner did anything after it. The lists of the
-- week are those read on its mornings: of the day before its Monday to the day before its Sunday. Names nobody, and no curator.
with marks as (

    select * from {{ ref('fct_marks') }}

),

last_marks as (

    select
        marks.item_id,
        marks.state,
        marks.person_id,
        marks.marked_at,
        row_number() over (partition by marks.item_id order by marks.marked_at desc, marks.mark_id desc) as place
    from marks
    where marks.list_day between {{ add_days(as_of(), '-7') }} and {{ add_days(as_of(), '-1') }}

),

acted as (

    select
        acts.person_id,
        max(acts.last_at) as last_at
    from {{ ref('fct_acts') }} as acts
    group by acts.person_id

)

select
    {{ as_of() }} as week_ends_on,
    last_marks.item_id,
    last_marks.state,
    case when last_marks.person_id is null then null else coalesce(acted.last_at > last_marks.marked_at, false) end as has_acted_since
from last_marks
left join acted
    on last_marks.person_id = acted.person_id
where last_marks.place = 1
