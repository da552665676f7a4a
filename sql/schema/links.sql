-- The links stage: what belongs together. Written by pipelines/links, one function per table; replaced as a whole.

create schema if not exists links;

create table if not exists links.people (
    account_id varchar not null,
    person_id varchar,
    state varchar not null,
    rule varchar not null,
    score double,
    candidate_person_id varchar
);
comment on table links.people is 'One row per account: which person it belongs to. Key: account_id.';
comment on column links.people.account_id is 'raw.accounts.';
comment on column links.people.person_id is 'The person: "p" and the digits of the oldest LMS account linked; for people without one, of their oldest account. Null: to review or unlinked.';
comment on column links.people.state is 'linked, review or unlinked.';
comment on column links.people.rule is 'anchor (an LMS account is its own person), address, phone, username, name, second_account, decision (a person said so), shared (signs of several people under one account), ambiguous (fits several), none.';
comment on column links.people.score is 'Probability that the account is the person''s, 0 to 1; 1 for exact keys and decisions.';
comment on column links.people.candidate_person_id is 'For review: the best guess.';
-- For warehouses made before the column was.
alter table links.people add column if not exists decision_id varchar;
comment on column links.people.decision_id is 'links.people_decisions that settled it; null: none did.';

create table if not exists links.people_candidates (
    account_id varchar not null,
    place integer not null,
    person_id varchar not null,
    score double not null
);
comment on table links.people_candidates is 'One row per account in the review queue and person it may be, the likeliest three. Key: account_id, place.';
comment on column links.people_candidates.account_id is 'raw.accounts.';
comment on column links.people_candidates.place is 'From 1, the likeliest first.';
comment on column links.people_candidates.person_id is 'The person.';
comment on column links.people_candidates.score is 'Probability that the account is the person''s; what is missing to 1 is nobody of the programme.';

create table if not exists links.people_decisions (
    decision_id varchar not null,
    sequence bigint not null,
    kind varchar not null,
    account_id varchar not null,
    person_id varchar,
    decided_at timestamptz not null,
    undone_at timestamptz
);
comment on table links.people_decisions is 'One row per decision about who is who, undone ones too: made by people, never by a run, and kept for ever. Key: decision_id.';
comment on column links.people_decisions.decision_id is 'Hash of sequence, kind, account and person.';
comment on column links.people_decisions.sequence is 'Order in which they were made, from 1: of two that settle one account the later counts.';
comment on column links.people_decisions.kind is 'confirm (the account is the person''s), merge (the same of an LMS account: two people are one), refuse (it is not), split (nobody else''s), share (several people''s).';
comment on column links.people_decisions.account_id is 'raw.accounts.';
comment on column links.people_decisions.person_id is 'The person confirmed or refused; null for split and share.';
comment on column links.people_decisions.decided_at is 'When it was made.';
comment on column links.people_decisions.undone_at is 'When it was taken back; null: it stands.';

create table if not exists links.people_seen (
    name varchar not null,
    fingerprint varchar not null
);
comment on table links.people_seen is 'One row per part of what links.people is made from, and per result: as it was after the last run. Where all are the same, the links stand. Key: name.';
comment on column links.people_seen.name is 'What was read (accounts, shown, enrolments …), rules (the programme file, thresholds and rules themselves), or a table of results.';
comment on column links.people_seen.fingerprint is 'Number of its rows and sum of their hashes; of the rules a hash.';

create table if not exists links.people_history (
    account_id varchar not null,
    number integer not null,
    person_id varchar,
    state varchar not null,
    rule varchar not null,
    score double,
    candidate_person_id varchar,
    decision_id varchar,
    why varchar not null,
    since date not null,
    until date
);
comment on table links.people_history is 'One row per account and stretch in which its link was the same: appended only when something changes. Key: account_id, number.';
comment on column links.people_history.account_id is 'raw.accounts.';
comment on column links.people_history.number is 'Number of the stretch, from 1.';
comment on column links.people_history.person_id is 'As links.people had it.';
comment on column links.people_history.state is 'As links.people had it; gone: the account is in no source any more.';
comment on column links.people_history.rule is 'As links.people had it.';
comment on column links.people_history.score is 'As links.people had it when the stretch began.';
comment on column links.people_history.candidate_person_id is 'As links.people had it.';
comment on column links.people_history.decision_id is 'As links.people had it.';
comment on column links.people_history.why is 'The reason in a few fixed words.';
comment on column links.people_history.since is 'Day (as_of) of the run that first had it so.';
comment on column links.people_history.until is 'Day of the run that had it otherwise; null: it stands.';

create table if not exists links.places (
    place_id varchar not null,
    kind varchar not null,
    course_id varchar,
    group_id varchar,
    rule varchar not null,
    score double
);
comment on table links.places is 'One row per chat, webinar or survey: the course (and stream group) it belongs to. Key: place_id.';
comment on column links.places.place_id is 'chat_id, webinar_id or survey_id.';
comment on column links.places.kind is 'chat, webinar or survey.';
comment on column links.places.course_id is 'Course; null: none found, or several.';
comment on column links.places.group_id is 'LMS group (stream); null: the whole course.';
comment on column links.places.rule is 'programme (stated in programme.toml), export (the system says so), title (names the course), members (most linked members are of it), none.';
comment on column links.places.score is 'Share of linked members where the rule is members; 1 otherwise.';

create table if not exists links.threads (
    message_id varchar not null,
    thread_id varchar not null,
    parent_id varchar
);
comment on table links.threads is 'One row per mail: the conversation it belongs to, found over all mailboxes by what the mails name. Key: message_id.';
comment on column links.threads.message_id is 'raw.messages, channel mail.';
comment on column links.threads.thread_id is 'Id of the mail that the conversation began with; it may lie in no mailbox that was read.';
comment on column links.threads.parent_id is 'The mail that it follows upon, of those that were read: the last one named; null: none.';

create table if not exists links.questions (
    message_id varchar not null,
    is_question boolean not null,
    is_technical boolean not null,
    score double not null,
    rule varchar not null,
    burst_id varchar not null
);
comment on table links.questions is 'One row per message judged: does it ask for an answer? Key: message_id.';
comment on column links.questions.message_id is 'raw.messages.';
comment on column links.questions.is_question is 'It asks.';
comment on column links.questions.is_technical is 'It speaks of technical trouble (upload, log-in, sound …), whether it asks or not.';
comment on column links.questions.score is '0 to 1; of chats and forums the probability that it asks, by its words and what was said before.';
comment on column links.questions.rule is 'The sign that decided; learned: what was learned of how people ask says otherwise than the rules; answered: only a curator''s answer shows that it asked.';
comment on column links.questions.burst_id is 'First message of the burst (same author, same place, minutes apart): one burst is one question.';

create table if not exists links.replies (
    question_id varchar not null,
    answer_id varchar not null,
    role varchar not null,
    kind varchar not null,
    rule varchar not null,
    score double not null
);
comment on table links.replies is 'One row per question and message that answers it. Key: question_id, answer_id.';
comment on column links.replies.question_id is 'First message of the question''s burst.';
comment on column links.replies.answer_id is 'The answering message.';
comment on column links.replies.role is 'Role of its author in that course at that time: curator, staff, peer, asker, bot, unknown.';
comment on column links.replies.kind is 'substantive, holding ("I will find out", or asks back), formal (says nothing), thanks.';
comment on column links.replies.rule is 'explicit (recorded by the system), thread, mention, turn (the curator had asked back, the asker had replied), direct (answered by personal message), next (scored guess), like (a fellow learner''s unmarked words, like explicit answers to such questions).';
comment on column links.replies.score is '0 to 1; 1 for explicit ones.';
alter table links.replies add column if not exists said_at timestamptz;
comment on column links.replies.said_at is 'When it said so: the sending, or the edit that made the answer of it (where an earlier export told other words).';

create table if not exists links.possible_replies (
    question_id varchar not null,
    answer_id varchar not null,
    score double not null
);
comment on table links.possible_replies is 'One row per question of a chat and curator''s unmarked message that perhaps answers it, not surely enough for a link. Key: question_id, answer_id.';
comment on column links.possible_replies.question_id is 'First message of the question''s burst.';
comment on column links.possible_replies.answer_id is 'The message.';
comment on column links.possible_replies.score is 'Share of belief that it does, 0 to 1.';

create table if not exists links.related (
    message_id varchar not null,
    sent_at timestamptz not null,
    fingerprint varchar not null
);
comment on table links.related is 'One row per message as the links of conversations last saw it: tells the next night from when on to seek them again. Key: message_id.';
comment on column links.related.message_id is 'raw.messages.';
comment on column links.related.sent_at is 'Sent.';
comment on column links.related.fingerprint is 'md5 of all that questions and replies read of it, and of the rules in force.';

create table if not exists links.acknowledgements (
    notice_id varchar not null,
    person_id varchar not null,
    kind varchar not null,
    acknowledged_at timestamptz,
    message_id varchar
);
comment on table links.acknowledgements is 'One row per notice, addressee and kind of sign. Key: notice_id, person_id, kind.';
comment on column links.acknowledgements.notice_id is 'The notice (raw.messages).';
comment on column links.acknowledgements.person_id is 'The addressee.';
comment on column links.acknowledgements.kind is 'none (no sign, one row per addressee), unknown (no sign, and a chat would show none), read_receipt, deleted_unread, reply, mail (a later mail to the sender outside the thread that confirms), chat (confirms in the course chat), direct (confirms by personal message), reaction, viewed (opened the news thread in the LMS), acted (opened or handed in the task that the notice names), bounce (not reached), delayed, auto_reply (not read).';
comment on column links.acknowledgements.acknowledged_at is 'First such sign; null for none and unknown.';
comment on column links.acknowledgements.message_id is 'The message that is the sign; null where it is none.';

create table if not exists links.copies (
    later_id varchar not null,
    earlier_id varchar not null,
    earlier_kind varchar not null,
    kind varchar not null,
    task_id varchar,
    matched_words integer not null,
    later_share double not null,
    earlier_share double not null,
    longest_run integer not null,
    hidden_characters integer not null,
    homoglyphs integer not null,
    same_file boolean not null,
    direction_certainty double not null,
    rule_version integer not null
);
alter table links.copies add column if not exists same_author boolean;
alter table links.copies add column if not exists same_creation boolean;
alter table links.copies add column if not exists shared_revisions bigint;
alter table links.copies add column if not exists unseen_letters bigint;
alter table links.copies add column if not exists earlier_in_file boolean;
comment on table links.copies is 'One row per pair of texts of which one repeats the other. Key: later_id, earlier_id.';
comment on column links.copies.later_id is 'Submission handed in later.';
comment on column links.copies.earlier_id is 'Submission or chat message that stood earlier.';
comment on column links.copies.earlier_kind is 'submission or message.';
comment on column links.copies.kind is 'learner (another learner''s work), leak (a learner''s message in a chat), reference (a teacher''s message), own (the same person''s earlier work), team (allowed).';
comment on column links.copies.task_id is 'Task of the later one.';
comment on column links.copies.matched_words is 'Words of the later text that stand in the earlier one, reference text left out.';
comment on column links.copies.later_share is 'matched_words / words of the later text (reference left out). Where equal bytes are all that is shared (matched_words 0): their part of the bytes handed in.';
comment on column links.copies.earlier_share is 'The same against the earlier text.';
comment on column links.copies.longest_run is 'Words in the longest unbroken run.';
comment on column links.copies.hidden_characters is 'Invisible characters in the later text: a sign of tampering.';
comment on column links.copies.homoglyphs is 'Latin look-alikes inside Cyrillic words of the later text: a sign of tampering.';
comment on column links.copies.same_file is 'A file of equal bytes was handed in with both, or posted with the message.';
comment on column links.copies.earlier_in_file is 'The earlier one is a message, and what is shared stands in a file posted with it.';
comment on column links.copies.same_author is 'Documents of both name one author or last author (never which) whom few others name; null: one of them names nobody.';
comment on column links.copies.same_creation is 'Documents of both say they were made at the same moment; null: one of them does not say.';
comment on column links.copies.shared_revisions is 'Revision ids (Word''s rsid) that documents of both hold and few others: one was made from the other; null: one of them holds none.';
comment on column links.copies.unseen_letters is 'Characters of the later work''s files that a reader does not see (hidden, white on white, tiny); null: unknown.';
comment on column links.copies.direction_certainty is '0.5 (nobody knows who copied) to 1.';
comment on column links.copies.rule_version is 'Version of the method.';

create table if not exists links.copy_fragments (
    later_id varchar not null,
    earlier_id varchar not null,
    fragment integer not null,
    later_start integer not null,
    later_end integer not null,
    earlier_start integer not null,
    earlier_end integer not null,
    words integer not null
);
comment on table links.copy_fragments is 'One row per run of text that both sides of a pair share. Key: later_id, earlier_id, fragment.';
comment on column links.copy_fragments.later_id is 'links.copies.';
comment on column links.copy_fragments.earlier_id is 'links.copies.';
comment on column links.copy_fragments.fragment is 'Number, in the order of the later text, from 1.';
comment on column links.copy_fragments.later_start is 'First character in the later text (words typed, then files: pipelines/works; so in messages), from 0.';
comment on column links.copy_fragments.later_end is 'One past the last.';
comment on column links.copy_fragments.earlier_start is 'First character in the earlier text.';
comment on column links.copy_fragments.earlier_end is 'One past the last.';
comment on column links.copy_fragments.words is 'Words matched.';

create table if not exists links.copy_clusters (
    submission_id varchar not null,
    origin_id varchar not null,
    origin_kind varchar not null,
    leak_id varchar,
    matched_words integer not null,
    share double not null
);
comment on table links.copy_clusters is 'One row per work that repeats another text: where its words come from. Works of one origin are a cluster; nothing is chained. Key: submission_id.';
comment on column links.copy_clusters.submission_id is 'The later work.';
comment on column links.copy_clusters.origin_id is 'The earliest submission or chat message that has at least half of the words its fullest source has.';
comment on column links.copy_clusters.origin_kind is 'submission or message.';
comment on column links.copy_clusters.leak_id is 'The earliest chat message of that kind: where it leaked; null: in no chat.';
comment on column links.copy_clusters.matched_words is 'Words it shares with the origin.';
comment on column links.copy_clusters.share is 'Of the work''s words.';

create table if not exists links.copy_decisions (
    decision_id varchar not null,
    sequence bigint not null,
    kind varchar not null,
    later_id varchar not null,
    earlier_id varchar not null,
    matched_words integer not null,
    later_share double not null,
    rule_version integer not null,
    decided_at timestamptz not null,
    undone_at timestamptz
);
comment on table links.copy_decisions is 'One row per thing people said about a pair of texts, undone ones too: never made by a run, and kept for ever. Key: decision_id.';
comment on column links.copy_decisions.decision_id is 'Hash of sequence, kind and pair.';
comment on column links.copy_decisions.sequence is 'Order in which they were made, from 1: of those that stand about a pair the last counts.';
comment on column links.copy_decisions.kind is 'dispute (counts for nothing until decided), copied (counts), independent, allowed (never count).';
comment on column links.copy_decisions.later_id is 'links.copies.';
comment on column links.copy_decisions.earlier_id is 'links.copies.';
comment on column links.copy_decisions.matched_words is 'links.copies, as it was then.';
comment on column links.copy_decisions.later_share is 'links.copies, as it was then.';
comment on column links.copy_decisions.rule_version is 'links.copies, as it was then.';
comment on column links.copy_decisions.decided_at is 'When it was said.';
comment on column links.copy_decisions.undone_at is 'When it was taken back; null: it stands.';

create table if not exists links.copy_texts (
    text_no integer not null,
    text_id varchar not null,
    holder integer not null,
    digest varchar not null,
    state varchar
);
comment on table links.copy_texts is 'One row per text whose fingerprints are kept. Key: text_id.';
comment on column links.copy_texts.text_no is 'Its number, for good.';
comment on column links.copy_texts.text_id is 'Submission or message.';
comment on column links.copy_texts.holder is '0 a work, 1 a learner''s message, 2 a teacher''s message: reference material.';
comment on column links.copy_texts.digest is 'Of its words (the engine''s hash) and of the version of the fingerprints.';
comment on column links.copy_texts.state is 'Digest of all that its pairs depend on, as last searched; null: not searched, or no longer known.';

create table if not exists links.copy_prints (
    text_no integer not null,
    print bigint not null
);
comment on table links.copy_prints is 'One row per text and fingerprint that is kept of it. Key: text_no, print.';
comment on column links.copy_prints.text_no is 'links.copy_texts.';
comment on column links.copy_prints.print is 'Hash of three words running (pipelines/links/copies/fingerprints).';

create table if not exists links.copy_bounds (
    task_id varchar not null,
    digest varchar not null,
    texts bigint not null,
    run_words double not null,
    share double not null
);
comment on table links.copy_bounds is 'One row per task: how alike its answers are when nobody copies. Key: task_id.';
comment on column links.copy_bounds.task_id is 'The task.';
comment on column links.copy_bounds.digest is 'Of the texts it was taken from.';
comment on column links.copy_bounds.texts is 'Texts of the task, in doublings of the fewest that can show it.';
comment on column links.copy_bounds.run_words is 'A fragment of more matched words is beyond nature.';
comment on column links.copy_bounds.share is 'So is a larger share of the text.';

create table if not exists links.copy_commons (
    task_id varchar not null,
    print bigint not null
);
comment on table links.copy_commons is 'One row per task and fingerprint that people hold whose texts have nothing else in common: a source everybody quotes. Key: task_id, print.';
comment on column links.copy_commons.task_id is 'The task.';
comment on column links.copy_commons.print is 'links.copy_prints.';

create table if not exists links.repeated_questions (
    message_id varchar not null,
    cluster_id varchar not null,
    score double not null,
    intent varchar,
    is_of_the_week boolean
);
alter table links.repeated_questions add column if not exists intent varchar;
alter table links.repeated_questions add column if not exists is_of_the_week boolean;
comment on table links.repeated_questions is 'One row per question that was asked before or again: its cluster. Key: message_id.';
comment on column links.repeated_questions.message_id is 'The question (first message of its burst).';
comment on column links.repeated_questions.cluster_id is 'message_id of the cluster''s first question: kept however much is asked later.';
comment on column links.repeated_questions.score is 'Mean probability that it is one with the rest of its cluster, 0 to 1; 1: the same words occur twice.';
comment on column links.repeated_questions.intent is 'What it asks, in the words of pipelines/links/conversations/question_intents.toml; null: none of these.';
comment on column links.repeated_questions.is_of_the_week is 'Its answer holds for one week or meeting only (the link of today''s webinar): the cluster''s intent says so.';

create table if not exists links.repeated_merges (
    cluster_id varchar not null,
    into_id varchar not null,
    merged_on date not null
);
comment on table links.repeated_merges is 'One row per cluster of repeated questions that became part of an older one, whose id lives on. Key: cluster_id.';
comment on column links.repeated_merges.cluster_id is 'The id that is no longer used.';
comment on column links.repeated_merges.into_id is 'The older cluster, by its id on that day; it may itself have become part of another one later.';
comment on column links.repeated_merges.merged_on is 'Day (UTC) from which they are one.';

create table if not exists links.repeated_courses (
    course_id varchar not null,
    last_at timestamptz not null,
    tasks varchar not null
);
comment on table links.repeated_courses is 'One row per course whose questions were compared, and of what: a course to which nothing new was said is left as it is. Key: course_id.';
comment on column links.repeated_courses.course_id is 'raw.courses; empty: questions of no known course.';
comment on column links.repeated_courses.last_at is 'Sending of the last of its questions and of the messages that answer them.';
comment on column links.repeated_courses.tasks is 'md5 of the names of its tasks; empty: it has none.';

create table if not exists links.repeated_answers (
    cluster_id varchar not null,
    answer_id varchar not null,
    questions integer not null,
    centrality double not null,
    relevance double not null,
    is_thanked boolean not null,
    is_corrected boolean not null,
    is_personal boolean not null,
    score double not null,
    place integer not null
);
comment on table links.repeated_answers is 'One row per cluster of repeated questions and substantive answer of a curator: how well it would stand in a list of answers. Key: cluster_id, answer_id.';
comment on column links.repeated_answers.cluster_id is 'links.repeated_questions.';
comment on column links.repeated_answers.answer_id is 'The answering message.';
comment on column links.repeated_answers.questions is 'Questions of the cluster that it answers.';
comment on column links.repeated_answers.centrality is 'Mean likeness to the other answers of the cluster, 0 to 1; 0: the only one.';
comment on column links.repeated_answers.relevance is 'Mean likeness to the questions of the cluster, 0 to 1.';
comment on column links.repeated_answers.is_thanked is 'An asker thanked after it.';
comment on column links.repeated_answers.is_corrected is 'A curator corrected an answer to the same question later.';
comment on column links.repeated_answers.is_personal is 'It speaks of one person''s case, of one day only, or of another task than any that was asked about.';
comment on column links.repeated_answers.score is 'Points of thresholds.faq_w_….';
comment on column links.repeated_answers.place is 'From 1: the best first; of equals the earliest.';

create table if not exists links.feedback (
    grade_id varchar not null,
    kind varchar not null,
    rule varchar not null,
    own_words integer,
    learners integer,
    own_words_of varchar,
    learners_of varchar
);
alter table links.feedback add column if not exists own_words integer;
alter table links.feedback add column if not exists learners integer;
alter table links.feedback add column if not exists own_words_of varchar;
alter table links.feedback add column if not exists learners_of varchar;
comment on table links.feedback is 'One row per grade of the marking record: what its comment is worth. Key: grade_id.';
comment on column links.feedback.grade_id is 'raw.grades (record = marking).';
comment on column links.feedback.kind is 'none (no comment or an empty one), formal ("accepted", or nothing of the work), boilerplate (the same or near-identical words to several learners), substantive, returned (sent back with what to mend).';
comment on column links.feedback.rule is 'The sign that decided.';
comment on column links.feedback.own_words is 'Words of the comment that stand in the learner''s own text and in few other works of the task; null: no text to compare.';
comment on column links.feedback.learners is 'Learners to whom the marker gave near-identical words; 0: no comment.';
comment on column links.feedback.own_words_of is 'Fingerprint of what own_words was counted from: the comment, the work, the works that tell what is common, the rules; the same again is not counted again.';
comment on column links.feedback.learners_of is 'Fingerprint of what learners was counted from: everything that the marker wrote to how many, and the rules.';
