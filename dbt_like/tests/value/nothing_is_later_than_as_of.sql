-- Value: a prediction uses only what was known on its day; one later row here is a look into the future.
-- Resolve: give the model that is named the condition on `as_of_end()` before anything is counted or scored, and score the day again.
{{ config(tags=['value']) }}
select 'fct_activity' as model from {{ ref('fct_activity') }} as seen where seen.occurred_at >= {{ as_of_end() }}
union all
select 'fct_messages' as model from {{ ref('fct_messages') }} as seen where seen.sent_at >= {{ as_of_end() }}
union all
select 'fct_submissions' as model from {{ ref('fct_submissions') }} as seen where seen.submitted_at >= {{ as_of_end() }}
union all
select 'fct_grades' as model from {{ ref('fct_grades') }} as seen where seen.graded_at >= {{ as_of_end() }}
union all
select 'fct_questions' as model from {{ ref('fct_questions') }} as seen where seen.first_curator_at >= {{ as_of_end() }} or seen.first_response_at >= {{ as_of_end() }}
union all
select 'fct_notices' as model from {{ ref('fct_notices') }} as seen where seen.sent_at >= {{ as_of_end() }} or seen.first_sign_at >= {{ as_of_end() }}
union all
select 'fct_enrolments' as model from {{ ref('fct_enrolments') }} as seen where seen.completed_at >= {{ as_of_end() }} or seen.enrolled_at >= {{ as_of_end() }} or (seen.is_current and seen.ended_at is not null)
union all
select 'ind_learner_days' as model from {{ ref('ind_learner_days') }} as seen where seen.day > {{ as_of() }}
