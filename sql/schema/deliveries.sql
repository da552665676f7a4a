-- What was handed out, so that the next list knows the last one.

create schema if not exists deliveries;

create table if not exists deliveries.list_items (
    day date not null,
    curator_id varchar not null,
    position integer not null,
    section varchar not null,
    person_id varchar,
    stream_id varchar,
    item_id varchar not null,
    level varchar,
    urgency double not null
);
comment on table deliveries.list_items is 'One row per line of a curator''s list as it was handed out. Key: day, curator_id, section, item_id.';
comment on column deliveries.list_items.day is 'The day whose end the list speaks from.';
comment on column deliveries.list_items.curator_id is 'Person id of the curator.';
comment on column deliveries.list_items.position is 'Place on the list, from 1.';
comment on column deliveries.list_items.section is 'waiting (waits for an answer), help (at risk), never_started, not_reached, similar_work.';
comment on column deliveries.list_items.person_id is 'The learner; null: not about one learner.';
comment on column deliveries.list_items.stream_id is 'The stream.';
comment on column deliveries.list_items.item_id is 'What makes the line the same line on the next list.';
comment on column deliveries.list_items.level is 'Risk level shown; null: none.';
comment on column deliveries.list_items.urgency is 'What it was ranked by, greater is more urgent.';

create table if not exists deliveries.files (
    day date not null,
    kind varchar not null,
    receiver_id varchar not null,
    path varchar not null,
    sha256 varchar not null
);
comment on table deliveries.files is 'One row per file handed out. Key: day, kind, path.';
comment on column deliveries.files.day is 'The day whose end it speaks from.';
comment on column deliveries.files.kind is 'list_html, list_xlsx, list_index, copies_html (works side by side), report_html, report_pdf, report_xlsx, report_json (content, manifest and index of the frozen reports).';
comment on column deliveries.files.receiver_id is 'Person id of the curator, "staff" (the index of lists) or "leadership".';
comment on column deliveries.files.path is 'Relative to the folder of deliveries.';
comment on column deliveries.files.sha256 is 'Hash of its bytes: a frozen report can be proved unchanged.';

create table if not exists deliveries.list_reasons (
    day date not null,
    curator_id varchar not null,
    item_id varchar not null,
    reason varchar not null
);
comment on table deliveries.list_reasons is 'One row per thing that spoke for a line on a day, whether it fitted on the list or not: a line says something new where there is one that was not there. Key: day, curator_id, item_id, reason.';
comment on column deliveries.list_reasons.day is 'The day whose end the list speaks from.';
comment on column deliveries.list_reasons.curator_id is 'Person id of the curator.';
comment on column deliveries.list_reasons.item_id is 'What makes the line the same line on the next list.';
comment on column deliveries.list_reasons.reason is 'A question, a step of waiting or of silence, a level of risk, a missed work, a notice, a work.';

create table if not exists deliveries.mails (
    mail_id varchar not null,
    day date not null,
    kind varchar not null,
    receiver_id varchar not null,
    message_id varchar not null,
    sha256 varchar not null,
    state varchar not null,
    attempts integer not null,
    queued_at timestamptz not null,
    tried_at timestamptz,
    sent_at timestamptz,
    problem varchar
);
comment on table deliveries.mails is 'One row per mail or message that is or was to be sent: the outbox and its log. The address is not kept. Key: mail_id.';
comment on column deliveries.mails.mail_id is 'Hash of day, kind and receiver: one such mail is sent once, whatever is run again.';
comment on column deliveries.mails.day is 'The day whose end it speaks from.';
comment on column deliveries.mails.kind is 'list (a curator''s list), telegram (a message about it), report (leadership''s report).';
comment on column deliveries.mails.receiver_id is 'Person id of the curator; of a report a keyed hash of the address.';
comment on column deliveries.mails.message_id is 'Message-ID header: by it a bounce that comes back through the mail source is known; of a message its own id.';
comment on column deliveries.mails.sha256 is 'Hash of what was to be read: text, page and attachments.';
comment on column deliveries.mails.state is 'queued, sent, failed (will be tried again), refused (the server says never, or tried too often), bounced (came back).';
comment on column deliveries.mails.attempts is 'Times it was tried.';
comment on column deliveries.mails.queued_at is 'When it was put into the outbox.';
comment on column deliveries.mails.tried_at is 'Last attempt; null: none yet.';
comment on column deliveries.mails.sent_at is 'When the server took it; null: it has not.';
comment on column deliveries.mails.problem is 'The server''s code or the kind of failure, without addresses; null: none.';
