-- One row per trace of a learner in any channel, with the words where a message is what it was, the name of the task or webinar where there is
-- one, and who wrote where it was a curator.
{{ config(materialized='view') }}

with handed_in as (

    select distinct
        submissions.submission_id,
        submissions.task_id
    from {{ ref('fct_submissions') }} as submissions

),

marked as (

    select distinct
        grades.grade_id,
        grades.task_id
    from {{ ref('fct_grades') }} as grades

),

writers as (

    select distinct
        contacts.message_id,
        contacts.curator_id
    from {{ ref('fct_contacts') }} as contacts

)

select
    timeline.person_id,
    people.name as learner_name,
    timeline.stream_id,
    timeline.occurred_at,
    timeline.channel,
    timeline.what,
    coalesce(letters.text, letters.subject) as text,
    timeline.ref_id,
    {% if var('language') == 'en' %}coalesce(tasks.name_en, tasks.name, webinars.title){% else %}coalesce(tasks.name, webinars.title){% endif %} as title,
    authors.name as by_name
from {{ ref('fct_timeline') }} as timeline
left join {{ ref('rpt_people') }} as people
    on timeline.person_id = people.person_id
left join {{ source('personal', 'messages') }} as letters
    on timeline.ref_id = letters.message_id
left join handed_in
    on {{ key_where('timeline.ref_id', "timeline.what in ('handed_in', 'handed_in_late')") }} = handed_in.submission_id
left join marked
    on {{ key_where('timeline.ref_id', "timeline.what in ('passed', 'not_passed', 'graded')") }} = marked.grade_id
left join {{ ref('dim_tasks') }} as tasks
    on coalesce(handed_in.task_id, marked.task_id) = tasks.task_id
left join {{ ref('dim_webinars') }} as webinars
    on {{ key_where('timeline.ref_id', "timeline.what = 'attended'") }} = webinars.webinar_id
left join writers
    on {{ key_where('timeline.ref_id', "timeline.what in ('contacted', 'letter_bounced')") }} = writers.message_id
left join {{ ref('rpt_people') }} as authors
    on writers.curator_id = authors.person_id
