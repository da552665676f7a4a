"""READ: a Moodle's own database, through SQLAlchemy (PostgreSQL, MariaDB, MySQL, SQLite)."""
