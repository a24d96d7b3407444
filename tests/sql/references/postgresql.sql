CREATE TABLE t (a mood, b s.name(9)[] DEFAULT f(1), c int REFERENCES u (x), d int CHECK (g(d)))
--> C type mood, C type s.name, C routine f, C relation u, C routine g

CREATE TABLE t (a int DEFAULT nextval('s.q'::regclass), b int DEFAULT nextval('r'))
--> C sequence s.q, C relation s.q, C sequence r

CREATE TABLE t (LIKE u INCLUDING ALL, a int) INHERITS (v, s.w)
--> C relation u, C relation v, C relation s.w

CREATE TABLE t PARTITION OF u FOR VALUES FROM (1) TO (2)
--> C relation u

CREATE TABLE t OF kind (PRIMARY KEY (id))
--> C type kind

CREATE TABLE t AS SELECT * FROM u
--> C relation u

CREATE TABLE t (a int, b int GENERATED ALWAYS AS (f(a)) STORED, EXCLUDE USING gist (c WITH &&))
--> C routine f

CREATE TABLE t (mood int, name text COLLATE finnish)
--> C collation finnish

CREATE FOREIGN TABLE t (a int) SERVER far OPTIONS (x 'y')
--> C server far, C type x

CREATE INDEX i ON s.t USING gin (f(a) ops) WHERE g(b)
--> C relation s.t, C operator class ops, C routine f, C routine g

CREATE TYPE p AS (a mood, b int); CREATE DOMAIN d AS p CHECK (f(VALUE))
--> C type mood, C type p, C routine f

CREATE TYPE r AS RANGE (subtype = q, subtype_diff = f)
--> C type q, C routine f

CREATE TYPE b (INPUT = i, OUTPUT = o, LIKE = int)
--> C routine i, C routine o

CREATE AGGREGATE a (x) (SFUNC = f, STYPE = y, FINALFUNC = g)
--> C type x, C routine f, C type y, C routine g

CREATE OPERATOR === (LEFTARG = x, RIGHTARG = y, FUNCTION = f, JOIN = g)
--> C type x, C type y, C routine f, C routine g

CREATE CAST (x AS y) WITH FUNCTION f(x)
--> C type x, C type y, C routine f

CREATE SEQUENCE q OWNED BY s.t.c
--> C relation s.t

ALTER SEQUENCE q OWNED BY t.c
--> C sequence q, C relation t

CREATE TRIGGER g BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN (f(a)) EXECUTE FUNCTION h('x')
--> C relation t, C routine f, C routine h

CREATE RULE r AS ON INSERT TO v WHERE f(NEW.x) DO INSTEAD (INSERT INTO t VALUES (1); DELETE FROM u)
--> C relation v, C routine f, C relation t, C relation u

CREATE POLICY p ON t TO r USING (f(x)) WITH CHECK (x IN (SELECT y FROM u))
--> C relation t, C routine f, C relation u

ALTER TABLE t ADD COLUMN a mood, ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u
--> C relation t, C type mood, C relation u

ALTER TABLE ONLY t ALTER COLUMN a TYPE mood USING f(a), ALTER b SET DEFAULT g()
--> C relation t, C type mood, C routine f, C routine g

ALTER TABLE t ATTACH PARTITION u DEFAULT
--> C relation t, C relation u

COMMENT ON COLUMN s.t.c IS 'x'; COMMENT ON FUNCTION f(int) IS 'y'; COMMENT ON TRIGGER a ON b IS ''
--> C relation s.t, C routine f, C relation b, C part b a

COMMENT ON INDEX s.i IS ''; COMMENT ON CONSTRAINT k ON s.t IS ''; COMMENT ON EXTENSION e IS ''; COMMENT ON SERVER r IS ''
--> C index s.i, C relation s.t, C part s.t k, C extension e, C server r

ALTER TABLE t ENABLE ALWAYS TRIGGER a, DISABLE RULE b, VALIDATE CONSTRAINT c; ALTER TRIGGER d ON t RENAME TO e
--> C relation t, C part t a, C part t b, C part t c, C part t d

ALTER TABLE t INHERIT u; ALTER TABLE t NO INHERIT v; ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i
--> C relation t, C relation u, C index i

ALTER INDEX i ATTACH PARTITION j; CREATE PUBLICATION p FOR TABLE t, s.u (a)
--> C index i, C index j, C index of a partition j, C relation t, C relation s.u

CREATE SERVER far FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR me SERVER far; IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c
--> C foreign data wrapper w, C server far, C server b

GRANT SELECT, INSERT (a) ON t, s.u TO r; GRANT EXECUTE ON FUNCTION f(int) TO r; GRANT a TO b
--> C object t, C object s.u, C routine f

REVOKE ALL ON SEQUENCE q FROM x; GRANT USAGE ON SCHEMA y TO z
--> C sequence q

DROP VIEW IF EXISTS a, b CASCADE; DROP FUNCTION f(int); DROP TRIGGER x ON t
--> 

INSERT INTO t (a) SELECT b FROM u ON CONFLICT (c) DO UPDATE SET a = f(1)
--> C relation t, C relation u, C routine f

UPDATE t SET a = b FROM u WHERE c; DELETE FROM t USING v WHERE d
--> C relation u, C relation t, C relation v

MERGE INTO t USING u ON a = b WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)
--> C relation t, C relation u

COPY t (a) FROM '/x'; TRUNCATE u, v; REFRESH MATERIALIZED VIEW CONCURRENTLY w; LOCK TABLE x IN SHARE MODE
--> C relation t, C relation u, C relation v, C relation w, C relation x

SELECT 'a.b'::regclass, CAST('c' AS regtype), 'f(int)'::regprocedure, mood 'ok', x::pg_catalog.int4
--> C relation a.b, C type regtype, C type c, C routine f, C type regprocedure, C type mood, C type pg_catalog.int4

CREATE VIEW v AS SELECT a AS b, 'b', nextval('q') FROM c
--> C sequence q, C relation c

CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()
--> C routine f

CREATE STATISTICS st ON a, b FROM t
--> C relation t

CREATE FUNCTION f(a mood, OUT b x, VARIADIC c y[] DEFAULT g()) RETURNS z LANGUAGE sql AS 'SELECT h() FROM t'
--> C type mood, C type x, C type y, C routine g, C type z, C routine h, C relation t

CREATE FUNCTION f(mood) RETURNS SETOF v LANGUAGE plpgsql AS $$ DECLARE a t.c%TYPE; b w%ROWTYPE; c d := g(); BEGIN SELECT * FROM u; PERFORM h(); RETURN QUERY EXECUTE 'SELECT * FROM k'; END $$
--> C type mood, C type v, C relation t, C relation w, C type d, L routine g, L relation u, L routine h, M relation k

CREATE FUNCTION f() RETURNS TABLE (a mood, b int) LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; SELECT 1 FROM u; END; CREATE VIEW v AS SELECT * FROM w
--> C type mood, C relation t, C relation u, C relation w

CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql RETURN (SELECT x FROM t)
--> C relation t

CREATE FUNCTION f() RETURNS int AS $$ import t $$ LANGUAGE plpython3u
--> C language plpython3u

CREATE FUNCTION f() RETURNS int AS 'lib', 'symbol' LANGUAGE C
--> 

CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE tt AS SELECT 1; INSERT INTO tt SELECT * FROM u; CALL q(); END $$
--> L relation u, L routine q

DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type) THEN CREATE TYPE m AS (a n); END IF; END $$
--> C relation pg_type, C type n

CREATE FUNCTION f() RETURNS void LANGUAGE sql SET search_path TO a, b AS $$ INSERT INTO t VALUES (1) $$
--> C relation t

DO $$ BEGIN IF EXISTS (SELECT 1 FROM s) THEN DELETE FROM t; CREATE TABLE n (a d); ELSIF x IS NULL THEN INSERT INTO u VALUES (1); ELSE UPDATE v SET a = CASE WHEN a = 1 THEN 2 ELSE 3 END; END IF; DELETE FROM w; END $$
--> C relation s, L relation t, C type d, C relation u, L relation v, C relation w

DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN BEGIN INSERT INTO t VALUES (1); END; ELSE FOR i IN 1..2 LOOP IF a THEN DELETE FROM u; END IF; END LOOP; END IF; IF b THEN DELETE FROM v; ELSE DELETE FROM w; END IF; END $$
--> C relation t, L relation u, C relation v, C relation w

ALTER TABLE IF EXISTS t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (b); ALTER TABLE v ADD x d
--> L relation t, L relation u, C relation v, C type d

CREATE VIEW v AS SELECT '"#' || s.f(x) || s.g(x) /* ' */ || s.h(x) -- it's "one
  || s.i(x) || E'\'"' || s.j(x) AS y FROM t
--> C routine s.f, C routine s.g, C routine s.h, C routine s.i, C routine s.j, C relation t
