-- One row per content of the files handed in, with its first file and its latest upload: new files (by id, or late by an hour) alone.
select f.contenthash, min(f.id) as id, max(f.timecreated) as timecreated
from {files} f
where f.component = 'assignsubmission_file' and f.filearea = 'submission_files' and f.filename <> '.'
    and (f.id > :after or f.timemodified >= :since)
group by f.contenthash
order by min(f.id)
