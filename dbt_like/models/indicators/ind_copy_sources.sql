-- One row per stream, task and source (a message in a chat, or the first work) that works of this stream repeat: where an answer leaked and how far it went.
with works as (

    select
        copies.stream_id,
        copies.task_id,
        copies.origin_id,
        min(copies.origin_kind) as origin_kind,
        min(copies.origin_person_id) as origin_person_id,
        min(copies.origin_stream_id) as origin_stream_id,
        min(copies.origin_at) as origin_at,
        count(*) as learners,
        min(copies.copied_at) as first_copied_at,
        max(copies.copied_at) as last_copied_at,
        avg(copies.copied_low) as mean_copied_share
    from {{ ref('ind_copies') }} as copies
    where copies.origin_id is not null
    group by copies.stream_id, copies.task_id, copies.origin_id

),

tasks as (

    select
        copies.stream_id,
        copies.task_id,
        count(*) as texts
    from {{ ref('ind_copies') }} as copies
    group by copies.stream_id, copies.task_id

)

select
    works.stream_id,
    works.task_id,
    works.origin_id,
    works.origin_kind,
    works.origin_person_id,
    works.origin_stream_id,
    messages.chat_id as origin_chat_id,
    works.origin_at,
    works.learners,
    works.learners / cast(tasks.texts as double) as share,
    works.mean_copied_share,
    works.first_copied_at,
    works.last_copied_at,
    {{ hours_between('works.origin_at', 'works.first_copied_at') }} as hours_to_first_copy
from works
inner join tasks
    on works.stream_id = tasks.stream_id and works.task_id = tasks.task_id
left join {{ ref('fct_messages') }} as messages
    on {{ key_where('works.origin_id', "works.origin_kind = 'leak'") }} = messages.message_id
