-- Kept content: ciphertext, and the wrapped keys that open it. Times are microseconds since the epoch, UTC.

CREATE TABLE subject_key (
    tenant  text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    id      text NOT NULL,
    wrapped bytea NOT NULL,
    time_us bigint NOT NULL,
    PRIMARY KEY (tenant, subject)
);
CREATE TABLE erased (
    tenant  text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    time_us bigint NOT NULL,             -- of the latest erasure
    PRIMARY KEY (tenant, subject)
);
CREATE TABLE payload (
    tenant      text COLLATE "C" NOT NULL,
    decision    text COLLATE "C" NOT NULL,
    subject     text COLLATE "C" NOT NULL,
    key         text NOT NULL,
    time_us     bigint NOT NULL,
    until_us    bigint NOT NULL,
    sensitivity integer NOT NULL,
    logged      boolean NOT NULL DEFAULT false,
    prompt      bytea NOT NULL,
    reply       bytea NOT NULL,
    PRIMARY KEY (tenant, decision)
);
-- What is encrypted does not become smaller.
ALTER TABLE payload ALTER COLUMN prompt SET STORAGE EXTERNAL, ALTER COLUMN reply SET STORAGE EXTERNAL;
CREATE INDEX payload_due ON payload (until_us, tenant, decision);
CREATE INDEX payload_subject ON payload (tenant, subject, key);
CREATE INDEX payload_unlogged ON payload (time_us) WHERE NOT logged;
