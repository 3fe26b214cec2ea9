#!/bin/sh
# Makes a role and a database for each service where there is none yet: see compose.postgres.yaml. The
# role owns the tables that its service makes, and not the database. It cannot connect to another one.
set -eu
PGPASSWORD=$(cat /run/passwords/postgres)
# The log of the server never has a statement that failed: one has a password.
PGOPTIONS='--client-min-messages=warning -c log_min_error_statement=panic'
export PGPASSWORD PGOPTIONS

for name in users orders; do
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$name" postgres <<'SQL'
\set password `cat "/run/passwords/":'name'`
SELECT format('CREATE ROLE %I LOGIN', :'name')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" PASSWORD :'password';
SELECT format(
    'CREATE DATABASE %I TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER builtin BUILTIN_LOCALE %L',
    :'name', 'C.UTF-8')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE postgres, template1, :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
\connect :"name"
GRANT CREATE, USAGE ON SCHEMA public TO :"name";
SQL
done
