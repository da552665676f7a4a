-- One row per trace of a learner in any channel, with the words where a message is what it was.
{{ config(materialized='view') }}

select
    timeline.person_id,
    people.name as learner_name,
    timeline.stream_id,
    timeline.occurred_at,
    timeline.channel,
    timeline.what,
    coalesce(letters.text, letters.subject) as text,
    timeline.ref_id
from {{ ref('fct_timeline') }} as timeline
left join {{ ref('rpt_people') }} as people
    on timeline.person_id = people.person_id
left join {{ source('personal', 'messages') }} as letters
    on timeline.ref_id = letters.message_id
