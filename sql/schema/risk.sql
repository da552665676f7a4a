-- The risk stage: what is foreseen, by which model and why. Written by pipelines/risk. A day's scores are written once for that day.

create schema if not exists risk;

create table if not exists risk.models (
    model_id varchar not null,
    target varchar not null,
    basis varchar not null,
    reason varchar,
    trained_as_of date not null,
    train_streams integer not null,
    train_people integer not null,
    train_positives integer not null,
    validation_streams integer not null,
    validation_people integer not null,
    features varchar not null,
    path varchar,
    shipped_model_id varchar,
    shipped_weight double
);
comment on table risk.models is 'One row per model that was used on some day. Key: model_id.';
comment on column risk.models.model_id is 'Hash of target, training data and code version.';
comment on column risk.models.target is 'dropout or formal_completion.';
comment on column risk.models.basis is 'model (trained) or rules (too little history: transparent rules stand in).';
comment on column risk.models.reason is 'Why rules stand in; null for a trained model.';
comment on column risk.models.trained_as_of is 'What was known then was used, nothing later.';
comment on column risk.models.train_streams is 'Ended streams trained on.';
comment on column risk.models.train_people is 'Learners trained on.';
comment on column risk.models.train_positives is 'Of them with the outcome.';
comment on column risk.models.validation_streams is 'Later ended streams it was validated on.';
comment on column risk.models.validation_people is 'Learners validated on.';
comment on column risk.models.features is 'JSON list of features.';
comment on column risk.models.path is 'File of the model (skops), relative to the model folder; null for rules.';
comment on column risk.models.shipped_model_id is 'The model shipped with the product, where it has a part in the forecasts; null where it has none.';
comment on column risk.models.shipped_weight is 'Its part in the log-odds: 1 where it speaks alone, 0 where it has none; null for rules.';

create table if not exists risk.evaluations (
    model_id varchar not null,
    sample varchar not null,
    metric varchar not null,
    value double,
    low double,
    high double,
    n integer not null
);
comment on table risk.evaluations is 'One row per model, sample and figure. Key: model_id, sample, metric.';
comment on column risk.evaluations.model_id is 'risk.models.';
comment on column risk.evaluations.sample is 'validation (later streams) or cross_validation (streams left out in turn).';
comment on column risk.evaluations.metric is 'roc_auc, average_precision, brier, calibration_slope, precision_at_10, base_rate …';
comment on column risk.evaluations.value is 'The figure; null: cannot be computed.';
comment on column risk.evaluations.low is 'Lower end of the 95 % interval (bootstrap by learner).';
comment on column risk.evaluations.high is 'Upper end.';
comment on column risk.evaluations.n is 'Learners.';

create table if not exists risk.scores (
    day date not null,
    person_id varchar not null,
    stream_id varchar not null,
    target varchar not null,
    score double not null,
    level varchar not null,
    basis varchar not null,
    model_id varchar not null
);
comment on table risk.scores is 'One row per day, learner of a running stream and target; only what was known at the end of that day. Key: day, person_id, stream_id, target.';
comment on column risk.scores.day is 'The day whose end it speaks from.';
comment on column risk.scores.person_id is 'Who.';
comment on column risk.scores.stream_id is 'In which stream.';
comment on column risk.scores.target is 'dropout or formal_completion.';
comment on column risk.scores.score is 'Probability (model) or rule score, 0 to 1.';
comment on column risk.scores.level is 'low, medium or high.';
comment on column risk.scores.basis is 'model or rules.';
comment on column risk.scores.model_id is 'risk.models.';

create table if not exists risk.reasons (
    day date not null,
    person_id varchar not null,
    stream_id varchar not null,
    target varchar not null,
    rank integer not null,
    code varchar not null,
    feature varchar not null,
    value double,
    baseline double,
    contribution double not null
);
comment on table risk.reasons is 'One row per score and reason, strongest first. Key: day, person_id, stream_id, target, rank.';
comment on column risk.reasons.day is 'risk.scores.';
comment on column risk.reasons.person_id is 'risk.scores.';
comment on column risk.reasons.stream_id is 'risk.scores.';
comment on column risk.reasons.target is 'risk.scores.';
comment on column risk.reasons.rank is 'From 1.';
comment on column risk.reasons.code is 'Which sentence says it: missed_tasks, silent_days, slower_than_before, unanswered_notice, open_question, no_webinars, low_grades, copied_work, idle_webinars, unread_materials, burst_answers, never_started, technical_trouble.';
comment on column risk.reasons.feature is 'Column of indicators.ind_learner_days that it speaks of.';
comment on column risk.reasons.value is 'This learner''s value.';
comment on column risk.reasons.baseline is 'Median of the stream on that day.';
comment on column risk.reasons.contribution is 'Part in the score (log-odds of the model, points of the rules).';

create table if not exists risk.outlooks (
    day date not null,
    person_id varchar not null,
    stream_id varchar not null,
    standing varchar not null,
    dropout double not null,
    dropout_7 double not null,
    formal_completion double not null,
    genuine_completion double not null,
    formal_if_completed double not null,
    dropout_basis varchar not null,
    dropout_7_basis varchar not null,
    formal_basis varchar not null,
    benefit double not null,
    place integer not null,
    labels_version integer not null
);
comment on table risk.outlooks is 'One row per day and learner of a running stream: how the course may end; dropout, formal and genuine completion sum to one. Key: day, person_id, stream_id.';
comment on column risk.outlooks.day is 'The day whose end it speaks from.';
comment on column risk.outlooks.person_id is 'Who.';
comment on column risk.outlooks.stream_id is 'In which stream.';
comment on column risk.outlooks.standing is 'started, or never_started: no activity so far, a class with a forecast of its own.';
comment on column risk.outlooks.dropout is 'Probability of not completing (docs/indicators/risk_labels.md).';
comment on column risk.outlooks.dropout_7 is 'Probability of having left for good by seven days from now; never above dropout.';
comment on column risk.outlooks.formal_completion is 'Probability of completing in form only.';
comment on column risk.outlooks.genuine_completion is 'Probability of completing otherwise.';
comment on column risk.outlooks.formal_if_completed is 'Probability that a completion would be formal.';
comment on column risk.outlooks.dropout_basis is 'What dropout rests on: course (model of this course), centre (model of all own courses), both with the shipped one at risk.models.shipped_weight, shipped (model that comes with the product, alone), rules, or rate (of never-started learners before).';
comment on column risk.outlooks.dropout_7_basis is 'The same of dropout_7.';
comment on column risk.outlooks.formal_basis is 'The same of formal_if_completed.';
comment on column risk.outlooks.benefit is 'What a contact may save: dropout, halved for every contact_half_life_days of silence. An order, not a probability.';
comment on column risk.outlooks.place is 'Place in the stream by benefit, from 1.';
comment on column risk.outlooks.labels_version is 'Version of the labels that the forecasts were trained on.';

create table if not exists risk.cards (
    model_id varchar not null,
    target varchar not null,
    scope varchar not null,
    origin varchar not null,
    data_from date,
    data_until date,
    code_version integer not null,
    labels_version integer not null,
    learner varchar not null,
    is_champion boolean not null,
    verdict varchar not null,
    card varchar not null
);
comment on table risk.cards is 'One row per trained model: the registry. Key: model_id, scope.';
comment on column risk.cards.model_id is 'risk.models.';
comment on column risk.cards.target is 'dropout, dropout_7 or formal_completion.';
comment on column risk.cards.scope is 'Course it was trained for, or "centre".';
comment on column risk.cards.origin is 'course, centre or shipped.';
comment on column risk.cards.data_from is 'First day of the streams trained on.';
comment on column risk.cards.data_until is 'Last day of them.';
comment on column risk.cards.code_version is 'Version of the modelling code.';
comment on column risk.cards.labels_version is 'Version of the label definitions.';
comment on column risk.cards.learner is 'logistic or trees: the better by log-loss with whole streams left out.';
comment on column risk.cards.is_champion is 'Was it promoted when it was made?';
comment on column risk.cards.verdict is 'Why it was promoted or not: log-loss on the newest finished stream against the champion then in use.';
comment on column risk.cards.card is 'JSON: streams, learners, outcomes, features, how calibrated, with which shipped model it is averaged and at which weight, what it is not for.';

create table if not exists risk.drift (
    day date not null,
    target varchar not null,
    measure varchar not null,
    subject varchar not null,
    value double not null,
    allowed double not null,
    is_drifting boolean not null,
    n integer not null
);
comment on table risk.drift is 'One row per day, target and measure of drift. Key: day, target, measure, subject.';
comment on column risk.drift.day is 'risk.scores.';
comment on column risk.drift.target is 'risk.scores.';
comment on column risk.drift.measure is 'psi (population stability index against the training rows at the same part of the course), volume (share at medium or high risk, change in a week) or calibration (said minus seen, streams ended lately).';
comment on column risk.drift.subject is 'A feature, score, or all.';
comment on column risk.drift.value is 'The measure.';
comment on column risk.drift.allowed is 'Limit for its absolute value: the threshold, for psi at least the largest index of one training stream on one day against the others.';
comment on column risk.drift.is_drifting is 'Beyond the limit.';
comment on column risk.drift.n is 'Learners it rests on.';

create table if not exists risk.completion_verdicts (
    verdict_id varchar not null,
    sequence bigint not null,
    person_id varchar not null,
    stream_id varchar not null,
    verdict varchar not null,
    decided_at timestamptz not null,
    undone_at timestamptz
);
comment on table risk.completion_verdicts is 'One row per thing people said about a completion, undone ones too: never made by a run, and kept for ever. Key: verdict_id.';
comment on column risk.completion_verdicts.verdict_id is 'Hash of sequence, verdict, learner and stream.';
comment on column risk.completion_verdicts.sequence is 'Order in which they were made, from 1: of those that stand about a completion the last counts.';
comment on column risk.completion_verdicts.person_id is 'The learner.';
comment on column risk.completion_verdicts.stream_id is 'The stream.';
comment on column risk.completion_verdicts.verdict is 'formal or genuine.';
comment on column risk.completion_verdicts.decided_at is 'When it was said.';
comment on column risk.completion_verdicts.undone_at is 'When it was taken back; null: it stands.';
