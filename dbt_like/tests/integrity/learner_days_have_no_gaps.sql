-- Integrity: windows over rows are windows over days only while no day is missing.
-- Resolve: drop indicators.ind_learner_days and run the day again: it is built whole. A gap that comes back is made by the model itself.
{{ config(tags=['integrity']) }}
select days.person_id, days.stream_id
from {{ ref('ind_learner_days') }} as days
group by days.person_id, days.stream_id
having count(*) <> {{ days_between('min(days.day)', 'max(days.day)') }} + 1
