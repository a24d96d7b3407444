a: CREATE VIEW a AS SELECT t.c FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT x FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int
--> a>t z>t

a: CREATE VIEW a AS SELECT * FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD COLUMN c int
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT c FROM t
z: ALTER TABLE IF EXISTS ONLY public.t ADD IF NOT EXISTS c int
--> a>z

a: CREATE VIEW a AS SELECT n FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME COLUMN x TO n
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT n FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME x TO n
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT * FROM u
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME TO u
--> z>t a>z

a: CREATE VIEW a AS SELECT * FROM s.t
t: CREATE TABLE t (x int)
z: ALTER TABLE t SET SCHEMA s
s: CREATE SCHEMA s
--> z>t a>z z>s

a: CREATE TYPE a AS (m n)
t: CREATE TYPE t AS ENUM ('x')
z: ALTER TYPE t RENAME TO n
--> z>t a>z

a: CREATE INDEX i ON t (c)
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD c int
b: COMMENT ON COLUMN t.c IS 'x'
d: ALTER TABLE t ADD CHECK (c > 1)
--> a>t z>t a>z b>t b>z d>t d>z

a: ALTER INDEX p_i ATTACH PARTITION q_i
b: CREATE INDEX p_i ON ONLY p (x)
c: CREATE INDEX q_i ON q (x)
p: CREATE TABLE p (x int) PARTITION BY RANGE (x)
q: CREATE TABLE q (x int)
z: ALTER TABLE ONLY p ATTACH PARTITION q FOR VALUES FROM (1) TO (2)
--> a>b a>c b>p c>q z>p z>q a>z

a: ALTER INDEX public.p_pkey ATTACH PARTITION public.q_pkey
b: ALTER TABLE ONLY public.p ADD CONSTRAINT p_pkey PRIMARY KEY (x)
c: ALTER TABLE ONLY public.q ADD CONSTRAINT q_pkey PRIMARY KEY (x)
p: CREATE TABLE public.p (x int) PARTITION BY RANGE (x)
q: CREATE TABLE public.q (x int)
z: ALTER TABLE ONLY public.p ATTACH PARTITION public.q FOR VALUES FROM (1) TO (2)
--> a>b a>c b>p c>q z>p z>q a>z

a: CREATE VIEW a AS WITH b AS MATERIALIZED (SELECT 1 AS x) SELECT * FROM b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS WITH RECURSIVE b(x) AS (VALUES (1) UNION ALL SELECT x+1 FROM b WHERE x<5) SEARCH DEPTH FIRST BY x SET ord SELECT * FROM b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS WITH b AS (SELECT * FROM b) SELECT * FROM b
b: CREATE VIEW b AS SELECT 1
--> a>b

a: CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ WITH b AS (DELETE FROM c RETURNING x) SELECT count(*) FROM b $$
b: CREATE VIEW b AS SELECT a()
c: CREATE TABLE c (x int)
--> b>a a>c

a: CREATE VIEW a AS SELECT * FROM (WITH b AS (SELECT 1 x) SELECT * FROM b) q WHERE EXISTS (WITH c AS (SELECT 2 y) SELECT 1 FROM c)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> b>a c>a

a: CREATE PROCEDURE a() LANGUAGE plpgsql AS $$ BEGIN WITH b AS (SELECT 1 AS x) INSERT INTO c SELECT x FROM b; END $$
b: CREATE VIEW b AS SELECT 1
c: CREATE TABLE c (x int)
--> a>c

a: CREATE MATERIALIZED VIEW a AS TABLE b WITH NO DATA
b: CREATE VIEW b AS VALUES (1)
--> a>b

a: CREATE VIEW a AS SELECT * FROM ROWS FROM (f(1), g(2)) AS t(x int, y int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>f a>g

a: CREATE VIEW a AS SELECT * FROM b TABLESAMPLE system(10)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE VIEW a AS SELECT b.* FROM ONLY (b), LATERAL f(b.x) AS q
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>b a>f

a: CREATE VIEW a AS SELECT x FROM c, LATERAL (SELECT 1 FROM b WHERE b.x = c.x) q
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE VIEW a AS SELECT extract(epoch FROM b) , trim(both 'x' FROM c), substring(d FROM 2 FOR 3), overlay(d PLACING 'x' FROM 3), position('x' IN e) FROM t
t: CREATE TABLE t (b timestamp, c text, d text, e text)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE VIEW e AS SELECT * FROM a
--> a>t b>a c>a d>a e>a

a: CREATE VIEW a AS SELECT x IS DISTINCT FROM b AS y, x IS NOT DISTINCT FROM (b) AS z FROM t
t: CREATE TABLE t (x int, b int)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t b>a

a: CREATE FUNCTION a(b) RETURNS b LANGUAGE sql AS $$ SELECT $1 $$
b: CREATE TABLE b (x int)
--> a>b

a: CREATE FUNCTION a(INOUT v b[] DEFAULT NULL, VARIADIC w s.c[] DEFAULT NULL) LANGUAGE sql AS $$ SELECT NULL $$
b: CREATE TABLE b (x int)
c: CREATE TYPE s.c AS ENUM ()
--> a>b a>c

a: CREATE FUNCTION a(v b.x%TYPE) RETURNS TABLE (p b.x%TYPE, q c) LANGUAGE plpgsql AS $$ DECLARE r d%ROWTYPE; BEGIN END $$
b: CREATE TABLE b (x int)
c: CREATE DOMAIN c AS int
d: CREATE TABLE d (x int)
--> a>b a>c a>d

a: CREATE TABLE a (x int) INHERITS (b)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a (LIKE b INCLUDING ALL, LIKE c)
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
--> a>b a>c

a: CREATE TABLE a (x int DEFAULT f(), y int GENERATED ALWAYS AS (g(x)) STORED, CHECK (h(x)), z s.d DEFAULT 'x'::s.e)
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'
h: CREATE FUNCTION h(int) RETURNS bool LANGUAGE sql AS 'SELECT true'
d: CREATE DOMAIN s.d AS text
e: CREATE TYPE s.e AS ENUM ()
--> a>f a>g a>h a>d a>e

a: CREATE DOMAIN a AS text CHECK (f(VALUE)) DEFAULT g()
f: CREATE FUNCTION f(text) RETURNS bool LANGUAGE sql AS 'SELECT true'
g: CREATE FUNCTION g() RETURNS text LANGUAGE sql AS 'SELECT 1'
--> a>f a>g

a: CREATE POLICY p ON b AS RESTRICTIVE FOR ALL TO r USING (x IN (SELECT y FROM c)) WITH CHECK (f(x))
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
f: CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT true'
--> a>b a>c a>f

a: ALTER POLICY p ON b USING (x IN (SELECT y FROM c))
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
p: CREATE POLICY p ON b
--> a>b a>c a>p p>b

a: CREATE RULE r AS ON UPDATE TO b DO ALSO NOTIFY x
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TRIGGER t AFTER INSERT ON b REFERENCING NEW TABLE AS c FOR EACH STATEMENT EXECUTE PROCEDURE f()
b: CREATE TABLE b (x int)
c: CREATE VIEW c AS SELECT 1
f: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM c; END $$
--> a>b a>f f>c

a: CREATE CONSTRAINT TRIGGER t AFTER INSERT ON b FROM c DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
f: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$
--> a>b a>c a>f

a: CREATE EVENT TRIGGER t ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f()
f: CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$
--> a>f

a: CREATE STATISTICS s (ndistinct) ON x, y FROM b
b: CREATE TABLE b (x int, y int)
--> a>b

a: CREATE AGGREGATE a (int, ORDER BY int) (SFUNC = f, STYPE = s)
f: CREATE FUNCTION f(s,int,int) RETURNS s LANGUAGE sql AS 'SELECT 1'
s: CREATE TYPE s AS (x int)
--> a>f a>s f>s

a: CREATE CAST (b AS text) WITH FUNCTION f(b) AS IMPLICIT
f: CREATE FUNCTION f(b) RETURNS text LANGUAGE sql AS 'SELECT 1'
b: CREATE TYPE b AS (x int)
--> a>f a>b f>b

a: CREATE TEXT SEARCH CONFIGURATION c (COPY = d); 
d: CREATE TEXT SEARCH CONFIGURATION d (PARSER = default)
--> a>d

a: CREATE SEQUENCE q OWNED BY b.x
b: CREATE TABLE b (x int)
--> a>b

a: ALTER TABLE b ALTER COLUMN x SET DEFAULT nextval('q')
b: CREATE TABLE b (x int)
q: CREATE SEQUENCE q
--> a>b a>q

a: ALTER TABLE b ALTER x TYPE m USING f(x)
b: CREATE TABLE b (x int)
m: CREATE TYPE m AS ENUM ()
f: CREATE FUNCTION f(int) RETURNS m LANGUAGE sql AS 'SELECT 1'
--> a>b a>m a>f f>m

a: ALTER VIEW v OWNER TO r; ALTER VIEW v ALTER COLUMN x SET DEFAULT f()
v: CREATE VIEW v AS SELECT 1 AS x
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>v a>f

a: ALTER FUNCTION f(b) OWNER TO x
f: CREATE FUNCTION f(b) RETURNS int LANGUAGE sql AS 'SELECT 1'
b: CREATE TYPE b AS (x int)
--> a>f f>b

a: GRANT SELECT (x), UPDATE ON b TO r; GRANT EXECUTE ON FUNCTION f(int), g() TO r; GRANT USAGE ON SCHEMA s TO r
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
g: CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'
s: CREATE SCHEMA s
--> a>b a>f a>g a>s

a: COMMENT ON FUNCTION f(int) IS 'on table b'; COMMENT ON COLUMN s.c.x IS NULL; COMMENT ON TRIGGER t ON d IS ''
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
c: CREATE TABLE s.c (x int)
d: CREATE TABLE d (x int)
--> a>f a>c a>d

a: SELECT setval('s.q', 1); SELECT pg_catalog.setval('r'::regclass, 1)
q: CREATE SEQUENCE s.q
r: CREATE SEQUENCE r
--> a>q a>r

a: DO $do$ BEGIN IF NOT EXISTS (SELECT 1 FROM b) THEN EXECUTE 'CREATE TABLE zz (LIKE c)'; END IF; END $do$
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE FUNCTION a() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN EXECUTE format('SELECT * FROM %I', 'b'); RETURN; END $_$
b: CREATE VIEW b AS SELECT a()
--> b>a

a: CREATE FUNCTION a() RETURNS int RETURN (SELECT max(x) FROM b)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE PROCEDURE a(x int) BEGIN ATOMIC INSERT INTO b VALUES (x); DELETE FROM c USING d WHERE c.x = d.x; END
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
--> a>b a>c a>d

a: CREATE VIEW a AS SELECT b FROM c b
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT (b).x, b.y, row(b.*) FROM c AS b
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM c WINDOW b AS (PARTITION BY x)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM c FOR UPDATE OF c NOWAIT
c: CREATE TABLE c (x int)
--> a>c

a: CREATE VIEW a AS SELECT * FROM json_to_recordset('[]') AS x(b c, d int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TYPE c AS ENUM ()
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM xmltable('/r' PASSING doc COLUMNS b int PATH 'x') q, t
b: CREATE VIEW b AS SELECT * FROM a
t: CREATE TABLE t (doc xml)
--> a>t b>a

a: CREATE VIEW a AS SELECT CAST(x AS b), x::c, c '1', ARRAY[]::d[] FROM t
b: CREATE TYPE b AS ENUM ()
c: CREATE TYPE c AS ENUM ()
d: CREATE TYPE d AS ENUM ()
t: CREATE TABLE t (x text)
--> a>b a>c a>d a>t

a: CREATE VIEW a AS SELECT 1 /* FROM b */ AS x -- JOIN b
  , 'FROM b' AS y, $$ FROM b $$ AS z, "FROM b" FROM c
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE TABLE c ("FROM b" int)
--> a>c b>a

a: CREATE VIEW "A b" AS SELECT * FROM "B c"
b: CREATE VIEW "B c" AS SELECT 1
c: CREATE VIEW b AS SELECT 1
--> a>b

a: CREATE VIEW a AS SELECT * FROM B
b: CREATE VIEW "B" AS SELECT * FROM a
c: CREATE TABLE b (x int)
--> a>c b>a

a: CREATE VIEW a AS SELECT * FROM U&"b"
b: CREATE TABLE b (x int)
--> a>b

a: SET search_path = s; CREATE VIEW a AS SELECT * FROM b
b: CREATE VIEW s.b AS SELECT 1
c: CREATE VIEW b AS SELECT * FROM s.a
s: CREATE SCHEMA s
--> a>b b>s c>a a>s

a: IMPORT FOREIGN SCHEMA x FROM SERVER f INTO s
f: CREATE SERVER f FOREIGN DATA WRAPPER w
s: CREATE SCHEMA s
w: CREATE FOREIGN DATA WRAPPER w
--> a>f a>s f>w

a: CREATE OPERATOR CLASS o DEFAULT FOR TYPE t USING btree AS OPERATOR 1 <, FUNCTION 1 f(t, t)
t: CREATE TYPE t AS (x int)
f: CREATE FUNCTION f(t,t) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>t a>f f>t

a: MERGE INTO b USING c ON b.x=c.x WHEN MATCHED THEN UPDATE SET x=f(1) WHEN NOT MATCHED THEN INSERT VALUES (1)
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
f: CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>b a>c a>f

a: REASSIGN OWNED BY x TO y; REFRESH MATERIALIZED VIEW CONCURRENTLY b; REINDEX TABLE c; ANALYZE d (x); VACUUM e; CLUSTER f USING i
b: CREATE MATERIALIZED VIEW b AS SELECT 1
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
e: CREATE TABLE e (x int)
f: CREATE TABLE f (x int); CREATE INDEX i ON f (x)
--> a>b a>c a>d a>e a>f

a: ALTER TABLE b ATTACH PARTITION c DEFAULT
b: CREATE TABLE b (x int) PARTITION BY LIST (x)
c: CREATE TABLE c (x int)
--> a>b a>c

a: ALTER TYPE t ADD VALUE 'x'; ALTER DOMAIN d ADD CHECK (VALUE > f())
t: CREATE TYPE t AS ENUM ()
d: CREATE DOMAIN d AS int
f: CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
--> a>t a>d a>f

a: CREATE PUBLICATION p FOR TABLE b (x) WHERE (f(x)), c, TABLES IN SCHEMA s
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
s: CREATE SCHEMA s
f: CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT 1'
--> a>b a>c a>s a>f

a: SECURITY LABEL ON TABLE b IS 'x'
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TRANSFORM FOR t LANGUAGE l (FROM SQL WITH FUNCTION f(internal), TO SQL WITH FUNCTION g(internal))
t: CREATE TYPE t AS (x int)
f: CREATE FUNCTION f(internal) RETURNS internal LANGUAGE c AS 'x'
g: CREATE FUNCTION g(internal) RETURNS t LANGUAGE c AS 'x'
--> a>t a>f a>g g>t
