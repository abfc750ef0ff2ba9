-- The schema registry keeps its schemas beside, not among, the ward's data.
CREATE DATABASE registry;
