-- One row per question of a learner: a burst of messages is one question. Answered by a curator's substantive message; "I will find
-- out" and "thank you for writing" are responses, no answers, and a peer's answer is shown beside it. A letter that came back answered nobody. A question withdrawn (deleted) is
-- none; one that was deleted and asked anew in the same breath is asked with the first message that stands. Who asks in a course's chat or forum and is linked to nobody waits like everybody else. It is asked and answered once: when the learner comes back to it, that is another turn of waiting (fct_waits).
with messages as (

    select * from {{ ref('fct_messages') }}

),

calendar as (

    {{ calendar_sums() }}

),

asked as (

    select
        coalesce(messages.burst_id, messages.message_id) as question_id,
        bool_or(messages.is_technical) as is_technical,
        max(messages.question_score) as question_score
    from messages
    where
        messages.is_question
        and messages.deleted_at is null
        and (messages.role = 'learner' or (messages.role = 'unknown' and messages.channel in ('chat', 'forum') and messages.course_id is not null))
    group by coalesce(messages.burst_id, messages.message_id)

),

standing as (

    select
        asked.question_id,
        asked.is_technical,
        asked.question_score,
        {{ first_by('messages.message_id', '(messages.sent_at, messages.message_id)') }} as message_id
    from asked
    inner join messages
        on asked.question_id = coalesce(messages.burst_id, messages.message_id)
    where messages.deleted_at is null
    group by asked.question_id, asked.is_technical, asked.question_score

),

replies as (

    select
        links.question_id,
        links.role,
        links.kind,
        answers.person_id,
        answers.message_id,
        answers.sent_at,
        -- An answer made of a promise by an edit answers with the edit.
        coalesce(links.said_at, answers.sent_at) as said_at
    from {{ source('links', 'replies') }} as links
    inner join messages as answers
        on links.answer_id = answers.message_id
    where
        links.role not in ('asker', 'bot')
        -- A letter that came back answered nobody.
        and not exists (
            select 1 from {{ ref('fct_unreceived_answers') }} as unreceived
            where unreceived.question_id = links.question_id and unreceived.answer_id = links.answer_id
        )

),

first_replies as (

    select
        replies.question_id,
        min(replies.sent_at) as first_response_at,
        {{ first_by('replies.role', '(replies.sent_at, replies.message_id)') }} as first_response_role,
        min(case when replies.role in ('curator', 'staff') then replies.sent_at end) as first_staff_at,
        -- Who is linked to nobody and answers in a course's chat is most likely a learner; of a peer "look at the pinned message" is help.
        min(case when replies.role in ('peer', 'unknown') and replies.kind in ('substantive', 'formal') then replies.sent_at end) as first_peer_at,
        count(distinct case when replies.role in ('peer', 'unknown') and replies.kind in ('substantive', 'formal') then replies.message_id end) as peer_answers
    from replies
    where replies.kind <> 'thanks'
    group by replies.question_id

),

answers as (

    select
        replies.question_id,
        min(replies.said_at) as first_curator_at,
        {{ first_by('replies.person_id', '(replies.said_at, replies.message_id)') }} as curator_id,
        {{ first_by('replies.message_id', '(replies.said_at, replies.message_id)') }} as answer_id
    from replies
    where replies.role = 'curator' and replies.kind = 'substantive'
    group by replies.question_id

),

questions as (

    select
        asked.question_id,
        messages.channel,
        messages.chat_id,
        messages.thread_id,
        messages.course_id,
        messages.stream_id,
        messages.person_id,
        coalesce(messages.person_id, messages.account_id) as asker_id,
        messages.sent_at as asked_at,
        messages.day,
        asked.is_technical,
        -- How surely it asks, in log odds of waiting where nobody has answered: what nobody answers is less often a question than what somebody does.
        case
            when answers.first_curator_at is null and messages.channel in ('chat', 'forum')
                then {{ threshold('open_score_base') }} + {{ threshold('open_score_asks') }} * asked.question_score
        end as open_log_odds,
        first_replies.first_response_at,
        first_replies.first_response_role,
        first_replies.first_staff_at,
        first_replies.first_peer_at,
        coalesce(first_replies.peer_answers, 0) as peer_answers,
        answers.first_curator_at,
        answers.curator_id,
        answers.answer_id,
        coalesce(answers.first_curator_at, {{ as_of_end() }}) as waited_until
    from standing as asked
    inner join messages
        on asked.message_id = messages.message_id
    left join first_replies
        on asked.question_id = first_replies.question_id
    left join answers
        on asked.question_id = answers.question_id
    where coalesce(messages.person_id, messages.account_id) is not null

),

-- The learner goes on from a response of the course's people: in the same thread or conversation, in a chat by replying to it.
followed as (

    select
        later.question_id,
        {{ last_by('earlier.question_id', '(earlier.asked_at, earlier.question_id)') }} as follows_question_id
    from questions as later
    inner join questions as earlier
        on later.asker_id = earlier.asker_id
        and later.channel = earlier.channel
        and later.chat_id = earlier.chat_id
        and coalesce(later.thread_id, later.chat_id) = coalesce(earlier.thread_id, earlier.chat_id)
        and earlier.asked_at < later.asked_at
        and earlier.first_staff_at < later.asked_at
        and {{ hours_between('earlier.asked_at', 'later.asked_at') }} <= 24 * {{ threshold('conversation_days') }}
    where later.channel <> 'chat'
    group by later.question_id
    union all
    select
        later.question_id,
        {{ last_by('earlier.question_id', '(earlier.asked_at, earlier.question_id)') }} as follows_question_id
    from questions as later
    inner join {{ source('raw', 'messages') }} as posts
        on later.question_id = posts.message_id
    inner join {{ source('links', 'replies') }} as links
        on posts.reply_to_id = links.answer_id and links.role in ('curator', 'staff')
    inner join questions as earlier
        on links.question_id = earlier.question_id and later.asker_id = earlier.asker_id and earlier.asked_at < later.asked_at
    where later.channel = 'chat'
    group by later.question_id

),

-- Whoever is linked to nobody is in the course's only stream of that day, if there is but one.
running as (

    select
        questions.question_id,
        coalesce(min(case when not streams.is_whole_course then streams.stream_id end), min(streams.stream_id)) as stream_id
    from questions
    inner join {{ ref('dim_streams') }} as streams
        on questions.course_id = streams.course_id
        and questions.day >= streams.starts_on
        and (streams.ends_on is null or questions.day <= {{ add_days('streams.ends_on', threshold('live_days_after_end')) }})
    where questions.person_id is null
    group by questions.question_id
    -- Beside streams by group the course as a whole holds only those who are in none.
    having count(*) = 1 or count(case when not streams.is_whole_course then 1 end) = 1

),

away as (

    select
        questions.question_id,
        count(distinct absences.curator_id) as curators_away
    from questions
    inner join {{ ref('dim_curators') }} as curators
        on questions.stream_id = curators.stream_id
    inner join {{ ref('fct_absences') }} as absences
        on curators.curator_id = absences.curator_id and questions.day between absences.from_day and absences.until_day
    group by questions.question_id

),

-- The addresses that questions by mail were asked from; of the letters of others to each the last one, and whether it came back.
asked_from as (

    select
        asked.question_id,
        messages.account_id
    from asked
    inner join messages
        on asked.question_id = messages.message_id and messages.channel = 'mail'

),

letters as (

    select
        letters.message_id,
        addressees.account_id,
        row_number() over (partition by addressees.account_id order by letters.sent_at desc, letters.message_id) as place
    from {{ source('raw', 'addressees') }} as addressees
    inner join messages as letters
        on addressees.message_id = letters.message_id and addressees.account_id <> letters.account_id
    where addressees.role in ('to', 'cc', 'bcc') and addressees.account_id in (select asked_from.account_id from asked_from)

),

came_back as (

    select distinct asked_from.question_id
    from asked_from
    inner join letters
        on asked_from.account_id = letters.account_id
    inner join {{ ref('fct_returned_letters') }} as returned
        on letters.message_id = returned.message_id and letters.account_id = returned.account_id
    where letters.place = 1

),

came_to_nothing as (

    select
        unreceived.question_id,
        max(unreceived.returned_at) as returned_at
    from {{ ref('fct_unreceived_answers') }} as unreceived
    group by unreceived.question_id

),

-- What a curator said that was linked to nothing and perhaps answers it.
possible as (

    select
        links.question_id,
        -- That one of them answers, each for itself; a certainty has no logarithm, and the last digits of a sum depend on the order of rows.
        round(1 - exp(sum(ln(1 - least(links.score, 0.999)))), 6) as share,
        {{ last_by('answers.message_id', '(links.score, answers.message_id)') }} as answer_id
    from {{ source('links', 'possible_replies') }} as links
    inner join messages as answers
        on links.answer_id = answers.message_id
    where answers.deleted_at is null
    group by links.question_id

),

timed as (

    select
        questions.*,
        {{ hours_between('questions.asked_at', 'questions.waited_until') }} as hours_waited,
        {{ working_hours_up_to('questions.waited_until', 'until_days') }} - {{ working_hours_up_to('questions.asked_at', 'from_days') }} as working_hours_waited
    from questions
    left join calendar as from_days
        on {{ local_day('questions.asked_at') }} = from_days.day
    left join calendar as until_days
        on {{ day_waited_until('questions.waited_until') }} = until_days.day

)

select
    timed.question_id,
    timed.channel,
    timed.chat_id,
    timed.course_id,
    coalesce(timed.stream_id, running.stream_id) as stream_id,
    timed.person_id,
    timed.asked_at,
    timed.day,
    timed.is_technical,
    timed.first_response_at,
    timed.first_response_role,
    timed.first_curator_at,
    timed.curator_id,
    timed.answer_id,
    timed.first_curator_at is null as is_open,
    case when timed.first_curator_at is null then null else timed.hours_waited end as hours_to_curator,
    case when timed.first_curator_at is null then null else timed.working_hours_waited end as working_hours_to_curator,
    case when timed.first_curator_at is null then timed.hours_waited else null end as hours_open,
    case when timed.first_curator_at is null then timed.working_hours_waited else null end as working_hours_open,
    clusters.cluster_id,
    timed.first_staff_at,
    timed.first_peer_at,
    timed.peer_answers,
    case
        when timed.first_curator_at is not null then 'answered'
        when timed.first_staff_at is not null then 'promised'
        when timed.first_peer_at is not null then 'peers_only'
        else 'none'
    end as state,
    followed.follows_question_id,
    coalesce(away.curators_away, 0) as curators_away,
    timed.asker_id,
    came_back.question_id is not null as is_address_bounced,
    came_to_nothing.question_id is not null as is_answer_returned,
    came_to_nothing.returned_at as answer_returned_at,
    -- A letter that came back answered nobody, whatever else was said: it waits for certain.
    case
        when came_to_nothing.question_id is null
            then round(1 / (1 + exp(-(timed.open_log_odds + {{ threshold('open_score_possible') }} * coalesce(possible.share, 0)))), 4)
    end as open_score,
    -- Where it is too doubtful already whether anything was asked, an answer explains nothing.
    case when 1 / (1 + exp(-timed.open_log_odds)) >= {{ threshold('open_score_doubt') }} then possible.answer_id end as possible_answer_id
from timed
left join possible
    on timed.question_id = possible.question_id
left join came_back
    on timed.question_id = came_back.question_id
left join came_to_nothing
    on timed.question_id = came_to_nothing.question_id
left join running
    on timed.question_id = running.question_id
left join {{ source('links', 'repeated_questions') }} as clusters
    on timed.question_id = clusters.message_id
left join followed
    on timed.question_id = followed.question_id
left join away
    on timed.question_id = away.question_id
