-- Config: a stream in the programme file whose course or group the LMS does not have would silently have no learners.
-- Resolve: correct the course's short name or the group in programme.toml.
{{ config(severity='warn', tags=['config']) }}
select declared.stream_code
from {{ source('raw', 'programme_streams') }} as declared
left join {{ ref('dim_streams') }} as streams
    on declared.stream_code = streams.stream_id
where streams.stream_id is null or (declared.group_code is not null and streams.group_id is null)
