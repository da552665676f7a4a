-- Everything that names a person, and everything a person wrote. This schema and no other.
--
-- Each table here is the private half of the raw table of the same name and has its key; readers yield one row with both halves and
-- the loader splits it; names that accounts have shown, what is read of them and who decided what stand by themselves. Read by pipelines/links (to relate), by reports (to show) and by nothing else; sql/roles.sql grants accordingly.

create schema if not exists personal;

create table if not exists personal.accounts (
    account_id varchar not null,
    native_id varchar,
    username varchar,
    display_name varchar,
    first_name varchar,
    last_name varchar,
    email varchar,
    phone varchar,
    institution varchar,
    city varchar
);
comment on table personal.accounts is 'One row per account: who it says it is. Key: account_id. Nulls keep what was known.';
comment on column personal.accounts.account_id is 'raw.accounts.';
comment on column personal.accounts.native_id is 'Id in its own system.';
comment on column personal.accounts.username is 'Log-in name or handle.';
comment on column personal.accounts.display_name is 'Name as shown, untouched.';
comment on column personal.accounts.first_name is 'Given name(s) where the system keeps them apart; may hold the patronymic.';
comment on column personal.accounts.last_name is 'Family name where the system keeps it apart.';
comment on column personal.accounts.email is 'Address in lower case; null: none or replaced by a hash at deletion.';
comment on column personal.accounts.phone is 'Digits with leading +, as far as known.';
comment on column personal.accounts.institution is 'School or other employer.';
comment on column personal.accounts.city is 'Town.';

create table if not exists personal.account_names (
    account_id varchar not null,
    kind varchar not null,
    name varchar not null
);
comment on table personal.account_names is 'One row per account and name, handle, address or number it has shown in any export, the present ones too: people marry, rename themselves and delete accounts. Key: account_id, kind, name.';
comment on column personal.account_names.account_id is 'raw.accounts.';
comment on column personal.account_names.kind is 'display_name, username, first_name, last_name, email or phone: the column of personal.accounts that held it.';
comment on column personal.account_names.name is 'The words, untouched.';

create table if not exists personal.shown_accounts (
    account_id varchar not null,
    fingerprint varchar not null,
    is_shared boolean not null
);
comment on table personal.shown_accounts is 'One row per account whose names were taken apart, kept from run to run: it is read anew when it shows something else. Key: account_id.';
comment on column personal.shown_accounts.account_id is 'raw.accounts.';
comment on column personal.shown_accounts.fingerprint is 'Hash of all that was read and of the version of the rules.';
comment on column personal.shown_accounts.is_shared is 'The name is of several people.';

create table if not exists personal.shown_readings (
    account_id varchar not null,
    reading integer not null,
    kind integer not null,
    words integer not null,
    initial_1 varchar,
    initial_2 varchar,
    school varchar
);
comment on table personal.shown_readings is 'One row per account and way to understand what it shows. Key: account_id, reading.';
comment on column personal.shown_readings.account_id is 'raw.accounts.';
comment on column personal.shown_readings.reading is 'Number of the reading.';
comment on column personal.shown_readings.kind is '0 name, 1 earlier name, 2 name and handle, 3 handle, 4 name and address, 5 address.';
comment on column personal.shown_readings.words is 'Words that may be parts of a name.';
comment on column personal.shown_readings.initial_1 is 'First initial, as a key; empty: a letter that stands for several; null: none.';
comment on column personal.shown_readings.initial_2 is 'Second initial.';
comment on column personal.shown_readings.school is 'Number of a school.';

create table if not exists personal.shown_words (
    account_id varchar not null,
    reading integer not null,
    word integer not null,
    key varchar not null,
    is_given boolean not null,
    is_middle boolean not null
);
comment on table personal.shown_words is 'One row per account, reading, word and key that the word may stand for. Key: account_id, reading, word, key.';
comment on column personal.shown_words.account_id is 'raw.accounts.';
comment on column personal.shown_words.reading is 'personal.shown_readings.';
comment on column personal.shown_words.word is 'Place of the word, from 0.';
comment on column personal.shown_words.key is 'Spelling-free key.';
comment on column personal.shown_words.is_given is 'A known first name or short form.';
comment on column personal.shown_words.is_middle is 'In the form of a patronymic.';

create table if not exists personal.shown_cuts (
    account_id varchar not null,
    piece varchar not null,
    rest varchar not null
);
comment on table personal.shown_cuts is 'One row per account and way to cut its run-together user name in two. Key: account_id, piece, rest.';
comment on column personal.shown_cuts.account_id is 'raw.accounts.';
comment on column personal.shown_cuts.piece is 'The piece that may be a family name, as a key.';
comment on column personal.shown_cuts.rest is 'What is left: a first name as a key, or one or two letters.';

create table if not exists personal.called_accounts (
    account_id varchar not null,
    fingerprint varchar not null,
    last varchar,
    first varchar,
    middle varchar,
    handle varchar,
    email varchar,
    local varchar,
    phone varchar,
    school varchar,
    workplace varchar
);
comment on table personal.called_accounts is 'One row per LMS account whose name was taken apart, kept from run to run: it is read anew when it is called otherwise. Key: account_id.';
comment on column personal.called_accounts.account_id is 'raw.accounts.';
comment on column personal.called_accounts.fingerprint is 'Hash of all that was read and of the version of the rules.';
comment on column personal.called_accounts.last is 'Family name, as a key.';
comment on column personal.called_accounts.first is 'First name, as a key.';
comment on column personal.called_accounts.middle is 'Patronymic, as a key.';
comment on column personal.called_accounts.handle is 'User name, letters and digits.';
comment on column personal.called_accounts.email is 'Address in small letters.';
comment on column personal.called_accounts.local is 'The part of the address before the @, letters and digits.';
comment on column personal.called_accounts.phone is 'Last ten digits of the telephone number.';
comment on column personal.called_accounts.school is 'Number of the school.';
comment on column personal.called_accounts.workplace is 'Institution and town, where both are known.';

create table if not exists personal.called_parts (
    account_id varchar not null,
    part varchar not null,
    key varchar not null
);
comment on table personal.called_parts is 'One row per LMS account and part of its name. Key: account_id, part, key.';
comment on column personal.called_parts.account_id is 'raw.accounts.';
comment on column personal.called_parts.part is 'last, part (of a double family name, or one in brackets), past (an earlier family name), first, short (a short form), middle.';
comment on column personal.called_parts.key is 'Spelling-free key.';

create table if not exists personal.account_keys (
    account_id varchar not null,
    kind varchar not null,
    name varchar not null,
    key_kind varchar not null,
    key varchar not null,
    version integer not null
);
comment on table personal.account_keys is 'One row per account, address, number or user name that it has shown, and exact key read from it. Key: account_id, kind, name, key_kind.';
comment on column personal.account_keys.account_id is 'raw.accounts.';
comment on column personal.account_keys.kind is 'username, email or phone.';
comment on column personal.account_keys.name is 'The words, untouched.';
comment on column personal.account_keys.key_kind is 'email, phone, handle, local (the part before the @); none: there is no key in it.';
comment on column personal.account_keys.key is 'The key; empty: none.';
comment on column personal.account_keys.version is 'Version of the rules.';

create table if not exists personal.contradicted_accounts (
    account_id varchar not null,
    fingerprint varchar not null,
    is_contradicted boolean not null
);
comment on table personal.contradicted_accounts is 'One row per account that has an exact key and shows a name, kept from run to run. Key: account_id.';
comment on column personal.contradicted_accounts.account_id is 'raw.accounts.';
comment on column personal.contradicted_accounts.fingerprint is 'Hash of the name shown, of the person''s names and of the version of the rules.';
comment on column personal.contradicted_accounts.is_contradicted is 'It shows somebody else''s full name, or several people''s.';

create table if not exists personal.compared_accounts (
    account_id varchar not null,
    fingerprint varchar not null
);
comment on table personal.compared_accounts is 'One row per account whose names were compared with those of its courses'' people, kept from run to run. Key: account_id.';
comment on column personal.compared_accounts.account_id is 'raw.accounts.';
comment on column personal.compared_accounts.fingerprint is 'Hash of what it shows, how that is read, where it appears, and of the version of the rules.';

create table if not exists personal.compared_people (
    person_id varchar not null,
    fingerprint varchar not null
);
comment on table personal.compared_people is 'One row per person with whom names were compared, kept from run to run. Key: person_id.';
comment on column personal.compared_people.person_id is 'The person.';
comment on column personal.compared_people.fingerprint is 'Hash of the parts of the name, the school, courses, groups and what is taught.';

create table if not exists personal.compared_names (
    account_id varchar not null,
    person_id varchar not null,
    reading integer not null,
    last_level tinyint not null,
    last_key varchar,
    shows_last boolean not null,
    first_level tinyint not null,
    first_key varchar,
    middle_key varchar,
    initials_fitting tinyint not null,
    school varchar,
    strange integer not null,
    is_strict boolean not null,
    streams varchar,
    missing_courses integer not null,
    is_linkable boolean not null,
    is_more_than_first boolean not null
);
comment on table personal.compared_names is 'One row per account, person of its courses and reading that has any part of a name in common with the person''s: compared again only when either of the two changes. Key: account_id, person_id, reading.';
comment on column personal.compared_names.account_id is 'raw.accounts.';
comment on column personal.compared_names.person_id is 'The person.';
comment on column personal.compared_names.reading is 'Number of the reading (personal.shown_readings; from 100: the user name cut in two).';
comment on column personal.compared_names.last_level is 'Agreement of the family name: 0 none, 1 a typing error, 2 a part of it or an earlier one, 3 the same.';
comment on column personal.compared_names.last_key is 'The key that agrees; null: none.';
comment on column personal.compared_names.shows_last is 'A family name is shown, agreeing or not.';
comment on column personal.compared_names.first_level is 'Agreement of the first name: 0 none, 1 a short form, 2 the same.';
comment on column personal.compared_names.first_key is 'The key that agrees; null: none.';
comment on column personal.compared_names.middle_key is 'The patronymic that agrees; null: none.';
comment on column personal.compared_names.initials_fitting is 'Initials that agree.';
comment on column personal.compared_names.school is 'The school''s number, where both have the same; null: not.';
comment on column personal.compared_names.strange is 'Words left over that nothing of the person explains.';
comment on column personal.compared_names.is_strict is 'Read from a name alone, not from a handle or an address.';
comment on column personal.compared_names.streams is 'Groups in whose places the account appears and whose course the person is in: + the person is in it or teaches the course, - not; null: none.';
comment on column personal.compared_names.missing_courses is 'Courses in which the account appears and the person is not.';
comment on column personal.compared_names.is_linkable is 'What is shown is enough to link.';
comment on column personal.compared_names.is_more_than_first is 'More than a first name agrees.';

create table if not exists personal.people_decisions (
    decision_id varchar not null,
    decided_by varchar,
    note varchar
);
comment on table personal.people_decisions is 'One row per decision about who is who: who made it, and why in their own words. Key: decision_id.';
comment on column personal.people_decisions.decision_id is 'links.people_decisions.';
comment on column personal.people_decisions.decided_by is 'Name of whoever decided, as given.';
comment on column personal.people_decisions.note is 'Their note; null: none.';

create table if not exists personal.copy_decisions (
    decision_id varchar not null,
    decided_by varchar,
    note varchar
);
comment on table personal.copy_decisions is 'One row per thing people said about a pair of texts: who, and why. Key: decision_id.';
comment on column personal.copy_decisions.decision_id is 'links.copy_decisions.';
comment on column personal.copy_decisions.decided_by is 'Who, in their own words.';
comment on column personal.copy_decisions.note is 'Why.';

create table if not exists personal.completion_verdicts (
    verdict_id varchar not null,
    decided_by varchar,
    note varchar
);
comment on table personal.completion_verdicts is 'One row per thing people said about a completion: who, and why. Key: verdict_id.';
comment on column personal.completion_verdicts.verdict_id is 'risk.completion_verdicts.';
comment on column personal.completion_verdicts.decided_by is 'Who, in their own words.';
comment on column personal.completion_verdicts.note is 'Why.';

create table if not exists personal.chats (
    chat_id varchar not null,
    title varchar
);
comment on table personal.chats is 'One row per chat: its title, which in private conversations is a person''s name. Key: chat_id.';
comment on column personal.chats.chat_id is 'raw.chats.';
comment on column personal.chats.title is 'Title. Nulls keep what was known.';

create table if not exists personal.messages (
    message_id varchar using compression fsst not null,
    subject varchar,
    text varchar using compression fsst
);
comment on table personal.messages is 'One row per message: its words. Key: message_id.';
comment on column personal.messages.message_id is 'raw.messages.';
comment on column personal.messages.subject is 'Subject of a mail or discussion.';
comment on column personal.messages.text is 'Plain text; always null for mail: bodies are never read.';

create table if not exists personal.submissions (
    submission_id varchar not null,
    text varchar
);
comment on table personal.submissions is 'One row per submission: its words. Key: submission_id.';
comment on column personal.submissions.submission_id is 'raw.submissions.';
comment on column personal.submissions.text is 'Plain text out of HTML, paragraphs kept as line ends, no-break spaces made plain; homoglyphs and invisible characters untouched (they are evidence).';

create table if not exists personal.submission_files (
    file_id varchar not null,
    filename varchar
);
comment on table personal.submission_files is 'One row per file handed in: its name. Key: file_id.';
comment on column personal.submission_files.file_id is 'raw.submission_files.';
comment on column personal.submission_files.filename is 'Name given by the learner.';

create table if not exists personal.grades (
    grade_id varchar not null,
    comment varchar
);
comment on table personal.grades is 'One row per grade: the feedback comment. Key: grade_id.';
comment on column personal.grades.grade_id is 'raw.grades.';
comment on column personal.grades.comment is 'Plain text; null: no comment row at all; empty: an empty one.';

create table if not exists personal.survey_answers (
    answer_id varchar not null,
    text varchar
);
comment on table personal.survey_answers is 'One row per open answer of a survey. Key: answer_id.';
comment on column personal.survey_answers.answer_id is 'raw.survey_answers.';
comment on column personal.survey_answers.text is 'The words.';

create table if not exists personal.message_versions (
    message_id varchar not null,
    written_at timestamptz not null,
    text varchar
);
comment on table personal.message_versions is 'One row per earlier state of a message: its words. Key: message_id, written_at.';
comment on column personal.message_versions.message_id is 'raw.message_versions.';
comment on column personal.message_versions.written_at is 'raw.message_versions.';
comment on column personal.message_versions.text is 'The words as they were.';

create table if not exists personal.file_texts (
    content_hash varchar not null,
    text varchar,
    hidden_text varchar,
    author varchar,
    last_author varchar
);
comment on table personal.file_texts is 'One row per content of files: its words and whom the document names. Key: content_hash.';
comment on column personal.file_texts.content_hash is 'raw.file_texts.';
comment on column personal.file_texts.text is 'Visible text, paragraphs kept as line ends; homoglyphs and invisible characters untouched (they are evidence).';
comment on column personal.file_texts.hidden_text is 'What a reader does not see; null: nothing.';
comment on column personal.file_texts.author is 'Author, as the document says.';
comment on column personal.file_texts.last_author is 'Who saved it last, as the document says.';

create table if not exists personal.items (
    source varchar not null,
    item varchar not null,
    name varchar not null
);
comment on table personal.items is 'One row per item that is called after a person (the file of a chat, a mailbox): its own name. The ledger shows a pseudonym. Key: source, item.';
comment on column personal.items.source is 'Name of the source.';
comment on column personal.items.item is 'raw.loads.item.';
comment on column personal.items.name is 'The file''s or folder''s name.';

create table if not exists personal.marks (
    mark_id varchar not null,
    note varchar
);
comment on table personal.marks is 'One row per mark with a note: what the curator wrote beside it. Key: mark_id.';
comment on column personal.marks.mark_id is 'raw.marks.';
comment on column personal.marks.note is 'The note.';
