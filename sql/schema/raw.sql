-- The raw stage: what the readers found, typed and in UTC, without anything that names a person.
--
-- This file is the contract. A reader's column must be declared here or in personal.sql; the loader refuses any other.
-- `Key:` in a table's comment is what makes a row the same row at the next load: a newer version (by seen_at) replaces it.
-- Every id is "<realm>:<what>:<native id>"; every *_account_id and account_id is a keyed pseudonym (pipelines/pseudonyms.py).
-- Every table of records carries source (name in programme.toml), load_id (raw.loads) and seen_at (the moment up to which the
-- item it came from speaks): the loader fills them in.
-- `using compression` stands in tables of millions of rows (personal.sql too) where the answer is known: the engine would try every way on every
-- column of every 122,880 rows, and take this one.

create schema if not exists raw;

create table if not exists raw.declared (
    schema_name varchar not null,
    digest varchar not null
);
comment on table raw.declared is 'Which declarations (sql/schema) this warehouse was made by: as long as they and its columns are the same, nothing is made anew. Key: schema_name.';
comment on column raw.declared.schema_name is 'raw, personal, links, risk or deliveries.';
comment on column raw.declared.digest is 'SHA-256 of the schema''s file and of the columns that it made.';

create table if not exists raw.loads (
    load_id varchar not null,
    source varchar not null,
    kind varchar not null,
    item varchar not null,
    fingerprint varchar not null,
    reader_version integer not null,
    state varchar not null,
    problem varchar,
    covers_from timestamptz,
    covers_until timestamptz,
    rows_seen bigint not null,
    rows_kept bigint not null,
    rows_rejected bigint not null,
    cursor varchar,
    loaded_at timestamptz not null
);
comment on table raw.loads is 'One row per attempt to load one item (a file, a folder, a database) in one state. The ledger: an item whose fingerprint is already here as loaded is not loaded again. Key: load_id.';
comment on column raw.loads.load_id is 'Hash of source, item, fingerprint and reader version.';
comment on column raw.loads.source is 'Name of the source in programme.toml.';
comment on column raw.loads.kind is 'Kind of reader: moodle_db, telegram …';
comment on column raw.loads.item is 'Path inside the source''s folder, or "database"; a pseudonym where such files are called after people (personal.items).';
comment on column raw.loads.fingerprint is 'SHA-256 of the file''s bytes, or the database''s high-water marks.';
comment on column raw.loads.reader_version is 'Version of the reader''s rules.';
comment on column raw.loads.state is 'loaded, or failed (nothing of it was kept).';
comment on column raw.loads.problem is 'Why it failed, in one line; null when loaded.';
comment on column raw.loads.covers_from is 'Earliest moment the item speaks of.';
comment on column raw.loads.covers_until is 'Latest moment the item speaks of: how fresh the source is.';
comment on column raw.loads.rows_seen is 'Rows that stand in the item.';
comment on column raw.loads.rows_kept is 'Rows kept.';
comment on column raw.loads.rows_rejected is 'Rows rejected, each in raw.rejects; seen = kept + rejected.';
comment on column raw.loads.cursor is 'JSON: where the next load of this item begins; null for files.';
comment on column raw.loads.loaded_at is 'When the load was made, as given by the caller.';

create table if not exists raw.load_counts (
    load_id varchar not null,
    record varchar not null,
    rows_seen bigint not null,
    rows_kept bigint not null,
    rows_rejected bigint not null
);
comment on table raw.load_counts is 'One row per load and record kind. Key: load_id, record.';
comment on column raw.load_counts.load_id is 'The load.';
comment on column raw.load_counts.record is 'Record kind = name of the raw table.';
comment on column raw.load_counts.rows_seen is 'Rows of this kind that stand in the item.';
comment on column raw.load_counts.rows_kept is 'Rows kept.';
comment on column raw.load_counts.rows_rejected is 'Rows rejected.';

create table if not exists raw.rejects (
    load_id varchar not null,
    source varchar not null,
    item varchar not null,
    record varchar not null,
    place varchar not null,
    reason varchar not null
);
comment on table raw.rejects is 'One row per row of an item that was not kept. Key: load_id, record, place, reason.';
comment on column raw.rejects.load_id is 'The load.';
comment on column raw.rejects.source is 'Name of the source.';
comment on column raw.rejects.item is 'Item of the source.';
comment on column raw.rejects.record is 'Record kind that the row would have been.';
comment on column raw.rejects.place is 'Where in the item: "line 14", "message 17", "mdl_user id 5".';
comment on column raw.rejects.reason is 'Why, in a few fixed words and without content.';

create table if not exists raw.coverage (
    load_id varchar not null,
    source varchar not null,
    record varchar not null,
    scope_column varchar not null,
    scope_value varchar not null,
    since timestamptz,
    until timestamptz,
    seen_at timestamptz not null
);
comment on table raw.coverage is 'One row per scope of which a load held every row: a row of the scope that is older than it has vanished from its system. Key: load_id, record, scope_column, scope_value.';
comment on column raw.coverage.load_id is 'The load.';
comment on column raw.coverage.source is 'Name of the source.';
comment on column raw.coverage.record is 'Record kind.';
comment on column raw.coverage.scope_column is 'Column that the rows of the scope share; empty: all rows of the source.';
comment on column raw.coverage.scope_value is 'Its value; empty: all.';
comment on column raw.coverage.since is 'Earliest time of the scope; null: unbounded.';
comment on column raw.coverage.until is 'Latest time of the scope; null: unbounded.';
comment on column raw.coverage.seen_at is 'The moment up to which the item speaks.';

create table if not exists raw.vanished (
    record varchar not null,
    key varchar not null,
    source varchar not null,
    noticed_at timestamptz not null,
    load_id varchar not null
);
comment on table raw.vanished is 'One row per row that its system no longer has and that the record has no column to say so of: the row itself was taken out. Key: record, key.';
comment on column raw.vanished.record is 'Record kind.';
comment on column raw.vanished.key is 'Key of the row, its parts joined by a blank.';
comment on column raw.vanished.source is 'Name of the source.';
comment on column raw.vanished.noticed_at is 'The moment of which the item speaks that lacks it.';
comment on column raw.vanished.load_id is 'The load that showed it.';

create table if not exists raw.accounts (
    account_id varchar not null,
    realm varchar not null,
    channel varchar not null,
    is_deleted boolean,
    is_suspended boolean,
    closed_at timestamptz,
    is_bot boolean,
    is_service boolean,
    lang varchar,
    timezone varchar,
    created_at timestamptz,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
-- For warehouses made before the column was.
alter table raw.accounts add column if not exists closed_at timestamptz;
comment on table raw.accounts is 'One row per account in one system: an LMS user, a messenger user, a mail address, a name shown in one webinar. Key: account_id. Nulls keep what was known.';
comment on column raw.accounts.account_id is 'Keyed pseudonym of (realm, native id).';
comment on column raw.accounts.realm is 'Name space of native ids: a Moodle site, telegram, mail, a webinar account.';
comment on column raw.accounts.channel is 'lms, chat, mail, webinar or survey.';
comment on column raw.accounts.is_deleted is 'The system says that the account was deleted.';
comment on column raw.accounts.is_suspended is 'The account itself is suspended (not only an enrolment).';
comment on column raw.accounts.closed_at is 'When it was deleted or suspended, as far as the system tells (the account''s last change); read only where one of both is true.';
comment on column raw.accounts.is_bot is 'A bot or an automatic sender (mailer-daemon).';
comment on column raw.accounts.is_service is 'Guest, site administrator, list address: no learner whatever it does.';
comment on column raw.accounts.lang is 'Language chosen in the account.';
comment on column raw.accounts.timezone is 'IANA name, resolved ("server''s" replaced by the server''s); null when unknown.';
comment on column raw.accounts.created_at is 'When the account was made.';
comment on column raw.accounts.first_seen_at is 'First access; null: never or unknown.';
comment on column raw.accounts.last_seen_at is 'Last access; null: never or unknown.';

create table if not exists raw.courses (
    course_id varchar not null,
    code varchar,
    name varchar,
    name_en varchar,
    starts_at timestamptz,
    ends_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.courses is 'One row per course of an LMS, the front page excluded. Key: course_id.';
comment on column raw.courses.course_id is '"<realm>:course:<id>".';
comment on column raw.courses.code is 'Short name.';
comment on column raw.courses.name is 'Full name in the programme''s first language (multilang resolved).';
comment on column raw.courses.name_en is 'Full name in English where the LMS has one.';
comment on column raw.courses.starts_at is 'Start; null: not set.';
comment on column raw.courses.ends_at is 'End; null: not set.';

create table if not exists raw.course_groups (
    group_id varchar not null,
    course_id varchar not null,
    code varchar,
    name varchar,
    groupings varchar,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.course_groups is 'One row per group of a course: streams and project teams alike. Key: group_id.';
comment on column raw.course_groups.group_id is '"<realm>:group:<id>".';
comment on column raw.course_groups.course_id is 'The course.';
comment on column raw.course_groups.code is 'Id number of the group, null when empty.';
comment on column raw.course_groups.name is 'Name.';
comment on column raw.course_groups.groupings is 'Groupings it belongs to, "idnumber or name", sorted, joined by comma; null when in none.';

create table if not exists raw.memberships (
    membership_id varchar not null,
    group_id varchar not null,
    account_id varchar not null,
    joined_at timestamptz,
    left_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.memberships is 'One row per stay of an account in a group; an ended stay is known from the log only. Key: membership_id.';
comment on column raw.memberships.membership_id is '"<realm>:membership:<group>:<user>:<joined, epoch s, or 0>".';
comment on column raw.memberships.group_id is 'The group.';
comment on column raw.memberships.account_id is 'The member.';
comment on column raw.memberships.joined_at is 'Joined; null: unknown.';
comment on column raw.memberships.left_at is 'Left; null: still in.';

create table if not exists raw.enrolments (
    enrolment_id varchar not null,
    account_id varchar not null,
    course_id varchar not null,
    role varchar not null,
    method varchar,
    state varchar not null,
    created_at timestamptz,
    starts_at timestamptz,
    ends_at timestamptz,
    removed_at timestamptz,
    enrolled_by varchar,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.enrolments is 'One row per account, course, enrolment method and role. Key: enrolment_id.';
comment on column raw.enrolments.enrolment_id is '"<realm>:enrolment:<native id>:<role>".';
comment on column raw.enrolments.account_id is 'Who.';
comment on column raw.enrolments.course_id is 'Where.';
comment on column raw.enrolments.role is 'learner, curator (teaches in this course), staff (manager, administrator) or other (enrolled without a role, or with one that neither learns nor teaches); from the role''s archetype, or where it has none from what it may do; never from its name.';
comment on column raw.enrolments.method is 'manual, self, cohort …; "role" where a role stands without an enrolment; "chat" etc. never.';
comment on column raw.enrolments.state is 'active, suspended (this enrolment), ended (time over or method disabled), removed (unenrolled).';
comment on column raw.enrolments.created_at is 'When it was made. Nulls keep what was known.';
comment on column raw.enrolments.starts_at is 'Start if limited; null otherwise.';
comment on column raw.enrolments.ends_at is 'End if limited; null otherwise.';
comment on column raw.enrolments.removed_at is 'When the person was unenrolled or the enrolment suspended, as far as known.';
comment on column raw.enrolments.enrolled_by is 'Account that made it (account id); null: unknown. Nulls keep what was known.';

create table if not exists raw.tasks (
    task_id varchar not null,
    course_id varchar not null,
    kind varchar not null,
    name varchar,
    name_en varchar,
    section integer,
    opens_at timestamptz,
    due_at timestamptz,
    cutoff_at timestamptz,
    max_grade double,
    pass_grade double,
    is_scale boolean,
    is_team boolean,
    is_blind boolean,
    uses_workflow boolean,
    is_required boolean,
    is_deleted boolean,
    is_hidden boolean,
    only_groups varchar,
    intro varchar,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.tasks is 'One row per activity of a course: assignment, quiz, page, file … Key: task_id.';
comment on column raw.tasks.task_id is '"<realm>:task:<course module id>".';
comment on column raw.tasks.course_id is 'The course.';
comment on column raw.tasks.kind is 'assignment, quiz, page, file, url, forum, feedback, certificate or other.';
comment on column raw.tasks.name is 'Name in the programme''s first language.';
comment on column raw.tasks.name_en is 'Name in English where there is one.';
comment on column raw.tasks.section is 'Number of the section (often the week), from 0.';
comment on column raw.tasks.opens_at is 'Open from; null: always.';
comment on column raw.tasks.due_at is 'Due for everybody without a deadline of their own (raw.deadlines); null: none.';
comment on column raw.tasks.cutoff_at is 'Nothing accepted after; null: none.';
comment on column raw.tasks.max_grade is 'Best grade; the number of steps where is_scale.';
comment on column raw.tasks.pass_grade is 'Grade to pass; null: not set.';
comment on column raw.tasks.is_scale is 'Graded in words: the grade is a place in a scale from 1, not points.';
comment on column raw.tasks.is_team is 'Handed in once per team.';
comment on column raw.tasks.is_blind is 'Marked blind and not yet revealed: marks are nowhere in the gradebook.';
comment on column raw.tasks.uses_workflow is 'Marks count once released.';
comment on column raw.tasks.is_required is 'Asked for by the course''s completion criteria.';
comment on column raw.tasks.is_deleted is 'Known only from the log: the activity itself is gone.';
comment on column raw.tasks.is_hidden is 'Hidden from learners, by itself or with its section; null: not known.';
comment on column raw.tasks.only_groups is 'Groups (raw.course_groups), by comma: who is in one of them may open it; null: open to all, or not known.';
comment on column raw.tasks.intro is 'Text of the task, plain: reference for the search for copies.';

create table if not exists raw.deadlines (
    deadline_id varchar not null,
    task_id varchar not null,
    account_id varchar,
    group_id varchar,
    rule varchar not null,
    due_at timestamptz,
    cutoff_at timestamptz,
    granted_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.deadlines is 'One row per deadline that differs from the task''s own. Key: deadline_id.';
comment on column raw.deadlines.deadline_id is '"<realm>:deadline:<rule>:<native id>".';
comment on column raw.deadlines.task_id is 'The task.';
comment on column raw.deadlines.account_id is 'For one account; null: for a group.';
comment on column raw.deadlines.group_id is 'For one group; null: for an account.';
comment on column raw.deadlines.rule is 'group_override < user_override < extension: the strongest counts.';
comment on column raw.deadlines.due_at is 'Due; null: no due date.';
comment on column raw.deadlines.cutoff_at is 'Nothing accepted after.';
comment on column raw.deadlines.granted_at is 'When it was granted; null: unknown.';

create table if not exists raw.activity (
    activity_id varchar using compression fsst not null,
    account_id varchar using compression dictionary,
    course_id varchar using compression dictionary,
    task_id varchar using compression dictionary,
    occurred_at timestamptz not null,
    action varchar using compression dictionary not null,
    event varchar using compression dictionary not null,
    component varchar using compression dictionary,
    object_id varchar,
    related_account_id varchar,
    origin varchar using compression dictionary,
    is_impersonated boolean not null,
    is_anonymous boolean not null,
    details varchar,
    source varchar using compression dictionary not null,
    load_id varchar using compression dictionary not null,
    seen_at timestamptz
);
alter table raw.activity add column if not exists times integer;
comment on column raw.activity.times is 'How many acts the row stands for, where an export gives sums (clicks of a day); null: one.';
comment on table raw.activity is 'One row per row of an LMS log, whoever caused it. Key: activity_id.';
comment on column raw.activity.activity_id is '"<realm>:log:<id>", or a hash of the row''s content and its number among equals where the export has no id.';
comment on column raw.activity.account_id is 'Who did it; null: nobody (cron, a failed log-in, ids below 1).';
comment on column raw.activity.course_id is 'The course; null: the site.';
comment on column raw.activity.task_id is 'The course module; null: none. May point to one that is gone.';
comment on column raw.activity.occurred_at is 'When.';
comment on column raw.activity.action is 'One of: viewed, submitted, uploaded, posted, attempted, completed, graded, enrolled, unenrolled, joined_group, left_group, messaged, logged_in, logged_out, login_failed, answered_survey, other. Mapped from event by the reader.';
comment on column raw.activity.event is 'The event''s own name, as in the export.';
comment on column raw.activity.component is 'Module or subsystem.';
comment on column raw.activity.object_id is 'Native id of the object the event speaks of.';
comment on column raw.activity.related_account_id is 'The person acted upon; null: none.';
comment on column raw.activity.origin is 'web, ws (mobile application, integrations), cli, restore.';
comment on column raw.activity.is_impersonated is 'Done by an administrator logged in as account_id: no act of this person.';
comment on column raw.activity.is_anonymous is 'Shown to nobody by name (blind marking, anonymous surveys); may be counted, never shown.';
comment on column raw.activity.details is 'JSON: numbers out of the event''s own data (JSON or serialized PHP); never text.';

create table if not exists raw.chats (
    chat_id varchar not null,
    channel varchar not null,
    kind varchar not null,
    course_id varchar,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.chats is 'One row per place where messages stand: a forum, a messenger chat, the mail of the programme, a private conversation. Key: chat_id.';
comment on column raw.chats.chat_id is '"<realm>:forum:<id>", "telegram:chat:<id>", "mail:chat", "<realm>:conversation:<id>".';
comment on column raw.chats.channel is 'forum, chat, mail or direct.';
comment on column raw.chats.kind is 'news, forum, group, supergroup, channel, personal, saved, mailbox.';
comment on column raw.chats.course_id is 'The course where the export says so; null: links.places infers it.';

create table if not exists raw.messages (
    message_id varchar using compression fsst not null,
    channel varchar using compression dictionary not null,
    chat_id varchar using compression dictionary not null,
    thread_id varchar,
    reply_to_id varchar using compression fsst,
    account_id varchar using compression dictionary,
    course_id varchar using compression dictionary,
    group_id varchar using compression dictionary,
    sent_at timestamptz,
    edited_at timestamptz,
    deleted_at timestamptz,
    kind varchar using compression dictionary not null,
    media varchar using compression dictionary,
    is_private boolean,
    is_pinned boolean,
    is_forwarded boolean,
    is_to_list boolean,
    chars integer,
    words integer,
    question_marks integer,
    reactions integer,
    about_message_id varchar,
    about_account_id varchar using compression dictionary,
    delivery_state varchar using compression dictionary,
    source varchar using compression dictionary not null,
    load_id varchar using compression dictionary not null,
    seen_at timestamptz
);
comment on table raw.messages is 'One row per message in any channel: forum post, chat message, mail, personal message of the LMS. Key: message_id.';
comment on column raw.messages.message_id is '"<realm>:post:<id>", "telegram:message:<chat>:<id>", "mail:<hash of Message-ID>", "<realm>:direct:<id>".';
comment on column raw.messages.channel is 'forum, chat, mail or direct (personal message, personal chat).';
comment on column raw.messages.chat_id is 'Where it stands (raw.chats).';
comment on column raw.messages.thread_id is 'Discussion, topic or mail thread; null: none.';
comment on column raw.messages.reply_to_id is 'The message it answers as the system itself records it (parent post, reply, In-Reply-To); null: none.';
comment on column raw.messages.account_id is 'Author; null: unknown or a system line.';
comment on column raw.messages.course_id is 'Course where the system says so.';
comment on column raw.messages.group_id is 'Group where the system says so.';
comment on column raw.messages.sent_at is 'Sent; null: the date is unreadable and nothing stands in for it.';
comment on column raw.messages.edited_at is 'Last edit; null: never.';
comment on column raw.messages.deleted_at is 'When its deletion was noticed; null: stands.';
comment on column raw.messages.kind is 'post, service (joined, pinned, renamed …), auto_reply, read_receipt, delivery_report.';
comment on column raw.messages.media is 'photo, file, voice, video, sticker, poll, location, contact; null: text only.';
comment on column raw.messages.is_private is 'Seen by one addressee only.';
comment on column raw.messages.is_pinned is 'Pinned in its chat.';
comment on column raw.messages.is_forwarded is 'Somebody else''s words passed on.';
comment on column raw.messages.is_to_list is 'A mail to many: mailing-list headers, or at least thresholds.notice_addressees addressees, in any copy of it. Once true it stays true.';
comment on column raw.messages.chars is 'Characters of the text; null for mail (bodies are never read).';
comment on column raw.messages.words is 'Words of the text; null for mail.';
comment on column raw.messages.question_marks is 'Question marks in the text (for mail: in the subject).';
comment on column raw.messages.reactions is 'Reactions to it; null: unknown.';
comment on column raw.messages.about_message_id is 'For receipts, reports and auto-replies: the message they speak of.';
comment on column raw.messages.about_account_id is 'For receipts and reports: the addressee they speak of.';
comment on column raw.messages.delivery_state is 'For reports: failed, delayed, delivered, relayed; for receipts: displayed, deleted.';

create table if not exists raw.message_versions (
    message_id varchar not null,
    written_at timestamptz not null,
    chars integer,
    words integer,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.message_versions is 'One row per earlier state of a message whose words were changed since: written by the loader when an item has it otherwise. The present state is in raw.messages. Key: message_id, written_at.';
comment on column raw.message_versions.message_id is 'The message.';
comment on column raw.message_versions.written_at is 'When these words were written: the edit''s time, or the sending where they were the first.';
comment on column raw.message_versions.chars is 'Characters of the text.';
comment on column raw.message_versions.words is 'Words of the text.';

create table if not exists raw.message_files (
    message_id varchar not null,
    content_hash varchar not null,
    bytes bigint,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.message_files is 'One row per message and content of a file posted with it that lies beside the export. Files of private conversations are none. Key: message_id, content_hash.';
comment on column raw.message_files.message_id is 'The message.';
comment on column raw.message_files.content_hash is 'SHA-1 of the bytes: equal hash, equal file, also of raw.submission_files.';
comment on column raw.message_files.bytes is 'Size.';

create table if not exists raw.mail_references (
    message_id varchar not null,
    position integer not null,
    reference_id varchar not null,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.mail_references is 'One row per message that a mail''s References and In-Reply-To name, oldest first: what threads are made of. Key: message_id, position.';
comment on column raw.mail_references.message_id is 'The mail.';
comment on column raw.mail_references.position is 'Place in the chain, from 0.';
comment on column raw.mail_references.reference_id is 'The message named; it may be in no mailbox that was read.';

create table if not exists raw.addressees (
    message_id varchar not null,
    account_id varchar not null,
    role varchar not null,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
alter table raw.addressees add column if not exists acted_at timestamptz;
comment on column raw.addressees.acted_at is 'Of a reaction: when it was given; null: the export does not tell.';
comment on table raw.addressees is 'One row per message, account and part it plays. Key: message_id, account_id, role.';
comment on column raw.addressees.message_id is 'The message.';
comment on column raw.addressees.account_id is 'The account.';
comment on column raw.addressees.role is 'to, cc, bcc, member (of a direct conversation, the author excluded), mention, reaction (reacted to it: spoken to by it, as we know).';

create table if not exists raw.submissions (
    submission_id varchar not null,
    kind varchar not null,
    account_id varchar,
    group_id varchar,
    task_id varchar,
    course_id varchar,
    attempt integer,
    is_latest boolean,
    state varchar not null,
    is_team boolean,
    is_preview boolean,
    created_at timestamptz,
    submitted_at timestamptz,
    seconds_spent double,
    score double,
    max_score double,
    chars integer,
    words integer,
    files integer,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.submissions is 'One row per attempt at a task: an assignment''s submission rows of every state, a quiz attempt. Key: submission_id.';
comment on column raw.submissions.submission_id is '"<realm>:submission:<id>" or "<realm>:attempt:<id>"; of H5P, SCORM, lessons and workshops with the type before the id.';
comment on column raw.submissions.kind is 'assignment or quiz.';
comment on column raw.submissions.account_id is 'Who; null: the row belongs to a team (group_id).';
comment on column raw.submissions.group_id is 'The team that owns the row; null otherwise.';
comment on column raw.submissions.task_id is 'The task.';
comment on column raw.submissions.course_id is 'The course.';
comment on column raw.submissions.attempt is 'From 0.';
comment on column raw.submissions.is_latest is 'The current attempt.';
comment on column raw.submissions.state is 'new, draft, reopened (none of these was handed in), submitted; for quizzes in_progress, overdue, submitted, abandoned.';
comment on column raw.submissions.is_team is 'Belongs to a team task: the owner row or a member''s row.';
comment on column raw.submissions.is_preview is 'A teacher''s trial.';
comment on column raw.submissions.created_at is 'First saved.';
comment on column raw.submissions.submitted_at is 'Handed in, as far as the system tells (last save); null where not handed in.';
comment on column raw.submissions.seconds_spent is 'Seconds from start to finish where the system tells.';
comment on column raw.submissions.score is 'Quiz only: points scaled to max_score; null: not graded.';
comment on column raw.submissions.max_score is 'Quiz only.';
comment on column raw.submissions.chars is 'Characters of the text; null: no text of its own.';
comment on column raw.submissions.words is 'Words of the text; null: no text of its own.';
comment on column raw.submissions.files is 'Files handed in.';

create table if not exists raw.submission_files (
    file_id varchar not null,
    submission_id varchar not null,
    content_hash varchar not null,
    bytes bigint,
    media_type varchar,
    created_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.submission_files is 'One row per file handed in. Key: file_id.';
comment on column raw.submission_files.file_id is '"<realm>:file:<id>".';
comment on column raw.submission_files.submission_id is 'The submission.';
comment on column raw.submission_files.content_hash is 'Hash of the bytes: equal hash, equal file.';
comment on column raw.submission_files.bytes is 'Size.';
comment on column raw.submission_files.media_type is 'MIME type.';
comment on column raw.submission_files.created_at is 'Uploaded.';

create table if not exists raw.file_texts (
    content_hash varchar not null,
    format varchar,
    state varchar not null,
    pages integer,
    chars integer,
    words integer,
    hidden_chars integer,
    created_at timestamptz,
    modified_at timestamptz,
    revision integer,
    revision_ids varchar,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.file_texts is 'One row per content of files that was opened for its text, however many handed it in or posted it. Key: content_hash.';
comment on column raw.file_texts.content_hash is 'raw.submission_files or raw.message_files.';
comment on column raw.file_texts.format is 'docx, odt, pdf, rtf or txt, by the bytes, never by the name.';
comment on column raw.file_texts.state is 'text, or no_text (a scan, an empty document). Files that could not be read are rejects.';
comment on column raw.file_texts.pages is 'Pages, where the format has them.';
comment on column raw.file_texts.chars is 'Characters of the visible text.';
comment on column raw.file_texts.words is 'Words of the visible text.';
comment on column raw.file_texts.hidden_chars is 'Characters that a reader does not see (hidden, white on white, tiny); null: the format does not tell.';
comment on column raw.file_texts.created_at is 'Made, as the document says of itself.';
comment on column raw.file_texts.modified_at is 'Last saved, as the document says of itself.';
comment on column raw.file_texts.revision is 'How often it was saved, as it says of itself.';
comment on column raw.file_texts.revision_ids is 'JSON list of the document''s revision ids (Word''s rsid): two files that share them come from one.';

create table if not exists raw.demographics (
    account_id varchar not null,
    course_id varchar not null,
    sex varchar,
    age_band varchar,
    region varchar,
    education varchar,
    has_disability boolean,
    deprivation_band varchar,
    earlier_attempts integer,
    studied_credits integer,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.demographics is 'One row per account and course of a source that states them; never a feature of a model, read by the fairness tables alone. Key: account_id, course_id.';
comment on column raw.demographics.account_id is 'Whose.';
comment on column raw.demographics.course_id is 'Stated at enrolment in this course.';
comment on column raw.demographics.sex is 'F, M or as stated.';
comment on column raw.demographics.age_band is 'Band as exported.';
comment on column raw.demographics.region is 'Region.';
comment on column raw.demographics.education is 'Highest education.';
comment on column raw.demographics.has_disability is 'Declared disability.';
comment on column raw.demographics.deprivation_band is 'Band of an index of deprivation.';
comment on column raw.demographics.earlier_attempts is 'Times this course was tried before.';
comment on column raw.demographics.studied_credits is 'Credits studied at the time.';

create table if not exists raw.grades (
    grade_id varchar not null,
    record varchar not null,
    account_id varchar,
    task_id varchar,
    course_id varchar,
    submission_id varchar,
    grader_account_id varchar,
    attempt integer,
    grade double,
    max_grade double,
    is_released boolean,
    is_overridden boolean,
    graded_at timestamptz,
    comment_chars integer,
    comment_words integer,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.grades is 'One row per grade as one book keeps it. Key: grade_id.';
comment on column raw.grades.grade_id is '"<realm>:<record>:<id>".';
comment on column raw.grades.record is 'marking (the marker''s own record), gradebook (what counts and is shown), history (a past state of the gradebook; the only trace of people who left), quiz (best or last score of a quiz).';
comment on column raw.grades.account_id is 'Whose grade.';
comment on column raw.grades.task_id is 'The task; null: the course total or a manual item.';
comment on column raw.grades.course_id is 'The course.';
comment on column raw.grades.submission_id is 'The submission that was graded, where known.';
comment on column raw.grades.grader_account_id is 'Who graded; null: the system or unknown.';
comment on column raw.grades.attempt is 'Attempt graded, from 0.';
comment on column raw.grades.grade is 'The grade; null: none yet (never zero for "none").';
comment on column raw.grades.max_grade is 'Best grade possible.';
comment on column raw.grades.is_released is 'The learner can see it (marking workflow, blind marking).';
comment on column raw.grades.is_overridden is 'Set by hand over the marker''s record.';
comment on column raw.grades.graded_at is 'When; null: unknown.';
comment on column raw.grades.comment_chars is 'Characters of the feedback comment; 0: empty; null: no comment row at all.';
comment on column raw.grades.comment_words is 'Words of the feedback comment.';

create table if not exists raw.completions (
    completion_id varchar not null,
    account_id varchar not null,
    task_id varchar,
    course_id varchar,
    state varchar not null,
    completed_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.completions is 'One row per account and task with a mark of completion, and one per recorded view of a task. Key: completion_id.';
comment on column raw.completions.completion_id is '"<realm>:completion:<id>" or "<realm>:viewed:<id>".';
comment on column raw.completions.account_id is 'Who.';
comment on column raw.completions.task_id is 'The task.';
comment on column raw.completions.course_id is 'The course.';
comment on column raw.completions.state is 'incomplete, complete, passed, failed or viewed.';
comment on column raw.completions.completed_at is 'When the mark was set.';

create table if not exists raw.outcomes (
    outcome_id varchar not null,
    account_id varchar not null,
    course_id varchar not null,
    kind varchar not null,
    reached_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.outcomes is 'One row per account, course and kind of result. Key: outcome_id.';
comment on column raw.outcomes.outcome_id is '"<realm>:<kind>:<id>".';
comment on column raw.outcomes.account_id is 'Who.';
comment on column raw.outcomes.course_id is 'The course.';
comment on column raw.outcomes.kind is 'course_completed or certificate.';
comment on column raw.outcomes.reached_at is 'When; null: not reached.';

create table if not exists raw.webinars (
    webinar_id varchar not null,
    title varchar,
    course_id varchar,
    host_account_id varchar,
    starts_at timestamptz,
    ends_at timestamptz,
    minutes double,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
comment on table raw.webinars is 'One row per webinar held. Key: webinar_id.';
comment on column raw.webinars.webinar_id is '"<realm>:webinar:<meeting id>:<start, epoch s; of the day where the export does not state the start>".';
comment on column raw.webinars.title is 'Title; names courses and streams, no people.';
comment on column raw.webinars.course_id is 'Course where the export says so; null: links.places infers it.';
comment on column raw.webinars.host_account_id is 'Host.';
comment on column raw.webinars.starts_at is 'Start; where only the day is told, and minutes present, the beginning of the day.';
comment on column raw.webinars.ends_at is 'End.';
comment on column raw.webinars.minutes is 'Length in minutes.';

create table if not exists raw.attendance (
    attendance_id varchar not null,
    webinar_id varchar not null,
    account_id varchar not null,
    joined_at timestamptz,
    left_at timestamptz,
    minutes double,
    is_guest boolean,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
alter table raw.attendance add column if not exists chat_messages integer;
alter table raw.attendance add column if not exists reactions integer;
alter table raw.attendance add column if not exists raised_hands integer;
alter table raw.attendance add column if not exists poll_answers integer;
alter table raw.attendance add column if not exists talk_minutes double;
alter table raw.attendance add column if not exists camera_minutes double;
comment on column raw.attendance.chat_messages is 'Messages in the webinar''s chat; null: the export does not tell (so for the next five).';
comment on column raw.attendance.reactions is 'Reactions and emoji.';
comment on column raw.attendance.raised_hands is 'Times the hand was raised.';
comment on column raw.attendance.poll_answers is 'Polls answered.';
comment on column raw.attendance.talk_minutes is 'Minutes of talking.';
comment on column raw.attendance.camera_minutes is 'Minutes with the camera on.';
comment on table raw.attendance is 'One row per stay of an account in a webinar; a reconnect or a second device makes another row. Key: attendance_id.';
comment on column raw.attendance.attendance_id is '"<webinar_id>:<account_id>:<joined, epoch s>", "-2" … behind it where one account joined twice in a second.';
comment on column raw.attendance.webinar_id is 'The webinar.';
comment on column raw.attendance.account_id is 'Account of the name and address shown.';
comment on column raw.attendance.joined_at is 'Joined.';
comment on column raw.attendance.left_at is 'Left.';
comment on column raw.attendance.minutes is 'Minutes of this stay as exported.';
comment on column raw.attendance.is_guest is 'Marked as guest by the webinar system.';

create table if not exists raw.survey_answers (
    answer_id varchar not null,
    survey_id varchar not null,
    response_id varchar not null,
    account_id varchar,
    course_id varchar,
    group_label varchar,
    item varchar not null,
    rating integer,
    answered_at timestamptz,
    source varchar not null,
    load_id varchar not null,
    seen_at timestamptz
);
alter table raw.survey_answers add column if not exists aspect varchar;
comment on column raw.survey_answers.aspect is 'What the item rates, as the programme file maps it or by an aspect''s usual name (content, practice …); null: not mapped.';
comment on table raw.survey_answers is 'One row per response and item of a survey. Key: answer_id.';
comment on column raw.survey_answers.answer_id is '"<response_id>:<item number>".';
comment on column raw.survey_answers.survey_id is 'The survey: file name without its ending, or "<realm>:survey:<id>".';
comment on column raw.survey_answers.response_id is 'One person''s answers of one time; no link to a person where the survey is anonymous.';
comment on column raw.survey_answers.account_id is 'Who answered; null: anonymous, and stays so.';
comment on column raw.survey_answers.course_id is 'Course where known.';
comment on column raw.survey_answers.group_label is 'Stream or group as the answerer stated it.';
comment on column raw.survey_answers.item is 'The item, as asked.';
comment on column raw.survey_answers.rating is '1 to 5; null: left out or an open question.';
comment on column raw.survey_answers.answered_at is 'When; null: unknown.';

-- The programme file as tables: what SQL needs of it. Replaced at every run.
create table if not exists raw.programme_streams (
    stream_code varchar not null,
    course_code varchar not null,
    group_code varchar,
    title varchar,
    starts_on date,
    ends_on date
);
comment on table raw.programme_streams is 'One row per stream that programme.toml declares; courses without a row here get their streams from the LMS. Key: stream_code.';
comment on column raw.programme_streams.stream_code is '"<course code>/<stream code>".';
comment on column raw.programme_streams.course_code is 'Short name of the course in the LMS.';
comment on column raw.programme_streams.group_code is 'Id number or name of the LMS group that is this stream; null: the whole course.';
comment on column raw.programme_streams.title is 'What people call it.';
comment on column raw.programme_streams.starts_on is 'First day; null: the course''s.';
comment on column raw.programme_streams.ends_on is 'Last day; null: the course''s.';

create table if not exists raw.programme_curators (
    course_code varchar not null,
    stream_code varchar,
    account_id varchar not null
);
comment on table raw.programme_curators is 'One row per curator whom programme.toml names for a course or stream; where it names none the LMS''s teachers count. Key: course_code, stream_code, account_id.';
comment on column raw.programme_curators.course_code is 'Short name of the course.';
comment on column raw.programme_curators.stream_code is 'Stream; null: the whole course.';
comment on column raw.programme_curators.account_id is 'LMS account.';

create table if not exists raw.calendar_days (
    day date not null,
    is_working boolean not null,
    work_from_at timestamptz,
    work_until_at timestamptz,
    holiday varchar
);
comment on table raw.calendar_days is 'One row per day of the programme''s calendar. Key: day.';
comment on column raw.calendar_days.day is 'Day in the programme''s time zone.';
comment on column raw.calendar_days.is_working is 'Curators work on this day (weekly pattern, holidays and transferred days of the country).';
comment on column raw.calendar_days.work_from_at is 'Start of working time (UTC); null: no working day.';
comment on column raw.calendar_days.work_until_at is 'End of working time (UTC); null: no working day.';
comment on column raw.calendar_days.holiday is 'Name of the holiday; null: none.';

create table if not exists raw.marks (
    mark_id varchar not null,
    marked_at timestamptz not null,
    curator_id varchar not null,
    list_day date not null,
    item_id varchar not null,
    person_id varchar,
    section varchar not null,
    state varchar not null,
    until_day date,
    channel varchar,
    origin varchar not null
);
comment on table raw.marks is 'One row per mark that a curator gave a line of a list, corrected ones too: of two on one line the later counts. Key: mark_id.';
comment on column raw.marks.mark_id is 'Hash of all else but the moment and the note: the same mark given twice is one.';
comment on column raw.marks.marked_at is 'When it was given; of a sheet: when the sheet was taken in.';
comment on column raw.marks.curator_id is 'Person id of the curator who gave it.';
comment on column raw.marks.list_day is 'deliveries.list_items.day of the list that was marked.';
comment on column raw.marks.item_id is 'deliveries.list_items.item_id: what was marked.';
comment on column raw.marks.person_id is 'The learner; null: not about one learner.';
comment on column raw.marks.section is 'Section of the line when it was marked.';
comment on column raw.marks.state is 'new (an earlier mark is taken back), contacted, waiting (for the learner or somebody else), resolved, false_alarm, snoozed.';
comment on column raw.marks.until_day is 'Morning on which a snoozed line is wanted back; null: not snoozed.';
comment on column raw.marks.channel is 'Way by which the learner was contacted: chat, mail, direct, phone, institution; null: not said.';
comment on column raw.marks.origin is 'page or sheet.';

create table if not exists raw.erasures (
    account_id varchar not null,
    erasure_id varchar not null,
    erased_at timestamptz not null
);
comment on table raw.erasures is 'One row per account of a learner who was erased: the record that it was done, and what keeps the learner out when an export brings the rows again. Key: account_id.';
comment on column raw.erasures.account_id is 'Pseudonym of the account; there is no other row with it anywhere.';
comment on column raw.erasures.erasure_id is 'What was erased together: one learner.';
comment on column raw.erasures.erased_at is 'When.';

create table if not exists raw.erased_works (
    submission_id varchar not null
);
comment on table raw.erased_works is 'One row per work of a learner who was erased: a mark that names the work alone, and comes again without it, is known to be that learner''s by it. Key: submission_id.';
comment on column raw.erased_works.submission_id is 'Id of the work; there is no other row with it anywhere.';

create table if not exists raw.installation (
    programme_id varchar not null,
    key_mark varchar not null
);
comment on table raw.installation is 'One row: whose warehouse this is. Rows of two programmes, or ids made under two keys, could not be told apart afterwards. Key: programme_id.';
comment on column raw.installation.programme_id is 'programme.id of the programme file.';
comment on column raw.installation.key_mark is 'Pseudonym of a fixed word under the installation''s key: another key gives another one.';
