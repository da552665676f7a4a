-- One row per message that a person wrote, in any channel, with the writer's role in that course. (Who ever taught a course is no learner of it, here as
-- in dim_learners; whose word answered whom is judged by the role of that time: links.replies.)
-- Service lines, receipts, delivery reports and automatic replies are nobody's words; a message without a readable date has no place in time.
with accounts as (

    select * from {{ ref('dim_accounts') }}

),

learners as (

    select * from {{ ref('dim_learners') }}

),

posts as (

    select
        messages.message_id,
        messages.channel,
        messages.chat_id,
        coalesce(threads.thread_id, messages.thread_id) as thread_id,
        messages.account_id,
        accounts.person_id,
        coalesce(accounts.is_service, false) as is_service,
        coalesce(messages.course_id, chats.course_id, places.course_id) as course_id,
        messages.sent_at,
        {{ if_known('messages.deleted_at') }} as deleted_at,
        coalesce(messages.is_private, messages.channel in ('mail', 'direct')) as is_private,
        coalesce(messages.is_to_list, false) as is_to_list,
        messages.words
    from {{ source('raw', 'messages') }} as messages
    left join {{ source('raw', 'chats') }} as chats
        on messages.chat_id = chats.chat_id
    left join {{ source('links', 'places') }} as places
        on messages.chat_id = places.place_id and places.kind = 'chat'
    left join {{ source('links', 'threads') }} as threads
        on messages.message_id = threads.message_id
    left join accounts
        on messages.account_id = accounts.account_id
    where messages.kind = 'post' and messages.sent_at < {{ as_of_end() }}

),

-- A letter states no course. It belongs to the writer's (or, of a teacher's letter, the addressee's) stream whose curator takes
-- part in it; else to the one running then; else to the last begun.
partners as (

    select distinct
        posts.message_id,
        accounts.person_id
    from posts
    inner join {{ source('raw', 'addressees') }} as addressees
        on posts.message_id = addressees.message_id
    inner join accounts
        on addressees.account_id = accounts.account_id
    where posts.course_id is null and addressees.role not in ('mention', 'reaction')

),

written as (

    select
        posts.message_id,
        posts.sent_at,
        learners.course_id,
        learners.stream_id,
        max(case when curators.curator_id is not null then 1 else 0 end) as is_own_curator
    from posts
    inner join learners
        on posts.person_id = learners.person_id
    left join partners
        on posts.message_id = partners.message_id
    left join {{ ref('dim_curators') }} as curators
        on learners.stream_id = curators.stream_id and partners.person_id = curators.curator_id
    where posts.course_id is null and {{ known('learners.enrolled_at') }}
    group by posts.message_id, posts.sent_at, learners.course_id, learners.stream_id
    union all
    select
        posts.message_id,
        posts.sent_at,
        learners.course_id,
        learners.stream_id,
        2 as is_own_curator
    from posts
    inner join partners
        on posts.message_id = partners.message_id
    inner join learners
        on partners.person_id = learners.person_id
    inner join {{ ref('dim_curators') }} as curators
        on learners.stream_id = curators.stream_id and posts.person_id = curators.curator_id
    where posts.course_id is null
    group by posts.message_id, posts.sent_at, learners.course_id, learners.stream_id

),

placed as (

    select
        written.message_id,
        written.course_id,
        row_number() over (
            partition by written.message_id
            order by
                written.is_own_curator desc,
                case when {{ local_day('written.sent_at') }} between streams.starts_on and coalesce(streams.ends_on, date '9999-01-01') then 0 else 1 end,
                streams.starts_on desc nulls last,
                written.stream_id
        ) as place
    from written
    inner join {{ ref('dim_streams') }} as streams
        on written.stream_id = streams.stream_id

),

roles as (

    select
        accounts.person_id,
        enrolments.course_id,
        bool_or(enrolments.role = 'curator') as is_curator,
        bool_or(enrolments.role = 'staff') as is_staff
    from {{ source('raw', 'enrolments') }} as enrolments
    inner join accounts
        on enrolments.account_id = accounts.account_id
    group by accounts.person_id, enrolments.course_id

),

located as (

    select
        posts.*,
        coalesce(posts.course_id, placed.course_id) as known_course_id
    from posts
    left join placed
        on posts.message_id = placed.message_id and placed.place = 1

)

select
    located.message_id,
    located.channel,
    located.chat_id,
    located.thread_id,
    located.person_id,
    case
        when located.is_service then 'service'
        when located.person_id is null then 'unknown'
        when coalesce(roles.is_curator, false) then 'curator'
        when learners.person_id is not null then 'learner'
        when coalesce(roles.is_staff, false) then 'staff'
        -- The programme's own curators need no role in the LMS; of a place without a course, what the person is at all.
        when people.is_curator and (located.known_course_id is null or not people.is_learner) then 'curator'
        when people.is_learner and located.known_course_id is null then 'learner'
        when people.is_staff then 'staff'
        else 'other'
    end as role,
    located.known_course_id as course_id,
    learners.stream_id,
    located.sent_at,
    {{ local_day('located.sent_at') }} as day,
    located.deleted_at,
    located.is_private,
    located.is_to_list,
    coalesce(questions.is_question, false) as is_question,
    case
        when questions.rule = 'answered' then {{ threshold('question_answered_score') }}
        when questions.is_question then questions.score
    end as question_score,
    coalesce(questions.is_technical, false) as is_technical,
    questions.burst_id,
    located.words,
    located.account_id
from located
left join learners
    on located.person_id = learners.person_id and located.known_course_id = learners.course_id
left join roles
    on located.person_id = roles.person_id and located.known_course_id = roles.course_id
left join {{ ref('dim_people') }} as people
    on located.person_id = people.person_id
left join {{ source('links', 'questions') }} as questions
    on located.message_id = questions.message_id
