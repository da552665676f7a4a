-- One row per file handed in. Drafts of the upload form and the '.' rows of directories are none.
select f.id, f.itemid, f.contenthash, f.filesize, f.mimetype, f.timecreated, f.filename
from {files} f
where f.component = 'assignsubmission_file' and f.filearea = 'submission_files' and f.filename <> '.'
    and (f.id > :after or f.timemodified >= :since)
order by f.id
