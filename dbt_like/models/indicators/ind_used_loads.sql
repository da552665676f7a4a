-- One row per load whose rows stand in ind_learner_days. The next run compares: what is not here reaches back to its own first day.
-- Built after ind_learner_days, which reads its previous state: depends_on {{ ref('ind_learner_days') }}
select
    loads.load_id,
    loads.first_day
from {{ ref('fct_load_days') }} as loads
