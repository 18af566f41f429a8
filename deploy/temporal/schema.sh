#!/bin/sh
# Brings Temporal's two databases, which exist, to the schema of this version of temporal-sql-tool, which holds it; where
# there is nothing to do, it does nothing. Run it before each new version of the server. Needs SQL_HOST, SQL_PORT and
# SQL_PASSWORD_FILE.
set -eu

SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD SQL_USER=temporal SQL_PLUGIN=postgres12

bring() {
  temporal-sql-tool --database "$1" setup-schema --version 0.0 # skipped where there is a version already
  temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}

bring temporal postgresql/v12/temporal
bring temporal_visibility postgresql/v12/visibility
