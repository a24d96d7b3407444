CREATE TABLE town (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL, updated TIMESTAMP NOT NULL);
CREATE TABLE branch (
    id INTEGER NOT NULL, head_id SMALLINT NOT NULL, town_id INTEGER NOT NULL, updated TIMESTAMP, PRIMARY KEY (id),
    CONSTRAINT fk_branch_head FOREIGN KEY (head_id) REFERENCES librarian (id) ON DELETE NO ACTION ON UPDATE CASCADE,
    CONSTRAINT fk_branch_town FOREIGN KEY (town_id) REFERENCES town (id)
);
CREATE TABLE librarian (
    id SMALLINT NOT NULL, full_name VARCHAR(90) NOT NULL, picture BLOB DEFAULT NULL, branch_id INT NOT NULL,
    active SMALLINT DEFAULT 1 NOT NULL, PRIMARY KEY (id),
    CONSTRAINT fk_librarian_branch FOREIGN KEY (branch_id) REFERENCES branch (id) ON DELETE NO ACTION ON UPDATE CASCADE
);
CREATE INDEX idx_fk_branch ON librarian(branch_id);
CREATE TABLE title (
    id INT NOT NULL, name VARCHAR(255) NOT NULL, description BLOB SUB_TYPE TEXT DEFAULT NULL, published VARCHAR(4),
    fee DECIMAL(4, 2) DEFAULT 4.99 NOT NULL, audience VARCHAR(10) DEFAULT 'ALL', features VARCHAR(100) DEFAULT NULL,
    updated TIMESTAMP NOT NULL, PRIMARY KEY (id),
    CONSTRAINT check_features CHECK (features IS NULL OR features LIKE '%Maps%' OR features LIKE '%It''s signed%'),
    CONSTRAINT check_audience CHECK (audience IN ('ALL', 'CHILDREN', 'NC-12', 'R+'))
);
CREATE TABLE title_text (title_id SMALLINT NOT NULL, name VARCHAR(255) NOT NULL, PRIMARY KEY (title_id)) WITHOUT ROWID;
CREATE TABLE copy (id INTEGER PRIMARY KEY, title_id INT NOT NULL REFERENCES title (id), branch_id INT NOT NULL);
CREATE TABLE loan (id INTEGER PRIMARY KEY, lent TIMESTAMP NOT NULL, copy_id INT NOT NULL, member_id INT NOT NULL);
CREATE UNIQUE INDEX idx_loan_once ON loan (lent, copy_id, member_id);
CREATE TRIGGER title_ai AFTER INSERT ON title
 BEGIN
  UPDATE title SET updated = DATETIME('NOW') WHERE rowid = new.rowid;
 END
;
CREATE TRIGGER title_au AFTER UPDATE OF name ON title WHEN old.name <> new.name
 BEGIN
  UPDATE title_text SET name = CASE WHEN new.name = '' THEN 'END;' ELSE new.name END WHERE title_id = old.id;
 END
;
CREATE VIEW title_list
AS
SELECT t.id AS tid, t.name AS title, group_concat(l.full_name, ', ') AS keepers
FROM title AS t LEFT JOIN copy AS c ON c.title_id = t.id LEFT JOIN librarian AS l ON l.branch_id = c.branch_id GROUP BY t.id
;
CREATE VIEW busy_title AS SELECT l.title, (SELECT COUNT(*) FROM copy WHERE title_id = l.tid) AS copies FROM title_list l;
INSERT INTO town VALUES (1, 'Oulu', '2024-01-01');
