-- Integrity: windows over rows are windows over days only while no day is missing.
{{ config(tags=['integrity']) }}
select days.person_id, days.stream_id
from {{ ref('ind_learner_days') }} as days
group by days.person_id, days.stream_id
having count(*) <> {{ days_between('min(days.day)', 'max(days.day)') }} + 1
