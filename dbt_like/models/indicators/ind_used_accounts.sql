-- One row per account that learns, its person and course (null: the site as a whole), as they stand in ind_learner_days. The next run compares: whose acts
-- count for somebody else now is built anew. Built after ind_learner_days, which reads its previous state: depends_on {{ ref('ind_learner_days') }}
select
    present.account_id,
    present.person_id,
    present.course_id
from ({{ learning_accounts() }}) as present
