CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE DOMAIN year AS integer CONSTRAINT year_check CHECK (VALUE >= 1455 AND VALUE <= 2155);
CREATE TYPE audience AS ENUM ('ALL', 'CHILDREN', 'NC-12', 'R+');
CREATE FUNCTION joined(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
$_$ SELECT CASE WHEN $2 IS NULL THEN $1 WHEN $1 IS NULL THEN $2 ELSE $1 || ', ' || $2 END $_$;
CREATE AGGREGATE list_of (text) (SFUNC = joined, STYPE = text);
CREATE SEQUENCE member_number START 600;
CREATE TABLE town (id serial PRIMARY KEY, name varchar(50) NOT NULL, updated timestamp DEFAULT now() NOT NULL);
CREATE TABLE branch (
    id smallserial PRIMARY KEY, head_id smallint NOT NULL, town_id integer NOT NULL REFERENCES town
    ON UPDATE CASCADE ON DELETE RESTRICT, updated timestamp DEFAULT now() NOT NULL
);
CREATE TABLE librarian (
    id smallserial PRIMARY KEY, branch_id smallint NOT NULL REFERENCES branch ON UPDATE CASCADE ON DELETE RESTRICT,
    full_name varchar(90) NOT NULL, active boolean DEFAULT true NOT NULL, password char(40), picture bytea,
    updated timestamptz DEFAULT now() NOT NULL
);
ALTER TABLE branch ADD CONSTRAINT branch_head_fkey FOREIGN KEY (head_id) REFERENCES librarian (id)
    ON UPDATE CASCADE ON DELETE RESTRICT;
CREATE TABLE title (
    id serial PRIMARY KEY, name varchar(255) NOT NULL, description text, published year, fee numeric(4, 2) DEFAULT 4.99
    NOT NULL, days smallint DEFAULT 3 NOT NULL, audience audience DEFAULT 'ALL'::audience, features text[],
    words tsvector NOT NULL, details jsonb DEFAULT '{}'::jsonb, updated timestamp DEFAULT now() NOT NULL
);
CREATE INDEX title_words ON title USING gist (words);
CREATE INDEX title_details ON title USING gin (details);
CREATE TABLE copy (id serial PRIMARY KEY, title_id integer NOT NULL REFERENCES title, branch_id smallint NOT NULL);
CREATE INDEX copy_of_branch ON copy (branch_id, title_id);
CREATE TABLE member (
    id integer DEFAULT nextval('member_number'::regclass) PRIMARY KEY, full_name varchar(90) NOT NULL, email varchar(50),
    joined date DEFAULT ('now'::text)::date NOT NULL, active integer, updated timestamp DEFAULT now()
);
ALTER SEQUENCE member_number OWNED BY member.id;
CREATE TABLE loan (
    id serial PRIMARY KEY, lent timestamp NOT NULL, copy_id integer NOT NULL REFERENCES copy ON UPDATE CASCADE ON DELETE
    RESTRICT, member_id integer NOT NULL REFERENCES member ON UPDATE CASCADE ON DELETE RESTRICT, returned timestamp
);
CREATE UNIQUE INDEX loan_once ON loan USING btree (lent, copy_id, member_id);
CREATE TABLE fee (
    id serial, member_id integer NOT NULL REFERENCES member, loan_id integer NOT NULL REFERENCES loan,
    amount numeric(5, 2) NOT NULL, paid timestamptz NOT NULL, PRIMARY KEY (paid, id)
) PARTITION BY RANGE (paid);
CREATE TABLE fee_01 PARTITION OF fee FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00');
CREATE TABLE fee_02 PARTITION OF fee FOR VALUES FROM ('2024-02-01 00:00:00+00') TO ('2024-03-01 00:00:00+00');
CREATE INDEX fee_01_of_member ON fee_01 (member_id);
CREATE TABLE old_fee (id integer, paid date NOT NULL);
CREATE TABLE old_fee_2023 (CONSTRAINT of_2023 CHECK (paid >= '2023-01-01' AND paid < '2024-01-01')) INHERITS (old_fee);
CREATE RULE old_fee_insert AS ON INSERT TO old_fee WHERE (new.paid >= '2023-01-01' AND new.paid < '2024-01-01')
    DO INSTEAD INSERT INTO old_fee_2023 (id, paid) VALUES (new.id, new.paid);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated = CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON town FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER stamp BEFORE UPDATE ON branch FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER stamp BEFORE UPDATE ON title FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER title_words BEFORE INSERT OR UPDATE ON title FOR EACH ROW
    EXECUTE FUNCTION tsvector_update_trigger('words', 'pg_catalog.english', 'name', 'description');
CREATE FUNCTION is_in(p_copy integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_out integer;
BEGIN
    SELECT count(*) INTO v_out FROM loan WHERE copy_id = p_copy AND returned IS NULL;
    RETURN v_out = 0;
END $$;
CREATE FUNCTION copies_in(p_title integer, p_branch integer, OUT p_copies integer) RETURNS SETOF integer LANGUAGE sql AS
$_$ SELECT id FROM copy WHERE title_id = $1 AND branch_id = $2 AND is_in(id) $_$;
CREATE FUNCTION balance(p_member integer, p_at timestamptz) RETURNS numeric LANGUAGE plpgsql AS $$
    -- What a member owes: fees by loan, less what was paid.
DECLARE
    v_paid numeric(5, 2);
BEGIN
    SELECT COALESCE(sum(amount), 0) INTO v_paid FROM fee WHERE paid <= p_at AND member_id = p_member;
    RETURN v_paid * -1;
END $$;
CREATE FUNCTION reward(minimum integer DEFAULT 1) RETURNS SETOF member LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public AS $_$
DECLARE
    row member%ROWTYPE;
BEGIN
    CREATE TEMP TABLE best (id integer);
    EXECUTE 'INSERT INTO best SELECT member_id FROM loan GROUP BY 1 HAVING count(*) > ' || quote_literal(minimum);
    FOR row IN EXECUTE 'SELECT m.* FROM best b JOIN member m ON m.id = b.id' LOOP
        RETURN NEXT row;
    END LOOP;
    DROP TABLE best;
END $_$;
CREATE VIEW member_list AS
SELECT m.id, m.full_name AS name, CASE WHEN m.active = 1 THEN 'active'::text ELSE '' END AS notes FROM member m;
CREATE VIEW title_list AS
SELECT t.id AS tid, t.name AS title, t.audience, list_of(b.full_name::text) AS keepers
FROM title t LEFT JOIN copy c ON c.title_id = t.id LEFT JOIN librarian b ON b.branch_id = c.branch_id
GROUP BY t.id, t.name, t.audience;
CREATE VIEW busy_title AS SELECT l.title, (SELECT count(*) FROM copy WHERE title_id = l.tid) AS copies FROM title_list l;
CREATE MATERIALIZED VIEW fee_by_audience AS
SELECT t.audience, sum(f.amount) AS total FROM fee f JOIN loan l ON l.id = f.loan_id JOIN copy c ON c.id = l.copy_id
JOIN title t ON t.id = c.title_id GROUP BY t.audience ORDER BY sum(f.amount) DESC WITH NO DATA;
CREATE UNIQUE INDEX fee_by_audience_one ON fee_by_audience (audience);
INSERT INTO town (name) VALUES ('Oulu'), ('Å');
INSERT INTO title (name, description, published, features) VALUES ('A: b', 'it''s', 1999, '{maps,"a,b"}');
