a: CREATE VIEW a AS SELECT * FROM 'b'
b: CREATE TABLE 'b' (x)
--> a>b

a: CREATE VIEW a AS SELECT * FROM c, 'b'
b: CREATE TABLE b (x)
c: CREATE TABLE "c" (x)
--> a>b a>c

a: CREATE VIEW a AS SELECT * FROM c JOIN 'b' ON 'b' = c.x
b: CREATE TABLE b (x)
c: CREATE VIEW 'c' AS SELECT 1 AS x
--> a>b a>c

a: CREATE INDEX 'a' ON 'b' (x)
b: CREATE TABLE b (x)
--> a>b

a: CREATE TRIGGER 'a' AFTER INSERT ON 'b' BEGIN INSERT INTO 'c' VALUES ('d'); END
b: CREATE TABLE b (x)
c: CREATE TABLE c (x)
d: CREATE TABLE d (x)
--> a>b a>c

a: CREATE VIEW a AS SELECT x FROM c WHERE x IS NOT DISTINCT FROM 'b'
b: CREATE TABLE b (x)
c: CREATE TABLE c (x)
--> a>c

a: CREATE TABLE a (x REFERENCES 'b')
b: CREATE TABLE IF NOT EXISTS 'b' (x)
--> a>b

a: CREATE VIEW a AS SELECT 'b' FROM c WHERE y = 'b' AND x IN ('b')
b: CREATE TABLE b (x)
c: CREATE TABLE c (x)
--> a>c

a: CREATE VIEW a AS SELECT c FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD c int
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT * FROM u
t: CREATE TABLE t (x int)
z: ALTER TABLE t RENAME TO u
--> z>t a>z

a: CREATE VIEW a AS WITH b AS (SELECT 1 AS x) SELECT * FROM b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS SELECT * FROM (t NATURAL JOIN u), v
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
v: CREATE TABLE v (x)
--> a>t a>u a>v

a: CREATE VIEW a AS SELECT * FROM t WHERE x IN u AND y IN (VALUES (1)) AND (x,y) IN v
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
v: CREATE TABLE v (x)
--> a>t a>u a>v

a: CREATE VIEW a AS SELECT * FROM t INDEXED BY b, u NOT INDEXED
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t a>u b>a

a: CREATE VIEW a AS SELECT * FROM main.t, temp.u, [v w], `x`
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
v: CREATE TABLE "v w" (x)
x: CREATE TABLE x (x)
--> a>t a>v a>x

a: CREATE VIRTUAL TABLE a USING fts5(b, content='t', content_rowid='x')
t: CREATE TABLE t (x)
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE TRIGGER a INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE x = OLD.x; UPDATE u SET y = (SELECT max(z) FROM w) WHERE EXISTS (SELECT 1 FROM q); END
v: CREATE VIEW v AS SELECT 1 AS x
t: CREATE TABLE t (x)
u: CREATE TABLE u (y)
w: CREATE TABLE w (z)
q: CREATE TABLE q (z)
--> a>v a>t a>u a>w a>q

a: INSERT INTO t SELECT * FROM u WHERE true ON CONFLICT (x) DO UPDATE SET y = excluded.y, z = (SELECT 1 FROM v)
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
v: CREATE TABLE v (x)
--> a>t a>u a>v

a: UPDATE t SET x = u.x FROM u JOIN v ON 1 WHERE t.y = u.y
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
v: CREATE TABLE v (x)
--> a>t a>u a>v

a: CREATE VIEW a AS SELECT x, rank() OVER b FROM t WINDOW b AS (ORDER BY x)
t: CREATE TABLE t (x)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t b>a

a: CREATE VIEW a AS SELECT * FROM pragma_table_info('t'), json_each('[]')
t: CREATE TABLE t (x)
--> 

a: CREATE VIEW a AS SELECT b.x FROM t AS b
t: CREATE TABLE t (x)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t b>a

a: ANALYZE t; REINDEX u; DROP VIEW IF EXISTS v
t: CREATE TABLE t (x)
u: CREATE TABLE u (x)
v: CREATE VIEW v AS SELECT 1
--> a>t a>u
