-- One row per scope (group, stream, course, programme), its id and task ('all': all tasks together): how many texts repeat somebody else's
-- earlier one, and from where most of them come. The interval counts learners, not texts: who copies once copies again.
with texts as (

    select copies.*, copies.task_id as of_task from {{ ref('ind_copies') }} as copies
    union all
    select copies.*, 'all' as of_task from {{ ref('ind_copies') }} as copies

),

scoped as (

    select 'programme' as scope, '{{ var("programme_id") }}' as scope_id, texts.* from texts
    union all
    select 'course' as scope, texts.course_id as scope_id, texts.* from texts
    union all
    select 'stream' as scope, texts.stream_id as scope_id, texts.* from texts
    union all
    select distinct 'group' as scope, member_groups.group_id as scope_id, texts.*
    from texts
    inner join {{ ref('fct_memberships') }} as member_groups
        on texts.person_id = member_groups.person_id
        and texts.course_id = member_groups.course_id
        and (member_groups.joined_at is null or member_groups.joined_at <= texts.handed_in_at)
        and (member_groups.left_at is null or member_groups.left_at > texts.handed_in_at)

),

learners as (

    select
        scoped.scope,
        scoped.scope_id,
        scoped.of_task as task_id,
        scoped.person_id,
        count(*) as texts,
        count(case when coalesce(scoped.words, 0) = 0 then 1 end) as without_words,
        count(case when scoped.is_copied then 1 end) as copied,
        count(case when scoped.origin_kind = 'leak' then 1 end) as leaked
    from scoped
    group by scoped.scope, scoped.scope_id, scoped.of_task, scoped.person_id

),

counted as (

    select
        learners.scope,
        learners.scope_id,
        learners.task_id,
        count(*) as learners,
        sum(learners.texts) as texts,
        sum(learners.without_words) as without_words,
        sum(learners.copied) as copied,
        sum(learners.leaked) as leaked,
        count(case when learners.copied > 0 then 1 end) as copiers,
        sum(learners.copied) / cast(sum(learners.texts) as double) as share
    from learners
    group by learners.scope, learners.scope_id, learners.task_id

),

-- Variance of a ratio of two sums over learners.
spread as (

    select
        counted.scope,
        counted.scope_id,
        counted.task_id,
        counted.learners / cast(nullif(counted.learners - 1, 0) as double)
        * sum((learners.copied - counted.share * learners.texts) * (learners.copied - counted.share * learners.texts))
        / (cast(counted.texts as double) * counted.texts) as variance
    from counted
    inner join learners
        on counted.scope = learners.scope and counted.scope_id = learners.scope_id and counted.task_id = learners.task_id
    group by counted.scope, counted.scope_id, counted.task_id, counted.learners, counted.texts

),

-- As many independent texts as would vary as much; where nothing varies as many as there are learners.
sized as (

    select
        counted.*,
        case
            when spread.variance > 0 then least(counted.texts, counted.share * (1 - counted.share) / spread.variance)
            else counted.learners
        end as n,
        {{ threshold('confidence_z') }} as z
    from counted
    inner join spread
        on counted.scope = spread.scope and counted.scope_id = spread.scope_id and counted.task_id = spread.task_id

),

sources as (

    select
        scoped.scope,
        scoped.scope_id,
        scoped.of_task as task_id,
        scoped.origin_id,
        min(scoped.origin_kind) as origin_kind,
        min(scoped.origin_at) as origin_at,
        min(scoped.origin_stream_id) as origin_stream_id,
        count(*) as texts,
        count(distinct scoped.person_id) as learners,
        min(scoped.copied_at) as first_copied_at
    from scoped
    where scoped.origin_id is not null
    group by scoped.scope, scoped.scope_id, scoped.of_task, scoped.origin_id

),

ranked as (

    select
        sources.*,
        count(*) over (partition by sources.scope, sources.scope_id, sources.task_id) as sources,
        row_number() over (
            partition by sources.scope, sources.scope_id, sources.task_id order by sources.learners desc, sources.origin_at, sources.origin_id
        ) as place
    from sources

)

select
    sized.scope,
    sized.scope_id,
    sized.task_id,
    sized.learners,
    sized.texts,
    sized.without_words,
    sized.copied,
    sized.copiers,
    sized.share as copied_share,
    {{ wilson_low('sized.share', 'sized.n', 'sized.z') }} as copied_low,
    {{ wilson_high('sized.share', 'sized.n', 'sized.z') }} as copied_high,
    sized.learners >= {{ threshold('small_group') }} as is_enough,
    sized.leaked,
    coalesce(ranked.sources, 0) as sources,
    ranked.origin_id,
    ranked.origin_kind,
    ranked.origin_at,
    ranked.origin_stream_id,
    ranked.texts as origin_texts,
    ranked.learners as origin_learners,
    ranked.first_copied_at
from sized
left join ranked
    on sized.scope = ranked.scope and sized.scope_id = ranked.scope_id and sized.task_id = ranked.task_id and ranked.place = 1
