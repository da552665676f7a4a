-- One row per trace of a learner in any channel: own acts, what was handed in, marks, webinars, notices, letters received.
{{ config(materialized='view') }}

select activity.person_id, activity.stream_id, activity.occurred_at, 'lms' as channel, activity.action as what, activity.activity_id as ref_id
from {{ ref('fct_activity') }} as activity
union all
select messages.person_id, messages.stream_id, messages.sent_at as occurred_at, messages.channel, case when messages.is_question then 'asked' else 'wrote' end as what, messages.message_id as ref_id
from {{ ref('fct_messages') }} as messages
where messages.role = 'learner'
union all
select submissions.person_id, submissions.stream_id, submissions.submitted_at as occurred_at, 'lms' as channel, case when submissions.is_late then 'handed_in_late' else 'handed_in' end as what, submissions.submission_id as ref_id
from {{ ref('fct_submissions') }} as submissions
union all
select grades.person_id, grades.stream_id, grades.graded_at as occurred_at, 'lms' as channel, case when grades.is_passed then 'passed' when not grades.is_passed then 'not_passed' else 'graded' end as what, grades.grade_id as ref_id
from {{ ref('fct_grades') }} as grades
where grades.graded_at is not null
union all
select attendance.person_id, attendance.stream_id, attendance.starts_at as occurred_at, 'webinar' as channel, 'attended' as what, attendance.webinar_id as ref_id
from {{ ref('fct_attendance') }} as attendance
union all
select notices.person_id, notices.stream_id, notices.sent_at as occurred_at, notices.channel, case when notices.is_bounced then 'notice_bounced' else 'notice' end as what, notices.notice_id as ref_id
from {{ ref('fct_notices') }} as notices
union all
select contacts.person_id, contacts.stream_id, contacts.contacted_at as occurred_at, contacts.channel, case when contacts.is_returned then 'letter_bounced' else 'contacted' end as what, contacts.message_id as ref_id
from {{ ref('fct_contacts') }} as contacts
where contacts.kind <> 'notice'
