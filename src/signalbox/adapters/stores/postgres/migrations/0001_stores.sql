-- Everything but payloads: logs, one per node; the kill switch and the acts of governance, which nodes share.
-- Times are microseconds since the epoch, UTC, unless they are said to be otherwise.

CREATE TABLE log (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    epoch        bigint NOT NULL DEFAULT 0,      -- of the lease: who holds a lower one may not write
    holder       text NOT NULL DEFAULT '',       -- where whoever took the lease last can be found
    next         bigint NOT NULL DEFAULT 0,      -- number of the next record
    low_water    bigint NOT NULL DEFAULT 0,      -- the oldest record that the sweep may want to read
    time_us_high bigint NOT NULL DEFAULT 0
);
-- One row is one group commit.
CREATE TABLE batch (
    log          integer NOT NULL REFERENCES log,
    first        bigint NOT NULL,                -- number of its first record
    count        integer NOT NULL,
    time_us_min  bigint NOT NULL,
    time_us_max  bigint NOT NULL,
    time_us_high bigint NOT NULL,                -- highest time_us_max up to and with this row: never falls
    frames       bytea NOT NULL,                 -- MessagePack array of [leaf, salt, body]
    PRIMARY KEY (log, first)
);
-- Compressing would cost the server more than the disk it saves, once per group commit.
ALTER TABLE batch ALTER COLUMN frames SET STORAGE EXTERNAL;
CREATE INDEX batch_time ON batch (log, time_us_high, first);
CREATE TABLE head (
    log       integer NOT NULL REFERENCES log,
    tenant    text NOT NULL,
    count     bigint NOT NULL,
    leaf_hash text NOT NULL,
    PRIMARY KEY (log, tenant)
);
CREATE TABLE blob (
    log     integer NOT NULL REFERENCES log,     -- not shared: no node waits for another's commit
    digest  text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (log, digest)
);
CREATE TABLE tile (
    log    integer NOT NULL REFERENCES log,
    level  integer NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL,                       -- 32 bytes each, at most 256
    PRIMARY KEY (log, level, number)
);
CREATE TABLE checkpoint (
    log  integer NOT NULL REFERENCES log,
    size bigint NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (log, size)
);
-- Shared, so that a user has one pseudonym in all logs.
CREATE TABLE tenant_key (tenant text PRIMARY KEY, key bytea NOT NULL);

-- Each log has a copy of its own of every change of the kill switch and of every act.
CREATE TABLE copied (
    log     text NOT NULL,
    history text NOT NULL CHECK (history IN ('switches', 'acts')),
    number  bigint NOT NULL,
    PRIMARY KEY (log, history)
);

CREATE TABLE switch_state (one integer PRIMARY KEY CHECK (one = 1), epoch bigint NOT NULL);
INSERT INTO switch_state VALUES (1, 0);
CREATE TABLE switch_change (
    epoch    bigint PRIMARY KEY,
    what     text NOT NULL CHECK (what IN ('kill', 'restore')),
    selector text NOT NULL,
    by       text NOT NULL,
    reason   text NOT NULL,
    cut      boolean NOT NULL,
    time_us  bigint NOT NULL
);

CREATE TABLE act_state (one integer PRIMARY KEY CHECK (one = 1), number bigint NOT NULL);
INSERT INTO act_state VALUES (1, 0);
CREATE TABLE act (
    number  bigint PRIMARY KEY,
    kind    text NOT NULL,
    tenant  text NOT NULL,
    by      text NOT NULL,
    time_us bigint NOT NULL,
    content bytea NOT NULL
);
CREATE TABLE act_content (digest text PRIMARY KEY, content bytea NOT NULL);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON switch_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
