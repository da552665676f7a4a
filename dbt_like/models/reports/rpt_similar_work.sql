-- One row per curator, stream, task and source that works of this stream repeat. Something to look at: a person decides.
-- Each work is shown with one source: a message in a chat before another learner's work, then the earliest. A source's name is shown only
-- to those responsible for that learner.
with copies as (

    select
        copies.*,
        row_number() over (
            partition by copies.later_id, copies.person_id
            order by case copies.kind when 'leak' then 0 else 1 end, copies.earlier_at, copies.earlier_id
        ) as place
    from {{ ref('fct_copies') }} as copies
    where copies.is_counted

),

works as (

    select
        copies.stream_id,
        copies.task_id,
        copies.kind as source_kind,
        copies.earlier_id as source_id,
        max(copies.earlier_person_id) as source_person_id,
        max(copies.earlier_stream_id) as source_stream_id,
        min(copies.earlier_at) as source_at,
        bool_or(copies.earlier_in_file) as source_in_file,
        count(distinct copies.person_id) as learners,
        max(copies.day) as last_day,
        {{ json_rows([('person_id', 'copies.person_id'), ('name', 'people.name'), ('later_id', 'copies.later_id'), ('handed_in_at', 'copies.handed_in_at'), ('share', 'round(copies.later_share, 3)'), ('matched_words', 'copies.matched_words')], 'copies.handed_in_at, copies.later_id, copies.person_id') }} as people
    from copies
    left join {{ ref('rpt_people') }} as people
        on copies.person_id = people.person_id
    where copies.place = 1
    group by copies.stream_id, copies.task_id, copies.kind, copies.earlier_id

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    works.stream_id,
    streams.course_name,
    streams.stream_title,
    works.task_id,
    {% if var('language') == 'en' %}coalesce(tasks.name_en, tasks.name){% else %}tasks.name{% endif %} as task_name,
    works.source_kind,
    works.source_id,
    works.source_at,
    works.source_in_file,
    case when own_streams.curator_id is not null then sources.name else null end as source_name,
    works.learners,
    works.people
from works
inner join {{ ref('rpt_streams') }} as streams
    on works.stream_id = streams.stream_id
inner join {{ ref('dim_curators') }} as curators
    on works.stream_id = curators.stream_id
left join {{ ref('dim_tasks') }} as tasks
    on works.task_id = tasks.task_id
left join {{ ref('dim_curators') }} as own_streams
    on works.source_stream_id = own_streams.stream_id and curators.curator_id = own_streams.curator_id
left join {{ ref('rpt_people') }} as sources
    on works.source_person_id = sources.person_id
where
    streams.is_live
    and works.learners >= {{ threshold('similar_learners_min') }}
    and works.last_day > {{ add_days(as_of(), '-1 * ' ~ threshold('similar_days')) }}
