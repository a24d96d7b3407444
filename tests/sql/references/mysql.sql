CREATE TABLE t (id int PRIMARY KEY, KEY basket (id), FOREIGN KEY (a) REFERENCES `u` (`b`) ON DELETE CASCADE)
--> C relation u

CREATE TABLE t LIKE u
--> C relation u

CREATE TABLE t (LIKE u)
--> C relation u

CREATE TABLE t (a int DEFAULT NEXTVAL(q), b int DEFAULT (NEXT VALUE FOR r)) SELECT * FROM u
--> C sequence q, C sequence r, C relation u

CREATE DEFINER=`root`@`localhost` FUNCTION f(a INT) RETURNS INT DETERMINISTIC BEGIN DECLARE b INT DEFAULT g(a); SELECT x INTO b FROM t; RETURN b; END
--> L routine g, L relation t

CREATE PROCEDURE p() UPDATE t AS a JOIN u AS b ON a.x = b.x SET a.y = 1
--> L relation t, L relation u

CREATE PROCEDURE p() DELETE a, b FROM t AS a JOIN u AS b ON a.x = b.x
--> L relation t, L relation u

CREATE PROCEDURE p() INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = u.a + 1
--> L relation t

CREATE PROCEDURE p() REPLACE t SELECT * FROM u
--> L relation t, L relation u

CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW FOLLOWS b SET NEW.x = f(1)
--> C relation t, C trigger b, L routine f

CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO CALL p()
--> L routine p

CREATE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW v AS SELECT * FROM t
--> C relation t

ALTER ALGORITHM=MERGE VIEW v AS SELECT * FROM t
--> C relation t

CREATE OR REPLACE VIEW v AS SELECT f(1), db.g(2) FROM t
--> C routine f, C routine db.g, M package db, C relation t

LOAD DATA LOCAL INFILE 'x' INTO TABLE t FIELDS TERMINATED BY ','
--> C relation t

CREATE FUNCTION f() RETURNS int RETURN NEXT VALUE FOR q
--> L sequence q

ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (b), ADD INDEX i (c)
--> C relation t, C relation u

PREPARE s FROM 'SELECT * FROM t'
--> L relation t

CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN g(x); LOOP FETCH GROUP NEXT ROW; INSERT INTO t VALUES (x); END LOOP; END
--> L routine g, L relation t

CREATE PACKAGE BODY p AS PROCEDURE q AS BEGIN INSERT INTO t SELECT * FROM u; END; END
--> C package p, L relation t, L relation u

GRANT SELECT ON s.* TO r
GO
GRANT SELECT ON t TO r
--> C object t

CREATE VIEW v AS SELECT CONCAT('`#', s.f(x), "`", s.g(x) /* ' */, s.h(x), 'it\'s `', s.i(x)) AS y FROM t # it's `one
--> C routine s.f, C routine s.g, C routine s.h, C routine s.i, C relation t, M package s
