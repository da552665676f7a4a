-- Integrity: exactly one grade counts for a learner and task, or means are means of something else.
-- Resolve: look at the grades of the person and task that are named: two with the same moment and attempt need another rule in fct_grades to order them.
{{ config(tags=['integrity']) }}
select grades.person_id, grades.task_id
from {{ ref('fct_grades') }} as grades
group by grades.person_id, grades.task_id
having count(case when grades.is_counting then 1 end) <> 1
