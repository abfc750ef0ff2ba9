-- A sink that may add rows and change them must not own the tables: only the owner may drop what has
-- expired, so this one function runs with the rights of the owner, and only roles that are named may
-- call it. Temporary tables come last in its path, so nobody can put a table of theirs before ours.

ALTER FUNCTION drop_expired(timestamptz) SECURITY DEFINER;
ALTER FUNCTION drop_expired(timestamptz) SET search_path = live, public, pg_temp;
REVOKE EXECUTE ON FUNCTION drop_expired(timestamptz) FROM PUBLIC;
