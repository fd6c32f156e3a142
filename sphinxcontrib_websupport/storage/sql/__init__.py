"""The comment store over a database: SQLite, PostgreSQL, MariaDB and MySQL."""
