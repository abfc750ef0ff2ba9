-- What has been dropped already; the lock keeps the limits as they are until the batch is written.
SELECT table_name, dropped_before FROM retention WHERE dropped_before > '-infinity' FOR SHARE
