CREATE TABLE author (
    id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL COMMENT 'it''s "the" name: 50%', favourite INT,
    kind ENUM('a', 'b;c') DEFAULT 'b;c', seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) COMMENT = 'authors';
CREATE TABLE book (
    id INT PRIMARY KEY, author_id INT NOT NULL, title VARCHAR(100) NOT NULL, pages INT CHECK (pages > 0),
    twice INT AS (pages * 2) STORED, `odd ``name` TEXT, KEY by_title (title(10)), FULLTEXT KEY words (title),
    CONSTRAINT written_by FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE
);
ALTER TABLE author ADD CONSTRAINT favourite_book FOREIGN KEY (favourite) REFERENCES book (id);
CREATE VIEW long_book AS SELECT id, title FROM book WHERE pages > 500 WITH CHECK OPTION;
CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW author_book AS
    SELECT a.name, b.title FROM author a JOIN book b ON b.author_id = a.id WHERE a.name <> 'CREATE DEFINER=`x`@`y` ';
DELIMITER //
CREATE FUNCTION pages_of(author INT) RETURNS INT READS SQL DATA COMMENT 'sum'
BEGIN
    DECLARE total INT;
    SELECT SUM(pages) INTO total FROM book WHERE author_id = author;
    RETURN total;
END//
CREATE PROCEDURE add_book(IN new_title VARCHAR(100), OUT new_id INT) SQL SECURITY INVOKER
BEGIN
    -- a comment // with $$ in it
    INSERT INTO book (id, author_id, title) VALUES (1, 1, new_title);
    SET new_id = LAST_INSERT_ID();
END//
CREATE TRIGGER book_added AFTER INSERT ON book FOR EACH ROW
BEGIN
    UPDATE author SET seen = NOW() WHERE id = NEW.author_id;
END//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO
BEGIN
    DELETE FROM book WHERE pages IS NULL;
END//
SET sql_mode = 'ANSI_QUOTES'//
CREATE PROCEDURE quoted() BEGIN SELECT "id" FROM "book"; END//
DELIMITER ;
