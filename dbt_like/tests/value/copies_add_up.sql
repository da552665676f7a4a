-- Value: what is copied in a stream is what its learners and its sources add up to; and bounds stand around the share.
-- Resolve: compare ind_copies of the stream that is named with ind_copy_learners and ind_copy_sources; a pair is counted on one side only.
{{ config(tags=['value']) }}
with learners as (

    select learners.stream_id, sum(learners.texts) as texts, sum(learners.copied) as copied
    from {{ ref('ind_copy_learners') }} as learners
    group by learners.stream_id

),

sources as (

    select sources.stream_id, sum(sources.learners) as copied
    from {{ ref('ind_copy_sources') }} as sources
    group by sources.stream_id

),

streams as (

    select streams.* from {{ ref('ind_copy_groups') }} as streams where streams.scope = 'stream' and streams.task_id = 'all'

)

select learners.stream_id
from learners
left join streams
    on learners.stream_id = streams.scope_id
left join sources
    on learners.stream_id = sources.stream_id
where
    learners.texts is distinct from streams.texts or learners.copied is distinct from streams.copied
    or coalesce(sources.copied, 0) is distinct from streams.copied
union all
select streams.scope_id
from streams
where streams.copied_share < streams.copied_low or streams.copied_share > streams.copied_high
union all
select copies.stream_id
from {{ ref('ind_copies') }} as copies
where copies.copied_low > copies.copied_high or (copies.is_copied and copies.origin_id is null) or (not copies.is_copied and copies.origin_id is not null)
