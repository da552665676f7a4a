-- Prints what a read-only user needs to be granted for Mayak: the columns it reads and no others, of those tables that this site has.
-- Written by `python -m pipelines.sources.lms.moodle_db.grants` from the list of what is read; do not edit, except for the two names below.
-- First: create user mayak@'%' identified by '…';
-- Then, as a user who may grant: mariadb --skip-column-names --raw moodle < grants_mariadb.sql | mariadb moodle
set session group_concat_max_len = 65535;
select concat('create or replace view `', prefix, 'mayak_settings` as select id, name, value from `', prefix, 'config` where name in (''siteguest'', ''siteadmins'', ''timezone'', ''disablegradehistory'');') as statement
from (select 'mdl_' as prefix, '`mayak`@`%`' as reader) names
union all
select concat('grant select on `', database(), '`.`', prefix, 'mayak_settings` to ', reader, ';')
from (select 'mdl_' as prefix, '`mayak`@`%`' as reader) names
union all
select concat('grant select (', group_concat('`', c.column_name, '`' order by c.ordinal_position separator ', '), ') on `', database(), '`.`', c.table_name, '` to ', reader, ';')
from (select 'mdl_' as prefix, '`mayak`@`%`' as reader) names
join information_schema.columns c on c.table_schema = database() and left(c.table_name, length(prefix)) = prefix
left join (
    select 'user' as name, 'id,deleted,suspended,username,firstname,lastname,email,phone1,phone2,institution,city,lang,timezone,firstaccess,lastaccess,timecreated,timemodified' as cols
    union all select 'role' as name, 'id,shortname,archetype' as cols
    union all select 'role_capabilities' as name, 'id,contextid,roleid,capability,permission' as cols
    union all select 'role_assignments' as name, 'id,roleid,contextid,userid,timemodified,modifierid' as cols
    union all select 'context' as name, 'id,contextlevel,instanceid,path' as cols
    union all select 'enrol' as name, 'id,enrol,status,courseid,roleid,timemodified' as cols
    union all select 'user_enrolments' as name, 'id,status,enrolid,userid,timestart,timeend,modifierid,timecreated,timemodified' as cols
    union all select 'course' as name, 'id,fullname,shortname,format,startdate,enddate,visible,timemodified' as cols
    union all select 'course_sections' as name, 'id,course,section,availability' as cols
    union all select 'course_modules' as name, 'id,course,module,instance,section,deletioninprogress,visible,availability' as cols
    union all select 'modules' as name, 'id,name' as cols
    union all select 'course_completion_criteria' as name, 'id,course,criteriatype,moduleinstance' as cols
    union all select 'groups' as name, 'id,courseid,idnumber,name,timemodified' as cols
    union all select 'groups_members' as name, 'id,groupid,userid,timeadded' as cols
    union all select 'groupings' as name, 'id,courseid,name,idnumber,timemodified' as cols
    union all select 'groupings_groups' as name, 'id,groupingid,groupid' as cols
    union all select 'scale' as name, 'id,scale' as cols
    union all select 'assign' as name, 'id,course,name,intro,introformat,activity,duedate,allowsubmissionsfromdate,cutoffdate,grade,teamsubmission,blindmarking,revealidentities,markingworkflow,timemodified' as cols
    union all select 'quiz' as name, 'id,course,name,intro,introformat,timeopen,timeclose,sumgrades,grade,timemodified' as cols
    union all select 'page' as name, 'id,course,name,intro,introformat,content,contentformat,timemodified' as cols
    union all select 'resource' as name, 'id,course,name,intro,introformat,timemodified' as cols
    union all select 'url' as name, 'id,course,name,intro,introformat,timemodified' as cols
    union all select 'forum' as name, 'id,course,name,intro,introformat,type,duedate,cutoffdate,timemodified' as cols
    union all select 'feedback' as name, 'id,course,name,intro,introformat,anonymous,timeopen,timeclose,timemodified' as cols
    union all select 'customcert' as name, 'id,course,name,intro,introformat,timemodified' as cols
    union all select 'h5pactivity' as name, 'id,course,name,intro,introformat,timemodified' as cols
    union all select 'lesson' as name, 'id,course,name,intro,introformat,available,deadline,grade,timemodified' as cols
    union all select 'scorm' as name, 'id,course,name,intro,introformat,timeopen,timeclose,timemodified' as cols
    union all select 'workshop' as name, 'id,course,name,intro,introformat,submissionstart,submissionend,timemodified' as cols
    union all select 'zoom' as name, 'id,course,name,intro,introformat' as cols
    union all select 'bigbluebuttonbn' as name, 'id,course,name,intro,introformat' as cols
    union all select 'assign_overrides' as name, 'id,assignid,groupid,userid,duedate,cutoffdate' as cols
    union all select 'assign_user_flags' as name, 'id,userid,assignment,extensionduedate,workflowstate' as cols
    union all select 'quiz_overrides' as name, 'id,quiz,groupid,userid,timeclose' as cols
    union all select 'lesson_overrides' as name, 'id,lessonid,groupid,userid,deadline' as cols
    union all select 'logstore_standard_log' as name, 'id,eventname,component,objecttable,objectid,contextlevel,contextinstanceid,userid,courseid,relateduserid,anonymous,other,timecreated,origin,realuserid' as cols
    union all select 'forum_discussions' as name, 'id,course,forum,name,firstpost,groupid,pinned,timemodified' as cols
    union all select 'forum_posts' as name, 'id,discussion,parent,userid,created,modified,subject,message,messageformat,attachment,deleted,privatereplyto' as cols
    union all select 'messages' as name, 'id,useridfrom,conversationid,subject,fullmessage,fullmessageformat,fullmessagehtml,smallmessage,timecreated' as cols
    union all select 'message_conversations' as name, 'id,type,name,timemodified' as cols
    union all select 'message_conversation_members' as name, 'id,conversationid,userid' as cols
    union all select 'assign_submission' as name, 'id,assignment,userid,timecreated,timemodified,timestarted,status,groupid,attemptnumber,latest' as cols
    union all select 'assignsubmission_onlinetext' as name, 'id,submission,onlinetext,onlineformat' as cols
    union all select 'assignsubmission_file' as name, 'id,submission,numfiles' as cols
    union all select 'files' as name, 'id,contenthash,component,filearea,itemid,filename,filesize,mimetype,timecreated,timemodified' as cols
    union all select 'quiz_attempts' as name, 'id,quiz,userid,attempt,preview,state,timestart,timefinish,timemodified,sumgrades' as cols
    union all select 'h5pactivity_attempts' as name, 'id,h5pactivityid,userid,timecreated,timemodified,attempt,rawscore,maxscore,duration,completion' as cols
    union all select 'lesson_grades' as name, 'id,lessonid,userid,grade,completed' as cols
    union all select 'scorm_attempt' as name, 'id,userid,scormid,attempt' as cols
    union all select 'scorm_element' as name, 'id,element' as cols
    union all select 'scorm_scoes_value' as name, 'id,attemptid,elementid,value,timemodified' as cols
    union all select 'scorm_scoes_track' as name, 'id,userid,scormid,attempt,element,value,timemodified' as cols
    union all select 'workshop_submissions' as name, 'id,workshopid,example,authorid,timecreated,timemodified,content,contentformat' as cols
    union all select 'zoom_meeting_details' as name, 'id,start_time,end_time,topic,zoomid' as cols
    union all select 'zoom_meeting_participants' as name, 'id,userid,user_email,name,join_time,leave_time,detailsid' as cols
    union all select 'bigbluebuttonbn_logs' as name, 'id,bigbluebuttonbnid,userid,timecreated,log,meta' as cols
    union all select 'assign_grades' as name, 'id,assignment,userid,timecreated,timemodified,grader,grade,attemptnumber' as cols
    union all select 'assignfeedback_comments' as name, 'id,grade,commenttext,commentformat' as cols
    union all select 'grade_items' as name, 'id,courseid,itemtype,itemmodule,iteminstance,itemnumber,grademax,gradepass,hidden,timemodified' as cols
    union all select 'grade_grades' as name, 'id,itemid,userid,usermodified,finalgrade,hidden,overridden,feedback,feedbackformat,timemodified' as cols
    union all select 'grade_grades_history' as name, 'id,action,oldid,source,timemodified,itemid,userid,usermodified,finalgrade,hidden,overridden,feedback,feedbackformat' as cols
    union all select 'quiz_grades' as name, 'id,quiz,userid,grade,timemodified' as cols
    union all select 'course_modules_completion' as name, 'id,coursemoduleid,userid,completionstate,timemodified,viewed' as cols
    union all select 'course_modules_viewed' as name, 'id,coursemoduleid,userid,timecreated' as cols
    union all select 'course_completions' as name, 'id,userid,course,timecompleted' as cols
    union all select 'customcert_issues' as name, 'id,userid,customcertid,timecreated' as cols
    union all select 'feedback_completed' as name, 'id,feedback,userid,timemodified,anonymous_response,courseid' as cols
    union all select 'feedback_value' as name, 'id,item,completed,value' as cols
    union all select 'feedback_item' as name, 'id,feedback,name,presentation,typ,position' as cols) w on concat(prefix, w.name) = c.table_name
-- Activity types of plug-ins, whatever they are called: their names are read and their introductions.
left join (
    select a.table_name from information_schema.columns a
    where a.table_schema = database() and a.column_name in ('id', 'course', 'name', 'intro', 'introformat')
    group by a.table_name having count(*) = 5) t on t.table_name = c.table_name
where find_in_set(c.column_name, w.cols) or (w.name is null and t.table_name is not null and c.column_name in ('id', 'course', 'name', 'intro', 'introformat'))
group by reader, c.table_name;
