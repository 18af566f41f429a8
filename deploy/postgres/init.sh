#!/bin/sh
# Run by the PostgreSQL image when its volume is new: one role and its databases for the application, one for Temporal.
# The superuser is used for nothing else.
set -eu

export SECRETS="${SECRETS:-/run/secrets}"

# Passwords are read by psql itself: on its command line, anybody could see them. The application's database sorts by
# bytes (locale C), as it does on SQLite and in the tests.
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set jalon `cat "$SECRETS/jalon_database_password"`
\set temporal `cat "$SECRETS/temporal_database_password"`
CREATE ROLE jalon LOGIN PASSWORD :'jalon';
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE jalon OWNER jalon TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE ALL ON DATABASE jalon, temporal, temporal_visibility FROM PUBLIC;
SQL
