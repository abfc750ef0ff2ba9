-- The schema registry keeps its schemas beside, not among, the ward's data, under a role of its own.
\set password `cat /run/secrets/database-registry`
CREATE ROLE "wardstream-registry" LOGIN PASSWORD :'password';
CREATE DATABASE registry OWNER "wardstream-registry";
REVOKE ALL ON DATABASE registry FROM PUBLIC;
