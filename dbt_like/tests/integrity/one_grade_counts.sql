-- Integrity: exactly one grade counts for a learner and task, or means are means of something else.
{{ config(tags=['integrity']) }}
select grades.person_id, grades.task_id
from {{ ref('fct_grades') }} as grades
group by grades.person_id, grades.task_id
having count(case when grades.is_counting then 1 end) <> 1
