-- Config: a stream without a first day has no course days, so its learners are on no list.
-- Resolve: give the course a start in the LMS, or the stream a start in programme.toml.
{{ config(severity='warn', tags=['config']) }}
select streams.stream_id
from {{ ref('dim_streams') }} as streams
inner join {{ ref('dim_learners') }} as learners
    on streams.stream_id = learners.stream_id
where streams.starts_on is null
group by streams.stream_id
