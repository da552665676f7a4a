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
comment on column deliveries.files.kind is 'list_html, list_xlsx, list_index, copies_html (works side by side), report_html, report_pdf.';
comment on column deliveries.files.receiver_id is 'Person id of the curator, "staff" (the index of lists) or "leadership".';
comment on column deliveries.files.path is 'Relative to the folder of deliveries.';
comment on column deliveries.files.sha256 is 'Hash of its bytes: a frozen report can be proved unchanged.';
