CREATE TABLE town (
    id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT, name VARCHAR(50) NOT NULL, place GEOMETRY NOT NULL,
    updated TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (id),
    SPATIAL KEY idx_place (place)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
CREATE TABLE branch (
    id TINYINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, head_id TINYINT UNSIGNED NOT NULL,
    town_id SMALLINT UNSIGNED NOT NULL, UNIQUE KEY one_head (head_id), KEY of_town (town_id),
    CONSTRAINT fk_branch_town FOREIGN KEY (town_id) REFERENCES town (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE librarian (
    id TINYINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(90) NOT NULL, picture BLOB DEFAULT NULL,
    branch_id TINYINT UNSIGNED NOT NULL, active BOOLEAN NOT NULL DEFAULT TRUE,
    password VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
    CONSTRAINT fk_librarian_branch FOREIGN KEY (branch_id) REFERENCES branch (id) ON DELETE RESTRICT ON UPDATE CASCADE
) DEFAULT CHARSET = latin1;
ALTER TABLE branch ADD CONSTRAINT fk_branch_head FOREIGN KEY (head_id) REFERENCES librarian (id) ON UPDATE CASCADE;
CREATE TABLE title (
    id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(128) NOT NULL, description TEXT,
    published YEAR DEFAULT NULL, fee DECIMAL(4, 2) NOT NULL DEFAULT 4.99, days TINYINT UNSIGNED NOT NULL DEFAULT 3,
    audience ENUM('ALL', 'CHILDREN', 'NC-12', 'R+') DEFAULT 'ALL', features SET('Maps', 'Large print', 'It''s signed'),
    KEY idx_name (name)
);
CREATE TABLE title_text (
    title_id SMALLINT NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, description TEXT,
    FULLTEXT KEY idx_name_description (name, description)
);
CREATE TABLE copy (
    id MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, title_id SMALLINT UNSIGNED NOT NULL,
    branch_id TINYINT UNSIGNED NOT NULL, KEY of_branch (branch_id, title_id),
    CONSTRAINT fk_copy_title FOREIGN KEY (title_id) REFERENCES title (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE member (
    id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(90) NOT NULL, joined DATETIME NOT NULL,
    active BOOLEAN NOT NULL DEFAULT TRUE
) AUTO_INCREMENT = 600;
CREATE TABLE loan (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, lent DATETIME NOT NULL, copy_id MEDIUMINT UNSIGNED NOT NULL,
    member_id SMALLINT UNSIGNED NOT NULL, returned DATETIME DEFAULT NULL, UNIQUE KEY (lent, copy_id, member_id),
    CONSTRAINT fk_loan_copy FOREIGN KEY (copy_id) REFERENCES copy (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT fk_loan_member FOREIGN KEY (member_id) REFERENCES member (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE TABLE fee (
    id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, member_id SMALLINT UNSIGNED NOT NULL, loan_id INT,
    amount DECIMAL(5, 2) NOT NULL, paid DATETIME NOT NULL,
    CONSTRAINT fk_fee_loan FOREIGN KEY (loan_id) REFERENCES loan (id) ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE TABLE visit (at DATE NOT NULL, branch_id INT NOT NULL, PRIMARY KEY (at, branch_id))
    PARTITION BY RANGE (YEAR(at)) (PARTITION before_2024 VALUES LESS THAN (2024), PARTITION later VALUES LESS THAN MAXVALUE);
DELIMITER ;;
CREATE TRIGGER title_added AFTER INSERT ON title FOR EACH ROW BEGIN
    INSERT INTO title_text (title_id, name, description) VALUES (new.id, new.name, new.description);
END;;
CREATE TRIGGER title_changed AFTER UPDATE ON title FOR EACH ROW BEGIN
    IF (old.name != new.name) OR (old.description != new.description) OR (old.id != new.id) THEN
        UPDATE title_text SET name = new.name, description = new.description, title_id = new.id WHERE title_id = old.id;
    END IF;
END;;
CREATE TRIGGER title_removed AFTER DELETE ON title FOR EACH ROW BEGIN
    DELETE FROM title_text WHERE title_id = old.id;
END;;
DELIMITER ;
CREATE TRIGGER member_joined BEFORE INSERT ON member FOR EACH ROW SET NEW.joined = NOW();
CREATE TRIGGER fee_paid BEFORE INSERT ON fee FOR EACH ROW SET NEW.paid = NOW();
CREATE TRIGGER fee_rounded BEFORE INSERT ON fee FOR EACH ROW FOLLOWS fee_paid SET NEW.amount = ROUND(NEW.amount, 1);
CREATE VIEW member_list AS
SELECT m.id AS ID, m.full_name AS name, IF(m.active, _utf8mb4'active', _utf8mb4'') AS notes FROM member AS m;
CREATE VIEW title_list AS
SELECT t.id AS tid, t.name AS title, t.audience,
    GROUP_CONCAT(CONCAT(UCASE(SUBSTR(l.full_name, 1, 1)), _utf8mb4 ' ', l.full_name) ORDER BY l.id SEPARATOR ', ') AS keepers
FROM title t LEFT JOIN copy c ON c.title_id = t.id LEFT JOIN librarian l ON l.branch_id = c.branch_id
GROUP BY t.id, t.name, t.audience;
CREATE SQL SECURITY INVOKER VIEW busy_title AS
SELECT l.title, (SELECT COUNT(*) FROM copy WHERE copy.title_id = l.tid) AS copies FROM title_list l ORDER BY copies DESC;
DELIMITER $$
CREATE FUNCTION is_in(p_copy INT) RETURNS BOOLEAN READS SQL DATA
BEGIN
    DECLARE v_loans INT;
    DECLARE v_out INT;
    SELECT COUNT(*) INTO v_loans FROM loan WHERE copy_id = p_copy;
    IF v_loans = 0 THEN
        RETURN TRUE;
    END IF;
    SELECT COUNT(id) INTO v_out FROM copy LEFT JOIN loan USING (id) WHERE copy.id = p_copy AND loan.returned IS NULL;
    IF v_out > 0 THEN RETURN FALSE; ELSE RETURN TRUE; END IF;
END $$
CREATE FUNCTION held_by(p_copy INT) RETURNS INT READS SQL DATA
BEGIN
    DECLARE v_member INT; # an old comment
    DECLARE EXIT HANDLER FOR NOT FOUND RETURN NULL;
    SELECT member_id INTO v_member FROM loan WHERE returned IS NULL AND copy_id = p_copy;
    RETURN v_member;
END $$
CREATE FUNCTION balance(p_member INT, p_at DATETIME) RETURNS DECIMAL(5, 2) DETERMINISTIC READS SQL DATA
BEGIN
    #WHAT A MEMBER OWES:
    #   1) FEES BY LOAN
    DECLARE v_paid DECIMAL(5, 2); #WHAT WAS PAID
    SELECT IFNULL(SUM(amount), 0) INTO v_paid FROM fee WHERE paid <= p_at AND member_id = p_member;
    RETURN -v_paid;
END $$
CREATE PROCEDURE copies_in(IN p_title INT, IN p_branch INT, OUT p_count INT) READS SQL DATA
BEGIN
    SELECT id FROM copy WHERE title_id = p_title AND branch_id = p_branch AND is_in(id);
    SELECT COUNT(*) FROM copy WHERE title_id = p_title AND branch_id = p_branch AND is_in(id) INTO p_count;
END $$
CREATE PROCEDURE reward(IN least TINYINT UNSIGNED, OUT rewarded INT) READS SQL DATA COMMENT 'A report to be changed'
proc: BEGIN
    DECLARE last_month DATE;
    IF least = 0 THEN
        SELECT 'The number must be > 0';
        LEAVE proc;
    END IF;
    SET last_month = DATE_SUB(CURRENT_DATE(), INTERVAL 1 MONTH);
    CREATE TEMPORARY TABLE best (id SMALLINT UNSIGNED NOT NULL PRIMARY KEY);
    INSERT INTO best (id) SELECT f.member_id FROM fee AS f WHERE DATE(f.paid) > last_month GROUP BY 1;
    SELECT COUNT(*) FROM best INTO rewarded;
    SELECT m.* FROM best AS b INNER JOIN member AS m ON b.id = m.id;
    DROP TABLE best;
END $$
DELIMITER ;
