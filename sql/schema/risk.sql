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
    path varchar
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
