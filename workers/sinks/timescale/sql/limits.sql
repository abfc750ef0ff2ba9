-- What has been dropped already; the lock keeps the limits where they are until the batch is in.
SELECT table_name, dropped_before FROM retention WHERE dropped_before > '-infinity' FOR SHARE
