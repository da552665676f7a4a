-- Prints what a read-only user needs to be granted for Mayak: the columns it reads and no others, of those tables that this site has.
-- Written by `python -m pipelines.sources.lms.moodle_db.grants` from the list of what is read; do not edit, except for the two names below.
-- First: create role mayak login password '…';   Then, as the owner of Moodle's tables: psql moodle --file grants_postgresql.sql
with names (prefix, reader) as (values ('mdl_', 'mayak')),
wanted (name, cols) as (values
    ('user', 'id,deleted,suspended,username,firstname,lastname,email,phone1,phone2,institution,city,lang,timezone,firstaccess,lastaccess,timecreated,timemodified'),
    ('role', 'id,shortname,archetype'),
    ('role_capabilities', 'id,contextid,roleid,capability,permission'),
    ('role_assignments', 'id,roleid,contextid,userid,timemodified,modifierid'),
    ('context', 'id,contextlevel,instanceid,path'),
    ('enrol', 'id,enrol,status,courseid,roleid,timemodified'),
    ('user_enrolments', 'id,status,enrolid,userid,timestart,timeend,modifierid,timecreated,timemodified'),
    ('course', 'id,fullname,shortname,format,startdate,enddate,visible,timemodified'),
    ('course_sections', 'id,course,section,availability'),
    ('course_modules', 'id,course,module,instance,section,deletioninprogress,visible,availability'),
    ('modules', 'id,name'),
    ('course_completion_criteria', 'id,course,criteriatype,moduleinstance'),
    ('groups', 'id,courseid,idnumber,name,timemodified'),
    ('groups_members', 'id,groupid,userid,timeadded'),
    ('groupings', 'id,courseid,name,idnumber,timemodified'),
    ('groupings_groups', 'id,groupingid,groupid'),
    ('scale', 'id,scale'),
    ('assign', 'id,course,name,intro,introformat,activity,duedate,allowsubmissionsfromdate,cutoffdate,grade,teamsubmission,blindmarking,revealidentities,markingworkflow,timemodified'),
    ('quiz', 'id,course,name,intro,introformat,timeopen,timeclose,sumgrades,grade,timemodified'),
    ('page', 'id,course,name,intro,introformat,content,contentformat,timemodified'),
    ('resource', 'id,course,name,intro,introformat,timemodified'),
    ('url', 'id,course,name,intro,introformat,timemodified'),
    ('forum', 'id,course,name,intro,introformat,type,duedate,cutoffdate,timemodified'),
    ('feedback', 'id,course,name,intro,introformat,anonymous,timeopen,timeclose,timemodified'),
    ('customcert', 'id,course,name,intro,introformat,timemodified'),
    ('h5pactivity', 'id,course,name,intro,introformat,timemodified'),
    ('lesson', 'id,course,name,intro,introformat,available,deadline,grade,timemodified'),
    ('scorm', 'id,course,name,intro,introformat,timeopen,timeclose,timemodified'),
    ('workshop', 'id,course,name,intro,introformat,submissionstart,submissionend,timemodified'),
    ('zoom', 'id,course,name,intro,introformat'),
    ('bigbluebuttonbn', 'id,course,name,intro,introformat'),
    ('assign_overrides', 'id,assignid,groupid,userid,duedate,cutoffdate'),
    ('assign_user_flags', 'id,userid,assignment,extensionduedate,workflowstate'),
    ('quiz_overrides', 'id,quiz,groupid,userid,timeclose'),
    ('lesson_overrides', 'id,lessonid,groupid,userid,deadline'),
    ('logstore_standard_log', 'id,eventname,component,objecttable,objectid,contextlevel,contextinstanceid,userid,courseid,relateduserid,anonymous,other,timecreated,origin,realuserid'),
    ('forum_discussions', 'id,course,forum,name,firstpost,groupid,pinned,timemodified'),
    ('forum_posts', 'id,discussion,parent,userid,created,modified,subject,message,messageformat,attachment,deleted,privatereplyto'),
    ('messages', 'id,useridfrom,conversationid,subject,fullmessage,fullmessageformat,fullmessagehtml,smallmessage,timecreated'),
    ('message_conversations', 'id,type,name,timemodified'),
    ('message_conversation_members', 'id,conversationid,userid'),
    ('assign_submission', 'id,assignment,userid,timecreated,timemodified,timestarted,status,groupid,attemptnumber,latest'),
    ('assignsubmission_onlinetext', 'id,submission,onlinetext,onlineformat'),
    ('assignsubmission_file', 'id,submission,numfiles'),
    ('files', 'id,contenthash,component,filearea,itemid,filename,filesize,mimetype,timecreated,timemodified'),
    ('quiz_attempts', 'id,quiz,userid,attempt,preview,state,timestart,timefinish,timemodified,sumgrades'),
    ('h5pactivity_attempts', 'id,h5pactivityid,userid,timecreated,timemodified,attempt,rawscore,maxscore,duration,completion'),
    ('lesson_grades', 'id,lessonid,userid,grade,completed'),
    ('scorm_attempt', 'id,userid,scormid,attempt'),
    ('scorm_element', 'id,element'),
    ('scorm_scoes_value', 'id,attemptid,elementid,value,timemodified'),
    ('scorm_scoes_track', 'id,userid,scormid,attempt,element,value,timemodified'),
    ('workshop_submissions', 'id,workshopid,example,authorid,timecreated,timemodified,content,contentformat'),
    ('zoom_meeting_details', 'id,start_time,end_time,topic,zoomid'),
    ('zoom_meeting_participants', 'id,userid,user_email,name,join_time,leave_time,detailsid'),
    ('bigbluebuttonbn_logs', 'id,bigbluebuttonbnid,userid,timecreated,log,meta'),
    ('assign_grades', 'id,assignment,userid,timecreated,timemodified,grader,grade,attemptnumber'),
    ('assignfeedback_comments', 'id,grade,commenttext,commentformat'),
    ('grade_items', 'id,courseid,itemtype,itemmodule,iteminstance,itemnumber,grademax,gradepass,hidden,timemodified'),
    ('grade_grades', 'id,itemid,userid,usermodified,finalgrade,hidden,overridden,feedback,feedbackformat,timemodified'),
    ('grade_grades_history', 'id,action,oldid,source,timemodified,itemid,userid,usermodified,finalgrade,hidden,overridden,feedback,feedbackformat'),
    ('quiz_grades', 'id,quiz,userid,grade,timemodified'),
    ('course_modules_completion', 'id,coursemoduleid,userid,completionstate,timemodified,viewed'),
    ('course_modules_viewed', 'id,coursemoduleid,userid,timecreated'),
    ('course_completions', 'id,userid,course,timecompleted'),
    ('customcert_issues', 'id,userid,customcertid,timecreated'),
    ('feedback_completed', 'id,feedback,userid,timemodified,anonymous_response,courseid'),
    ('feedback_value', 'id,item,completed,value'),
    ('feedback_item', 'id,feedback,name,presentation,typ,position')),
-- Activity types of plug-ins, whatever they are called: their names are read and their introductions.
activities as (
    select c.table_name from information_schema.columns c
    where c.table_schema = current_schema() and c.column_name in ('id', 'course', 'name', 'intro', 'introformat')
    group by c.table_name having count(*) = 5),
given as (
    select c.table_name, string_agg(format('%I', c.column_name), ', ' order by c.ordinal_position) as cols
    from names
    join information_schema.columns c on c.table_schema = current_schema() and left(c.table_name, length(prefix)) = prefix
    left join wanted w on prefix || w.name = c.table_name
    where c.column_name = any (string_to_array(w.cols, ','))
        or (w.name is null and c.column_name in ('id', 'course', 'name', 'intro', 'introformat') and c.table_name in (select table_name from activities))
    group by c.table_name)
select format('grant usage on schema %I to %I', current_schema(), reader) as statement from names
union all
select format('create or replace view %I as select id, name, value from %I where name in (''siteguest'', ''siteadmins'', ''timezone'', ''disablegradehistory'')', prefix || 'mayak_settings', prefix || 'config') from names
union all
select format('grant select on %I to %I', prefix || 'mayak_settings', reader) from names
union all
select format('grant select (%s) on %I to %I', cols, table_name, reader) from names, given
\gexec
