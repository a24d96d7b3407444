CREATE TABLE author (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, born TEXT DEFAULT '12:30');
CREATE TABLE book (
    id INTEGER PRIMARY KEY, author_id INT NOT NULL REFERENCES author (id) ON DELETE CASCADE, title TEXT NOT NULL,
    pages INT CHECK (pages > 0), "odd ""name""" TEXT, length INT GENERATED ALWAYS AS (pages * 2) STORED
) STRICT;
CREATE UNIQUE INDEX book_title ON book (title) WHERE pages > 10;
CREATE INDEX book_lower ON book (lower(title));
CREATE VIEW "long book" AS SELECT id, title FROM book WHERE pages > 500; -- a comment behind it
CREATE VIEW author_book AS SELECT a.name, b.title FROM author a JOIN book b ON b.author_id = a.id;
CREATE TRIGGER book_added AFTER INSERT ON book BEGIN
    UPDATE author SET born = ';' WHERE id = new.author_id;
    SELECT 1;
END;
CREATE TRIGGER author_book_added INSTEAD OF INSERT ON author_book BEGIN
    INSERT INTO author (name) VALUES (new.name);
END;
CREATE VIRTUAL TABLE word USING fts5 (text);
