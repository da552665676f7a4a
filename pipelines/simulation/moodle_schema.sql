-- Moodle 4.5's own tables, names, column types and defaults (those tables that the simulated site fills or a reader looks at).
-- Taken from lib/db/install.xml and mod/*/db/install.xml as PostgreSQL has them; SQLite takes the type names as they are.

create table mdl_config (
    "id" integer primary key,
    "name" character varying(255) not null default '',
    "value" text not null default ''
);
create table mdl_config_plugins (
    "id" integer primary key,
    "plugin" character varying(100) not null default 'core',
    "name" character varying(100) not null default '',
    "value" text not null default ''
);
create table mdl_course_categories (
    "id" integer primary key,
    "name" character varying(255) not null default '',
    "idnumber" character varying(100),
    "description" text,
    "descriptionformat" smallint not null default 0,
    "parent" bigint not null default 0,
    "sortorder" bigint not null default 0,
    "coursecount" bigint not null default 0,
    "visible" smallint not null default 1,
    "visibleold" smallint not null default 1,
    "timemodified" bigint not null default 0,
    "depth" bigint not null default 0,
    "path" character varying(255) not null default '',
    "theme" character varying(50)
);
create table mdl_course (
    "id" integer primary key,
    "category" bigint not null default 0,
    "sortorder" bigint not null default 0,
    "fullname" character varying(254) not null default '',
    "shortname" character varying(255) not null default '',
    "idnumber" character varying(100) not null default '',
    "summary" text,
    "summaryformat" smallint not null default 0,
    "format" character varying(21) not null default 'topics',
    "showgrades" smallint not null default 1,
    "newsitems" integer not null default 1,
    "startdate" bigint not null default 0,
    "enddate" bigint not null default 0,
    "relativedatesmode" smallint not null default 0,
    "marker" bigint not null default 0,
    "maxbytes" bigint not null default 0,
    "legacyfiles" smallint not null default 0,
    "showreports" smallint not null default 0,
    "visible" smallint not null default 1,
    "visibleold" smallint not null default 1,
    "downloadcontent" smallint,
    "groupmode" smallint not null default 0,
    "groupmodeforce" smallint not null default 0,
    "defaultgroupingid" bigint not null default 0,
    "lang" character varying(30) not null default '',
    "calendartype" character varying(30) not null default '',
    "theme" character varying(50) not null default '',
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "requested" smallint not null default 0,
    "enablecompletion" smallint not null default 0,
    "completionnotify" smallint not null default 0,
    "cacherev" bigint not null default 0,
    "originalcourseid" bigint,
    "showactivitydates" smallint not null default 0,
    "showcompletionconditions" smallint,
    "pdfexportfont" character varying(50)
);
create table mdl_course_sections (
    "id" integer primary key,
    "course" bigint not null default 0,
    "section" bigint not null default 0,
    "name" character varying(255),
    "summary" text,
    "summaryformat" smallint not null default 0,
    "sequence" text,
    "visible" smallint not null default 1,
    "availability" text,
    "component" character varying(100),
    "itemid" bigint,
    "timemodified" bigint not null default 0
);
create table mdl_modules (
    "id" integer primary key,
    "name" character varying(20) not null default '',
    "cron" bigint not null default 0,
    "lastcron" bigint not null default 0,
    "search" character varying(255) not null default '',
    "visible" smallint not null default 1
);
create table mdl_course_modules (
    "id" integer primary key,
    "course" bigint not null default 0,
    "module" bigint not null default 0,
    "instance" bigint not null default 0,
    "section" bigint not null default 0,
    "idnumber" character varying(100),
    "added" bigint not null default 0,
    "score" smallint not null default 0,
    "indent" integer not null default 0,
    "visible" smallint not null default 1,
    "visibleoncoursepage" smallint not null default 1,
    "visibleold" smallint not null default 1,
    "groupmode" smallint not null default 0,
    "groupingid" bigint not null default 0,
    "completion" smallint not null default 0,
    "completiongradeitemnumber" bigint,
    "completionview" smallint not null default 0,
    "completionexpected" bigint not null default 0,
    "completionpassgrade" smallint not null default 0,
    "showdescription" smallint not null default 0,
    "availability" text,
    "deletioninprogress" smallint not null default 0,
    "downloadcontent" smallint default 1,
    "lang" character varying(30)
);
create table mdl_context (
    "id" integer primary key,
    "contextlevel" bigint not null default 0,
    "instanceid" bigint not null default 0,
    "path" character varying(255),
    "depth" smallint not null default 0,
    "locked" smallint not null default 0
);
create table mdl_role (
    "id" integer primary key,
    "name" character varying(255) not null default '',
    "shortname" character varying(100) not null default '',
    "description" text not null default '',
    "sortorder" bigint not null default 0,
    "archetype" character varying(30) not null default ''
);
create table mdl_role_assignments (
    "id" integer primary key,
    "roleid" bigint not null default 0,
    "contextid" bigint not null default 0,
    "userid" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "modifierid" bigint not null default 0,
    "component" character varying(100) not null default '',
    "itemid" bigint not null default 0,
    "sortorder" bigint not null default 0
);
create table mdl_enrol (
    "id" integer primary key,
    "enrol" character varying(20) not null default '',
    "status" bigint not null default 0,
    "courseid" bigint not null default 0,
    "sortorder" bigint not null default 0,
    "name" character varying(255),
    "enrolperiod" bigint default 0,
    "enrolstartdate" bigint default 0,
    "enrolenddate" bigint default 0,
    "expirynotify" smallint default 0,
    "expirythreshold" bigint default 0,
    "notifyall" smallint default 0,
    "password" character varying(50),
    "cost" character varying(20),
    "currency" character varying(3),
    "roleid" bigint default 0,
    "customint1" bigint,
    "customint2" bigint,
    "customint3" bigint,
    "customint4" bigint,
    "customint5" bigint,
    "customint6" bigint,
    "customint7" bigint,
    "customint8" bigint,
    "customchar1" character varying(255),
    "customchar2" character varying(255),
    "customchar3" character varying(1333),
    "customdec1" numeric(12,7),
    "customdec2" numeric(12,7),
    "customtext1" text,
    "customtext2" text,
    "customtext3" text,
    "customtext4" text,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_user_enrolments (
    "id" integer primary key,
    "status" bigint not null default 0,
    "enrolid" bigint not null default 0,
    "userid" bigint not null default 0,
    "timestart" bigint not null default 0,
    "timeend" bigint not null default 2147483647,
    "modifierid" bigint not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_user (
    "id" integer primary key,
    "auth" character varying(20) not null default 'manual',
    "confirmed" smallint not null default 0,
    "policyagreed" smallint not null default 0,
    "deleted" smallint not null default 0,
    "suspended" smallint not null default 0,
    "mnethostid" bigint not null default 0,
    "username" character varying(100) not null default '',
    "password" character varying(255) not null default '',
    "idnumber" character varying(255) not null default '',
    "firstname" character varying(100) not null default '',
    "lastname" character varying(100) not null default '',
    "email" character varying(100) not null default '',
    "emailstop" smallint not null default 0,
    "phone1" character varying(20) not null default '',
    "phone2" character varying(20) not null default '',
    "institution" character varying(255) not null default '',
    "department" character varying(255) not null default '',
    "address" character varying(255) not null default '',
    "city" character varying(120) not null default '',
    "country" character varying(2) not null default '',
    "lang" character varying(30) not null default 'en',
    "calendartype" character varying(30) not null default 'gregorian',
    "theme" character varying(50) not null default '',
    "timezone" character varying(100) not null default '99',
    "firstaccess" bigint not null default 0,
    "lastaccess" bigint not null default 0,
    "lastlogin" bigint not null default 0,
    "currentlogin" bigint not null default 0,
    "lastip" character varying(45) not null default '',
    "secret" character varying(15) not null default '',
    "picture" bigint not null default 0,
    "description" text,
    "descriptionformat" smallint not null default 1,
    "mailformat" smallint not null default 1,
    "maildigest" smallint not null default 0,
    "maildisplay" smallint not null default 2,
    "autosubscribe" smallint not null default 1,
    "trackforums" smallint not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "trustbitmask" bigint not null default 0,
    "imagealt" character varying(255),
    "lastnamephonetic" character varying(255),
    "firstnamephonetic" character varying(255),
    "middlename" character varying(255),
    "alternatename" character varying(255),
    "moodlenetprofile" character varying(255)
);
create table mdl_user_lastaccess (
    "id" integer primary key,
    "userid" bigint not null default 0,
    "courseid" bigint not null default 0,
    "timeaccess" bigint not null default 0
);
create table mdl_groups (
    "id" integer primary key,
    "courseid" bigint not null default 0,
    "idnumber" character varying(100) not null default '',
    "name" character varying(254) not null default '',
    "description" text,
    "descriptionformat" smallint not null default 0,
    "enrolmentkey" character varying(50),
    "picture" bigint not null default 0,
    "visibility" smallint not null default 0,
    "participation" smallint not null default 1,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_groups_members (
    "id" integer primary key,
    "groupid" bigint not null default 0,
    "userid" bigint not null default 0,
    "timeadded" bigint not null default 0,
    "component" character varying(100) not null default '',
    "itemid" bigint not null default 0
);
create table mdl_groupings (
    "id" integer primary key,
    "courseid" bigint not null default 0,
    "name" character varying(255) not null default '',
    "idnumber" character varying(100) not null default '',
    "description" text,
    "descriptionformat" smallint not null default 0,
    "configdata" text,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_groupings_groups (
    "id" integer primary key,
    "groupingid" bigint not null default 0,
    "groupid" bigint not null default 0,
    "timeadded" bigint not null default 0
);
create table mdl_scale (
    "id" integer primary key,
    "courseid" bigint not null default 0,
    "userid" bigint not null default 0,
    "name" character varying(255) not null default '',
    "scale" text not null default '',
    "description" text not null default '',
    "descriptionformat" smallint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_assign (
    "id" integer primary key,
    "course" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text not null default '',
    "introformat" smallint not null default 0,
    "alwaysshowdescription" smallint not null default 0,
    "nosubmissions" smallint not null default 0,
    "submissiondrafts" smallint not null default 0,
    "sendnotifications" smallint not null default 0,
    "sendlatenotifications" smallint not null default 0,
    "duedate" bigint not null default 0,
    "allowsubmissionsfromdate" bigint not null default 0,
    "grade" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "requiresubmissionstatement" smallint not null default 0,
    "completionsubmit" smallint not null default 0,
    "cutoffdate" bigint not null default 0,
    "gradingduedate" bigint not null default 0,
    "teamsubmission" smallint not null default 0,
    "requireallteammemberssubmit" smallint not null default 0,
    "teamsubmissiongroupingid" bigint not null default 0,
    "blindmarking" smallint not null default 0,
    "hidegrader" smallint not null default 0,
    "revealidentities" smallint not null default 0,
    "attemptreopenmethod" character varying(10) not null default 'untilpass',
    "maxattempts" integer not null default 1,
    "markingworkflow" smallint not null default 0,
    "markingallocation" smallint not null default 0,
    "markinganonymous" smallint not null default 0,
    "sendstudentnotifications" smallint not null default 1,
    "preventsubmissionnotingroup" smallint not null default 0,
    "activity" text,
    "activityformat" smallint not null default 0,
    "timelimit" bigint not null default 0,
    "submissionattachments" smallint not null default 0
);
create table mdl_assign_submission (
    "id" integer primary key,
    "assignment" bigint not null default 0,
    "userid" bigint not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "timestarted" bigint,
    "status" character varying(10),
    "groupid" bigint not null default 0,
    "attemptnumber" bigint not null default 0,
    "latest" smallint not null default 0
);
create table mdl_assignsubmission_onlinetext (
    "id" integer primary key,
    "assignment" bigint not null default 0,
    "submission" bigint not null default 0,
    "onlinetext" text,
    "onlineformat" smallint not null default 0
);
create table mdl_assignsubmission_file (
    "id" integer primary key,
    "assignment" bigint not null default 0,
    "submission" bigint not null default 0,
    "numfiles" bigint not null default 0
);
create table mdl_assign_grades (
    "id" integer primary key,
    "assignment" bigint not null default 0,
    "userid" bigint not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "grader" bigint not null default 0,
    "grade" numeric(10,5) default 0,
    "attemptnumber" bigint not null default 0
);
create table mdl_assign_overrides (
    "id" integer primary key,
    "assignid" bigint not null default 0,
    "groupid" bigint,
    "userid" bigint,
    "sortorder" bigint,
    "allowsubmissionsfromdate" bigint,
    "duedate" bigint,
    "cutoffdate" bigint,
    "timelimit" bigint
);
create table mdl_assign_user_flags (
    "id" integer primary key,
    "userid" bigint not null default 0,
    "assignment" bigint not null default 0,
    "locked" bigint not null default 0,
    "mailed" smallint not null default 0,
    "extensionduedate" bigint not null default 0,
    "workflowstate" character varying(20),
    "allocatedmarker" bigint not null default 0
);
create table mdl_assign_plugin_config (
    "id" integer primary key,
    "assignment" bigint not null default 0,
    "plugin" character varying(28) not null default '',
    "subtype" character varying(28) not null default '',
    "name" character varying(28) not null default '',
    "value" text
);
create table mdl_assignfeedback_comments (
    "id" integer primary key,
    "assignment" bigint not null default 0,
    "grade" bigint not null default 0,
    "commenttext" text,
    "commentformat" smallint not null default 0
);
create table mdl_grade_categories (
    "id" integer primary key,
    "courseid" bigint not null default 0,
    "parent" bigint,
    "depth" bigint not null default 0,
    "path" character varying(255),
    "fullname" character varying(255) not null default '',
    "aggregation" bigint not null default 0,
    "keephigh" bigint not null default 0,
    "droplow" bigint not null default 0,
    "aggregateonlygraded" smallint not null default 0,
    "aggregateoutcomes" smallint not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "hidden" bigint not null default 0
);
create table mdl_grade_items (
    "id" integer primary key,
    "courseid" bigint,
    "categoryid" bigint,
    "itemname" character varying(255),
    "itemtype" character varying(30) not null default '',
    "itemmodule" character varying(30),
    "iteminstance" bigint,
    "itemnumber" bigint,
    "iteminfo" text,
    "idnumber" character varying(255),
    "calculation" text,
    "gradetype" smallint not null default 1,
    "grademax" numeric(10,5) not null default 100,
    "grademin" numeric(10,5) not null default 0,
    "scaleid" bigint,
    "outcomeid" bigint,
    "gradepass" numeric(10,5) not null default 0,
    "multfactor" numeric(10,5) not null default 1.0,
    "plusfactor" numeric(10,5) not null default 0,
    "aggregationcoef" numeric(10,5) not null default 0,
    "aggregationcoef2" numeric(10,5) not null default 0,
    "sortorder" bigint not null default 0,
    "display" bigint not null default 0,
    "decimals" smallint,
    "hidden" bigint not null default 0,
    "locked" bigint not null default 0,
    "locktime" bigint not null default 0,
    "needsupdate" bigint not null default 0,
    "weightoverride" smallint not null default 0,
    "timecreated" bigint,
    "timemodified" bigint
);
create table mdl_grade_grades (
    "id" integer primary key,
    "itemid" bigint not null default 0,
    "userid" bigint not null default 0,
    "rawgrade" numeric(10,5),
    "rawgrademax" numeric(10,5) not null default 100,
    "rawgrademin" numeric(10,5) not null default 0,
    "rawscaleid" bigint,
    "usermodified" bigint,
    "finalgrade" numeric(10,5),
    "hidden" bigint not null default 0,
    "locked" bigint not null default 0,
    "locktime" bigint not null default 0,
    "exported" bigint not null default 0,
    "overridden" bigint not null default 0,
    "excluded" bigint not null default 0,
    "feedback" text,
    "feedbackformat" bigint not null default 0,
    "information" text,
    "informationformat" bigint not null default 0,
    "timecreated" bigint,
    "timemodified" bigint,
    "aggregationstatus" character varying(10) not null default 'unknown',
    "aggregationweight" numeric(10,5)
);
create table mdl_grade_grades_history (
    "id" integer primary key,
    "action" bigint not null default 0,
    "oldid" bigint not null default 0,
    "source" character varying(255),
    "timemodified" bigint,
    "loggeduser" bigint,
    "itemid" bigint not null default 0,
    "userid" bigint not null default 0,
    "rawgrade" numeric(10,5),
    "rawgrademax" numeric(10,5) not null default 100,
    "rawgrademin" numeric(10,5) not null default 0,
    "rawscaleid" bigint,
    "usermodified" bigint,
    "finalgrade" numeric(10,5),
    "hidden" bigint not null default 0,
    "locked" bigint not null default 0,
    "locktime" bigint not null default 0,
    "exported" bigint not null default 0,
    "overridden" bigint not null default 0,
    "excluded" bigint not null default 0,
    "feedback" text,
    "feedbackformat" bigint not null default 0,
    "information" text,
    "informationformat" bigint not null default 0
);
create table mdl_quiz (
    "id" integer primary key,
    "course" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text not null default '',
    "introformat" smallint not null default 0,
    "timeopen" bigint not null default 0,
    "timeclose" bigint not null default 0,
    "timelimit" bigint not null default 0,
    "overduehandling" character varying(16) not null default 'autoabandon',
    "graceperiod" bigint not null default 0,
    "preferredbehaviour" character varying(32) not null default '',
    "canredoquestions" smallint not null default 0,
    "attempts" integer not null default 0,
    "attemptonlast" smallint not null default 0,
    "grademethod" smallint not null default 1,
    "decimalpoints" smallint not null default 2,
    "questiondecimalpoints" smallint not null default '-1',
    "reviewattempt" integer not null default 0,
    "reviewcorrectness" integer not null default 0,
    "reviewmaxmarks" integer not null default 0,
    "reviewmarks" integer not null default 0,
    "reviewspecificfeedback" integer not null default 0,
    "reviewgeneralfeedback" integer not null default 0,
    "reviewrightanswer" integer not null default 0,
    "reviewoverallfeedback" integer not null default 0,
    "questionsperpage" bigint not null default 0,
    "navmethod" character varying(16) not null default 'free',
    "shuffleanswers" smallint not null default 0,
    "sumgrades" numeric(10,5) not null default 0,
    "grade" numeric(10,5) not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "password" character varying(255) not null default '',
    "subnet" character varying(255) not null default '',
    "browsersecurity" character varying(32) not null default '',
    "delay1" bigint not null default 0,
    "delay2" bigint not null default 0,
    "showuserpicture" smallint not null default 0,
    "showblocks" smallint not null default 0,
    "completionattemptsexhausted" smallint default 0,
    "completionminattempts" bigint not null default 0,
    "allowofflineattempts" smallint default 0
);
create table mdl_quiz_slots (
    "id" integer primary key,
    "slot" bigint not null default 0,
    "quizid" bigint not null default 0,
    "page" bigint not null default 0,
    "displaynumber" character varying(16),
    "requireprevious" smallint not null default 0,
    "maxmark" numeric(12,7) not null default 0,
    "quizgradeitemid" bigint
);
create table mdl_quiz_attempts (
    "id" integer primary key,
    "quiz" bigint not null default 0,
    "userid" bigint not null default 0,
    "attempt" integer not null default 0,
    "uniqueid" bigint not null default 0,
    "layout" text not null default '',
    "currentpage" bigint not null default 0,
    "preview" smallint not null default 0,
    "state" character varying(16) not null default 'inprogress',
    "timestart" bigint not null default 0,
    "timefinish" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "timemodifiedoffline" bigint not null default 0,
    "timecheckstate" bigint default 0,
    "sumgrades" numeric(10,5),
    "gradednotificationsenttime" bigint
);
create table mdl_quiz_grades (
    "id" integer primary key,
    "quiz" bigint not null default 0,
    "userid" bigint not null default 0,
    "grade" numeric(10,5) not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_forum (
    "id" integer primary key,
    "course" bigint not null default 0,
    "type" character varying(20) not null default 'general',
    "name" character varying(255) not null default '',
    "intro" text not null default '',
    "introformat" smallint not null default 0,
    "duedate" bigint not null default 0,
    "cutoffdate" bigint not null default 0,
    "assessed" bigint not null default 0,
    "assesstimestart" bigint not null default 0,
    "assesstimefinish" bigint not null default 0,
    "scale" bigint not null default 0,
    "grade_forum" bigint not null default 0,
    "grade_forum_notify" smallint not null default 0,
    "maxbytes" bigint not null default 0,
    "maxattachments" bigint not null default 1,
    "forcesubscribe" smallint not null default 0,
    "trackingtype" smallint not null default 1,
    "rsstype" smallint not null default 0,
    "rssarticles" smallint not null default 0,
    "timemodified" bigint not null default 0,
    "warnafter" bigint not null default 0,
    "blockafter" bigint not null default 0,
    "blockperiod" bigint not null default 0,
    "completiondiscussions" integer not null default 0,
    "completionreplies" integer not null default 0,
    "completionposts" integer not null default 0,
    "displaywordcount" smallint not null default 0,
    "lockdiscussionafter" bigint not null default 0
);
create table mdl_forum_discussions (
    "id" integer primary key,
    "course" bigint not null default 0,
    "forum" bigint not null default 0,
    "name" character varying(255) not null default '',
    "firstpost" bigint not null default 0,
    "userid" bigint not null default 0,
    "groupid" bigint not null default '-1',
    "assessed" smallint not null default 1,
    "timemodified" bigint not null default 0,
    "usermodified" bigint not null default 0,
    "timestart" bigint not null default 0,
    "timeend" bigint not null default 0,
    "pinned" smallint not null default 0,
    "timelocked" bigint not null default 0
);
create table mdl_forum_posts (
    "id" integer primary key,
    "discussion" bigint not null default 0,
    "parent" bigint not null default 0,
    "userid" bigint not null default 0,
    "created" bigint not null default 0,
    "modified" bigint not null default 0,
    "mailed" smallint not null default 0,
    "subject" character varying(255) not null default '',
    "message" text not null default '',
    "messageformat" smallint not null default 0,
    "messagetrust" smallint not null default 0,
    "attachment" character varying(100) not null default '',
    "totalscore" smallint not null default 0,
    "mailnow" bigint not null default 0,
    "deleted" smallint not null default 0,
    "privatereplyto" bigint not null default 0,
    "wordcount" bigint,
    "charcount" bigint
);
create table mdl_messages (
    "id" integer primary key,
    "useridfrom" bigint not null default 0,
    "conversationid" bigint not null default 0,
    "subject" text,
    "fullmessage" text,
    "fullmessageformat" smallint not null default 0,
    "fullmessagehtml" text,
    "smallmessage" text,
    "timecreated" bigint not null default 0,
    "fullmessagetrust" smallint not null default 0,
    "customdata" text
);
create table mdl_message_conversations (
    "id" integer primary key,
    "type" bigint not null default 1,
    "name" character varying(255),
    "convhash" character varying(40),
    "component" character varying(100),
    "itemtype" character varying(100),
    "itemid" bigint,
    "contextid" bigint,
    "enabled" smallint not null default 0,
    "timecreated" bigint not null default 0,
    "timemodified" bigint
);
create table mdl_message_conversation_members (
    "id" integer primary key,
    "conversationid" bigint not null default 0,
    "userid" bigint not null default 0,
    "timecreated" bigint not null default 0
);
create table mdl_message_user_actions (
    "id" integer primary key,
    "userid" bigint not null default 0,
    "messageid" bigint not null default 0,
    "action" bigint not null default 0,
    "timecreated" bigint not null default 0
);
create table mdl_course_modules_completion (
    "id" integer primary key,
    "coursemoduleid" bigint not null default 0,
    "userid" bigint not null default 0,
    "completionstate" smallint not null default 0,
    "overrideby" bigint,
    "timemodified" bigint not null default 0
);
create table mdl_course_modules_viewed (
    "id" integer primary key,
    "coursemoduleid" bigint not null default 0,
    "userid" bigint not null default 0,
    "timecreated" bigint not null default 0
);
create table mdl_course_completions (
    "id" integer primary key,
    "userid" bigint not null default 0,
    "course" bigint not null default 0,
    "timeenrolled" bigint not null default 0,
    "timestarted" bigint not null default 0,
    "timecompleted" bigint,
    "reaggregate" bigint not null default 0
);
create table mdl_course_completion_criteria (
    "id" integer primary key,
    "course" bigint not null default 0,
    "criteriatype" bigint not null default 0,
    "module" character varying(100),
    "moduleinstance" bigint,
    "courseinstance" bigint,
    "enrolperiod" bigint,
    "timeend" bigint,
    "gradepass" numeric(10,5),
    "role" bigint
);
create table mdl_course_completion_crit_compl (
    "id" integer primary key,
    "userid" bigint not null default 0,
    "course" bigint not null default 0,
    "criteriaid" bigint not null default 0,
    "gradefinal" numeric(10,5),
    "unenroled" bigint,
    "timecompleted" bigint
);
create table mdl_page (
    "id" integer primary key,
    "course" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text,
    "introformat" smallint not null default 0,
    "content" text,
    "contentformat" smallint not null default 0,
    "legacyfiles" smallint not null default 0,
    "legacyfileslast" bigint,
    "display" smallint not null default 0,
    "displayoptions" text,
    "revision" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_url (
    "id" integer primary key,
    "course" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text,
    "introformat" smallint not null default 0,
    "externalurl" text not null default '',
    "display" smallint not null default 0,
    "displayoptions" text,
    "parameters" text,
    "timemodified" bigint not null default 0
);
create table mdl_resource (
    "id" integer primary key,
    "course" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text,
    "introformat" smallint not null default 0,
    "tobemigrated" smallint not null default 0,
    "legacyfiles" smallint not null default 0,
    "legacyfileslast" bigint,
    "display" smallint not null default 0,
    "displayoptions" text,
    "filterfiles" smallint not null default 0,
    "revision" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_feedback (
    "id" integer primary key,
    "course" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text not null default '',
    "introformat" smallint not null default 0,
    "anonymous" smallint not null default 1,
    "email_notification" smallint not null default 1,
    "multiple_submit" smallint not null default 1,
    "autonumbering" smallint not null default 1,
    "site_after_submit" character varying(255) not null default '',
    "page_after_submit" text not null default '',
    "page_after_submitformat" smallint not null default 0,
    "publish_stats" smallint not null default 0,
    "timeopen" bigint not null default 0,
    "timeclose" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "completionsubmit" smallint not null default 0
);
create table mdl_feedback_item (
    "id" integer primary key,
    "feedback" bigint not null default 0,
    "template" bigint not null default 0,
    "name" character varying(255) not null default '',
    "label" character varying(255) not null default '',
    "presentation" text not null default '',
    "typ" character varying(255) not null default '',
    "hasvalue" smallint not null default 0,
    "position" smallint not null default 0,
    "required" smallint not null default 0,
    "dependitem" bigint not null default 0,
    "dependvalue" character varying(255) not null default '',
    "options" character varying(255) not null default ''
);
create table mdl_feedback_completed (
    "id" integer primary key,
    "feedback" bigint not null default 0,
    "userid" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "random_response" bigint not null default 0,
    "anonymous_response" smallint not null default 0,
    "courseid" bigint not null default 0
);
create table mdl_feedback_value (
    "id" integer primary key,
    "course_id" bigint not null default 0,
    "item" bigint not null default 0,
    "completed" bigint not null default 0,
    "tmp_completed" bigint not null default 0,
    "value" text not null default ''
);
create table mdl_customcert (
    "id" integer primary key,
    "course" bigint not null default 0,
    "templateid" bigint not null default 0,
    "name" character varying(255) not null default '',
    "intro" text,
    "introformat" smallint not null default 0,
    "requiredtime" bigint not null default 0,
    "verifyany" smallint not null default 0,
    "deliveryoption" character varying(255),
    "usecustomfilename" smallint not null default 0,
    "customfilenamepattern" text,
    "emailstudents" smallint not null default 0,
    "emailteachers" smallint not null default 0,
    "emailothers" text,
    "protection" character varying(255) not null default '',
    "language" character varying(20),
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0
);
create table mdl_customcert_issues (
    "id" integer primary key,
    "userid" bigint not null default 0,
    "customcertid" bigint not null default 0,
    "code" character varying(40),
    "emailed" smallint not null default 0,
    "timecreated" bigint not null default 0
);
create table mdl_files (
    "id" integer primary key,
    "contenthash" character varying(40) not null default '',
    "pathnamehash" character varying(40) not null default '',
    "contextid" bigint not null default 0,
    "component" character varying(100) not null default '',
    "filearea" character varying(50) not null default '',
    "itemid" bigint not null default 0,
    "filepath" character varying(255) not null default '',
    "filename" character varying(255) not null default '',
    "userid" bigint,
    "filesize" bigint not null default 0,
    "mimetype" character varying(100),
    "status" bigint not null default 0,
    "source" text,
    "author" character varying(255),
    "license" character varying(255),
    "timecreated" bigint not null default 0,
    "timemodified" bigint not null default 0,
    "sortorder" bigint not null default 0,
    "referencefileid" bigint
);
create table mdl_logstore_standard_log (
    "id" integer primary key,
    "eventname" character varying(255) not null default '',
    "component" character varying(100) not null default '',
    "action" character varying(100) not null default '',
    "target" character varying(100) not null default '',
    "objecttable" character varying(50),
    "objectid" bigint,
    "crud" character varying(1) not null default '',
    "edulevel" smallint not null default 0,
    "contextid" bigint not null default 0,
    "contextlevel" bigint not null default 0,
    "contextinstanceid" bigint not null default 0,
    "userid" bigint not null default 0,
    "courseid" bigint,
    "relateduserid" bigint,
    "anonymous" smallint not null default 0,
    "other" text,
    "timecreated" bigint not null default 0,
    "origin" character varying(10),
    "ip" character varying(45),
    "realuserid" bigint
);
