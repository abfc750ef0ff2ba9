-- Which pseudonym stands for which employee number or badge number. The number itself is sealed, and is
-- found by a hash under a key that the database does not have. A role of its own reads this schema.

CREATE SCHEMA vault;

CREATE TABLE vault.keys (
    key_id bytea PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,
    added_at timestamptz NOT NULL,
    retired_at timestamptz
);
COMMENT ON TABLE vault.keys IS
    'Ids of the keys of WARDSTREAM_VAULT__KEY: the newest that is not retired seals and hashes.';

CREATE TABLE vault.entries (
    pseudonym text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('staff', 'badge')),
    lookup bytea NOT NULL,
    sealed bytea NOT NULL,
    key_id bytea NOT NULL REFERENCES vault.keys,
    given_at timestamptz NOT NULL,
    UNIQUE (key_id, lookup)
);
COMMENT ON COLUMN vault.entries.lookup IS 'Keyed hash of kind and external id.';
COMMENT ON COLUMN vault.entries.sealed IS 'The external id, sealed for its pseudonym.';

-- Pseudonyms of people who were erased, and of their badges: none of them is registered again. The
-- list of WARDSTREAM_VAULT__ERASURES counts; this is what a registry has taken in of it.
CREATE TABLE registry.erased (
    pseudonym text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('staff', 'badge')),
    erased_at timestamptz NOT NULL
);
