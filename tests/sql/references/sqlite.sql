CREATE TABLE t (a INTEGER PRIMARY KEY, b, c TEXT REFERENCES u (x) ON DELETE SET NULL, FOREIGN KEY (b) REFERENCES v)
--> L relation u, L relation v

CREATE VIEW v AS SELECT * FROM t
--> L relation t

CREATE TRIGGER g AFTER UPDATE OF a ON t WHEN NEW.a > 1 BEGIN INSERT OR IGNORE INTO u SELECT * FROM w; DELETE FROM x; END
--> C relation t, L relation u, L relation w, L relation x

CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE) WHERE b
--> C relation t

REPLACE INTO t SELECT replace(a, 'b', 'c') FROM u
--> C relation t, C relation u
