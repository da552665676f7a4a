-- Value: questions = answered + open, in every scope; the channels sum to the programme; the weeks sum to the whole.
-- Resolve: the scope that is named counts a question twice or not at all; compare its questions with fct_waits.
{{ config(tags=['value']) }}
select latency.scope, latency.scope_id
from {{ ref('ind_response_latency') }} as latency
where latency.questions <> latency.answered + latency.open_now
union all
select 'programme' as scope, 'channels' as scope_id
from {{ ref('ind_response_latency') }} as latency
having sum(case when latency.scope = 'programme' then latency.questions else 0 end) <> sum(case when latency.scope = 'channel' then latency.questions else 0 end)
union all
select latency.scope, latency.scope_id
from {{ ref('ind_response_latency') }} as latency
where latency.scope <> 'learner'
group by latency.scope, latency.scope_id, latency.measure, latency.clock
having sum(case when latency.period = 'week' then latency.questions else 0 end) <> sum(case when latency.period = 'all' then latency.questions else 0 end)
