-- Config: learners of a running stream without a curator are on nobody's list.
-- Resolve: name a curator in programme.toml, or enrol one in the LMS.
{{ config(severity='warn', tags=['config']) }}
select learners.stream_id
from {{ ref('dim_learners') }} as learners
inner join {{ ref('dim_streams') }} as streams
    on learners.stream_id = streams.stream_id
where not streams.is_ended and learners.stream_id not in (select curators.stream_id from {{ ref('dim_curators') }} as curators)
group by learners.stream_id
