-- One row per activity of a course (assignment, quiz, page, file …), deleted ones left out: nobody can do them.
with tasks as (

    select * from {{ source('raw', 'tasks') }}

)

select
    tasks.task_id,
    tasks.course_id,
    tasks.kind,
    tasks.name,
    tasks.name_en,
    tasks.section,
    coalesce(tasks.is_required, false) as is_required,
    coalesce(tasks.is_team, false) as is_team,
    coalesce(tasks.is_scale, false) as is_scale,
    coalesce(tasks.is_blind, false) as is_blind,
    coalesce(tasks.is_hidden, false) as is_hidden,
    tasks.only_groups,
    tasks.kind in ('page', 'file', 'url') as is_material,
    tasks.max_grade,
    tasks.pass_grade,
    tasks.opens_at,
    tasks.due_at,
    tasks.cutoff_at
from tasks
inner join {{ ref('dim_courses') }} as courses
    on tasks.course_id = courses.course_id
where not coalesce(tasks.is_deleted, false)
