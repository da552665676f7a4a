-- Value: leadership sees no share of a group so small that a person could be picked out.
-- Resolve: keep the report back. The column that shows a figure needs the condition on thresholds.small_group.
{{ config(tags=['value']) }}
select streams.stream_id as place
from {{ ref('rpt_week_streams') }} as streams
where streams.learners < {{ threshold('small_group') }} and (streams.active_share is not null or streams.missed_share is not null or streams.at_risk is not null)
union all
select conditions.indicator as place
from {{ ref('rpt_week_conditions') }} as conditions
where conditions.n < {{ threshold('small_group') }} and conditions.value is not null
union all
select survey.item as place
from {{ ref('rpt_week_survey') }} as survey
where survey.n < {{ threshold('small_group') }} and survey.share_5 is not null
union all
select aspects.aspect as place
from {{ ref('rpt_week_aspects') }} as aspects
where aspects.n < {{ threshold('small_group') }} and (aspects.percent_5 is not null or aspects.vulnerable_share is not null)
