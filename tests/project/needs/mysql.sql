a: SET sql_mode='ANSI_QUOTES';
  CREATE VIEW "a" AS SELECT * FROM "b"
b: CREATE TABLE b (x int)
--> a>b

a: /*!40101 SET SQL_MODE='ANSI_QUOTES' */;
  CREATE VIEW a AS SELECT * FROM "s"."b"; SET sql_mode=''; CREATE VIEW z AS SELECT "FROM c" FROM b
b: CREATE TABLE s.b (x int)
c: CREATE TABLE c (x int)
--> a>b

a: CREATE VIEW a AS SELECT "x" FROM c WHERE y = "b"
b: CREATE TABLE b (x int)
c: CREATE TABLE c (y int)
--> a>c

a: CREATE VIEW a AS SELECT c FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD (c int, d int)
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT d FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD c int, ADD COLUMN d int AFTER x
--> a>t z>t a>z

a: CREATE VIEW a AS SELECT n FROM t
t: CREATE TABLE t (x int)
z: ALTER TABLE t CHANGE COLUMN x n int
--> a>t z>t a>z

a: CREATE VIEW a AS WITH b AS (SELECT 1 AS x) SELECT * FROM b
b: CREATE VIEW b AS SELECT * FROM a
--> b>a

a: CREATE VIEW a AS SELECT * FROM t PARTITION (b, c)
b: CREATE VIEW b AS SELECT * FROM a
t: CREATE TABLE t (x int)
--> a>t b>a

a: CREATE VIEW a AS SELECT * FROM t USE INDEX (b) JOIN u FORCE INDEX FOR JOIN (c) ON 1=1
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
--> a>t a>u b>a c>a

a: CREATE VIEW a AS SELECT STRAIGHT_JOIN x FROM t STRAIGHT_JOIN u
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
--> a>t a>u

a: CREATE VIEW a AS SELECT x FROM (t CROSS JOIN u), v
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
--> a>t a>u a>v

a: CREATE VIEW a AS SELECT group_concat(b ORDER BY c SEPARATOR ',') , date_add(d, INTERVAL 1 DAY), CASE WHEN e THEN 1 END FROM t
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE VIEW e AS SELECT * FROM a
--> a>t b>a c>a d>a e>a

a: CREATE VIEW a AS SELECT * FROM `t` AS `b` LEFT JOIN `u` `c` ON `b`.`x` = `c`.`x`
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>t a>u b>a c>a

a: DELIMITER $$
  CREATE PROCEDURE a() BEGIN DECLARE c CURSOR FOR SELECT x FROM t; DECLARE CONTINUE HANDLER FOR NOT FOUND SET @d = 1; OPEN c; FETCH c INTO @y; CLOSE c; CALL p(1); END$$
  DELIMITER ;
t: CREATE TABLE t (x int)
c: CREATE VIEW c AS SELECT 1
p: CREATE PROCEDURE p(x int) SELECT 1
--> a>t a>p

a: DELIMITER //
  CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW FOLLOWS h BEGIN INSERT INTO u SET x = NEW.x; UPDATE v JOIN w ON v.x=w.x SET v.x = f(1); DELETE q FROM t1 AS q INNER JOIN t2 ON 1=1; END//
t: CREATE TABLE t (x int)
h: CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW SET NEW.x=1
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
w: CREATE TABLE w (x int)
f: CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN 1
t1: CREATE TABLE t1 (x int)
t2: CREATE TABLE t2 (x int)
--> a>t a>h a>u a>v a>w a>f a>t1 a>t2 h>t

a: CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01' DO DELETE FROM t WHERE x < f(1)
t: CREATE TABLE t (x int)
f: CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN 1
--> a>t a>f

a: CREATE TABLE a LIKE b
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a (x int, KEY b (x), CONSTRAINT c FOREIGN KEY d (x) REFERENCES e (x), INDEX f (x), FULLTEXT KEY g (x))
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE TABLE e (x int primary key)
f: CREATE VIEW f AS SELECT * FROM a
g: CREATE VIEW g AS SELECT * FROM a
--> a>e b>a c>a d>a f>a g>a

a: CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`x`@`%` SQL SECURITY INVOKER VIEW a AS SELECT * FROM b WITH CASCADED CHECK OPTION
b: CREATE TABLE b (x int)
--> a>b

a: ALTER DEFINER=x@localhost SQL SECURITY DEFINER VIEW v AS SELECT * FROM b
v: CREATE VIEW v AS SELECT 1
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a (x int) ENGINE=MERGE UNION=(b,c)
b: CREATE TABLE b (x int) ENGINE=MyISAM
c: CREATE TABLE c (x int) ENGINE=MyISAM
-->

a: CREATE TABLE a (x int DEFAULT (NEXT VALUE FOR s), y int DEFAULT nextval(r))
s: CREATE SEQUENCE s
r: CREATE SEQUENCE r
--> a>s a>r

a: CREATE TABLE a AS SELECT * FROM b
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a (x int) SELECT * FROM b
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a REPLACE SELECT * FROM b
b: CREATE TABLE b (x int)
--> a>b

a: RENAME TABLE b TO c
b: CREATE TABLE b (x int)
v: CREATE VIEW v AS SELECT * FROM c
--> a>b v>a

a: INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE x = VALUES(x), y = (SELECT max(y) FROM u)
t: CREATE TABLE t (x int, y int)
u: CREATE TABLE u (y int)
--> a>t a>u

a: REPLACE t SELECT * FROM u
t: CREATE TABLE t (x int, y int)
u: CREATE TABLE u (y int)
--> a>t a>u

a: CREATE VIEW a AS SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (b int PATH '$.x', NESTED PATH '$.y' COLUMNS (c int PATH '$'))) jt, t
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>t b>a c>a

a: CREATE VIEW a AS SELECT x FROM t WHERE MATCH (b, c) AGAINST ('x' IN BOOLEAN MODE)
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>t b>a c>a

a: CREATE VIEW a AS SELECT x FROM t WHERE x IN (SELECT y FROM u) UNION ALL (SELECT z FROM v LIMIT 1) EXCEPT TABLE w
t: CREATE TABLE t (x int)
u: CREATE TABLE u (y int)
v: CREATE TABLE v (z int)
w: CREATE TABLE w (z int)
--> a>t a>u a>v a>w

a: CREATE VIEW a AS SELECT * FROM t # FROM b
  , u -- JOIN b
   /* , b */ /*! , v */
t: CREATE TABLE t (x int)
u: CREATE TABLE u (y int)
v: CREATE TABLE v (z int)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t a>u a>v b>a

a: CREATE VIEW a AS SELECT 'it\'s FROM b' AS x FROM t
t: CREATE TABLE t (x int)
b: CREATE VIEW b AS SELECT * FROM a
--> a>t b>a

a: GRANT SELECT, INSERT (x) ON b TO u; GRANT EXECUTE ON PROCEDURE p TO u; GRANT ALL ON *.* TO u; GRANT SELECT ON d.* TO u
b: CREATE TABLE b (x int)
p: CREATE PROCEDURE p() SELECT 1
--> a>b a>p

a: LOCK TABLES b READ, c WRITE; UNLOCK TABLES
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: ANALYZE TABLE b, c; OPTIMIZE TABLE d; CHECK TABLE e; REPAIR TABLE f; CHECKSUM TABLE g
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
e: CREATE TABLE e (x int)
f: CREATE TABLE f (x int)
g: CREATE TABLE g (x int)
--> a>b a>c a>d a>e a>f a>g

a: LOAD DATA LOCAL INFILE 'x' INTO TABLE b FIELDS TERMINATED BY ',' (x, @y) SET z = f(@y)
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN 1
--> a>b a>f

a: HANDLER b OPEN; DESCRIBE c; SHOW CREATE TABLE d; EXPLAIN SELECT * FROM e
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (x int)
e: CREATE TABLE e (x int)
--> a>d a>e

a: CREATE VIEW a AS SELECT * FROM z; SHOW CREATE VIEW a; SHOW CREATE VIEW v; SHOW CREATE FUNCTION f
f: CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1
v: CREATE VIEW v AS SELECT 1 AS x
z: ALTER ONLINE IGNORE TABLE t RENAME z
t: CREATE TABLE t (x int)
--> a>f a>v a>z z>t

a: CREATE FUNCTION a() RETURNS int READS SQL DATA RETURN (SELECT max(x) FROM b)
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TABLE a (x int) WITH SYSTEM VERSIONING; ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b (x)
b: CREATE TABLE b (x int primary key)
--> a>b

a: CREATE TABLE a (x int, y int AS (f(x)) VIRTUAL, CHECK (x > 1))
f: CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN 1
--> a>f

a: PREPARE s FROM 'SELECT * FROM b'; EXECUTE IMMEDIATE 'INSERT INTO c VALUES (1)'
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: DELIMITER //
  BEGIN NOT ATOMIC IF (SELECT count(*) FROM b) = 0 THEN INSERT INTO c VALUES (1); END IF; END//
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: DELIMITER //
  CREATE PROCEDURE a() BEGIN FOR r IN (SELECT x FROM b) DO INSERT INTO c VALUES (r.x); END FOR; END//
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: CREATE VIEW a AS SELECT * FROM b FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'
b: CREATE TABLE b (x int)
--> a>b

a: CREATE VIEW a AS SELECT * FROM LATERAL (SELECT 1 FROM b) q, (VALUES ROW(1)) r, c
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
--> a>b a>c

a: DELIMITER //
  CREATE PROCEDURE a() lbl: BEGIN DECLARE b INT DEFAULT (SELECT max(x) FROM t); DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; INSERT INTO u VALUES (b); END; lp: LOOP LEAVE lp; END LOOP; REPEAT SET b = f(b); UNTIL b > 1 END REPEAT; CASE b WHEN 1 THEN SELECT 1 FROM v; ELSE SELECT 2 FROM w; END CASE; END//
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
w: CREATE TABLE w (x int)
b: CREATE TABLE b (x int)
f: CREATE FUNCTION f(x int) RETURNS int RETURN 1
--> a>t a>u a>v a>w a>f

a: UPDATE t, u SET t.x = u.x WHERE t.y = u.y; DELETE t FROM t LEFT JOIN v USING (x); DELETE FROM q, w USING q INNER JOIN w
t: CREATE TABLE t (x int, y int)
u: CREATE TABLE u (x int, y int)
v: CREATE TABLE v (x int, y int)
q: CREATE TABLE q (x int, y int)
w: CREATE TABLE w (x int, y int)
--> a>t a>u a>v a>q a>w

a: CREATE VIEW `a` AS select `b`.`x` AS `x` from ((`db`.`t` `b` join `u` `c` on((`b`.`x` = `c`.`x`))) left join `v` on((`v`.`x` = `c`.`x`)))
t: CREATE TABLE db.t (x int)
u: CREATE TABLE u (x int)
v: CREATE TABLE v (x int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> a>t a>u a>v b>a c>a

a: CREATE VIEW a AS SELECT INTERVAL(b, 1, 2), IF(c, 1, 2), x'41', _utf8'd', `e`.`f` FROM t AS e WHERE MOD(g,2) AND h DIV 2 AND i REGEXP 'j' SOUNDS LIKE 'k'
t: CREATE TABLE t (b int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE VIEW e AS SELECT * FROM a
f: CREATE VIEW f AS SELECT * FROM a
g: CREATE VIEW g AS SELECT * FROM a
h: CREATE VIEW h AS SELECT * FROM a
i: CREATE VIEW i AS SELECT * FROM a
--> a>t b>a c>a d>a e>a f>a g>a h>a i>a

a: CREATE TABLE a (id int, PRIMARY KEY (id)) PARTITION BY RANGE (f(id)) (PARTITION b VALUES LESS THAN (10), PARTITION c VALUES LESS THAN MAXVALUE)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
--> b>a c>a

a: ALTER TABLE t ADD INDEX b (x), ADD CONSTRAINT c FOREIGN KEY d (x) REFERENCES u (x), DROP COLUMN e, EXCHANGE PARTITION p WITH TABLE v, RENAME INDEX g TO h
t: CREATE TABLE t (x int)
u: CREATE TABLE u (x int primary key)
v: CREATE TABLE v (x int)
b: CREATE VIEW b AS SELECT 1 AS z FROM t
c: CREATE VIEW c AS SELECT 1 AS z FROM t
d: CREATE VIEW d AS SELECT 1 AS z FROM t
e: CREATE VIEW e AS SELECT 1 AS z FROM t
g: CREATE VIEW g AS SELECT 1 AS z FROM t
h: CREATE VIEW h AS SELECT 1 AS z FROM t
--> a>t a>u a>v b>t c>t d>t e>t g>t h>t

a: INSERT INTO t (b, c) VALUES (1, 2) AS n(b, c) ON DUPLICATE KEY UPDATE b = n.b; INSERT INTO u SET x = (SELECT 1 FROM v); REPLACE INTO w TABLE q
t: CREATE TABLE t (x int, y int)
u: CREATE TABLE u (x int, y int)
v: CREATE TABLE v (x int, y int)
w: CREATE TABLE w (x int, y int)
q: CREATE TABLE q (x int, y int)
n: CREATE TABLE n (x int, y int)
--> a>t a>u a>v a>w a>q

a: CREATE PROCEDURE a() SELECT * FROM t PROCEDURE ANALYSE(10); CREATE USER u; CREATE ROLE r; GRANT r TO u; SET DEFAULT ROLE r FOR u
t: CREATE TABLE t (x int)
--> a>t

a: CREATE VIEW a AS SELECT GROUP_CONCAT(DISTINCT x ORDER BY (SELECT y FROM u) SEPARATOR 'FROM b'), COUNT(DISTINCT c, d), CAST(e AS UNSIGNED), CONVERT(f USING utf8mb4), TRIM(LEADING 'g' FROM h), EXTRACT(DAY FROM i), POSITION('x' IN j), SUBSTRING(k FROM 2) FROM t
t: CREATE TABLE t (x int)
u: CREATE TABLE u (y int)
b: CREATE VIEW b AS SELECT * FROM a
c: CREATE VIEW c AS SELECT * FROM a
d: CREATE VIEW d AS SELECT * FROM a
e: CREATE VIEW e AS SELECT * FROM a
f: CREATE VIEW f AS SELECT * FROM a
g: CREATE VIEW g AS SELECT * FROM a
h: CREATE VIEW h AS SELECT * FROM a
i: CREATE VIEW i AS SELECT * FROM a
j: CREATE VIEW j AS SELECT * FROM a
k: CREATE VIEW k AS SELECT * FROM a
--> a>t a>u b>a c>a d>a e>a f>a g>a h>a i>a j>a k>a

a: DELIMITER //
  CREATE PROCEDURE a(p TYPE OF t.x) BEGIN DECLARE q TYPE OF u.y; DECLARE r ROW TYPE OF v; DECLARE s b; END//
t: CREATE TABLE t (x int, y int)
u: CREATE TABLE u (x int, y int)
v: CREATE TABLE v (x int, y int)
b: CREATE TABLE b (x int, y int)
--> a>t a>u a>v

a: CREATE VIEW a AS SELECT CAST(x AS CHAR), CONVERT(y, DATE) FROM t
t: CREATE TABLE t (x int)
date: CREATE VIEW `date` AS SELECT * FROM a
char: CREATE VIEW `char` AS SELECT * FROM a
--> a>t date>a char>a

a: CREATE TABLE `a` (`x` int, KEY `b` (`x`), CONSTRAINT `a_ibfk_1` FOREIGN KEY (`x`) REFERENCES `c` (`x`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='references d'
b: CREATE TABLE `b` (`x` int)
c: CREATE TABLE `c` (`x` int)
d: CREATE TABLE `d` (`x` int)
--> a>c

a: /*!50001 DROP VIEW IF EXISTS `a`*/;
  /*!50001 CREATE ALGORITHM=UNDEFINED */
  /*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
  /*!50001 VIEW `a` AS select `b`.`x` AS `x` from `b` */;
b: CREATE TABLE b (x int)
--> a>b

a: CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.b = (SELECT max(c) FROM u), NEW.d = f(NEW.e)
t: CREATE TABLE t (b int)
u: CREATE TABLE u (c int)
f: CREATE FUNCTION f(x int) RETURNS int RETURN 1
b: CREATE VIEW b AS SELECT 1 FROM t
e: CREATE VIEW e AS SELECT 1 FROM t
--> a>t a>u a>f b>t e>t

a: CREATE VIEW a AS SELECT * FROM b WHERE NOT EXISTS (SELECT * FROM c WHERE c.x = b.x) ORDER BY (SELECT y FROM d) LIMIT 5 LOCK IN SHARE MODE
b: CREATE TABLE b (x int)
c: CREATE TABLE c (x int)
d: CREATE TABLE d (y int)
--> a>b a>c a>d

t: CREATE TABLE t (x int)
z: ALTER TABLE t ADD INDEX i (x), ADD KEY k (x), ADD FULLTEXT f (x), ADD UNIQUE u (x), ADD PARTITION (PARTITION p VALUES LESS THAN (1))
v: CREATE VIEW v AS SELECT * FROM t
--> z>t v>t

a: SET sql_mode = 'NO_BACKSLASH_ESCAPES';
  CREATE VIEW a AS SELECT 'x\' AS p FROM b WHERE y = '; FROM c';
b: CREATE TABLE b (y text)
c: CREATE TABLE c (x int)
--> a>b
