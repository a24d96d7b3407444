-- CALL raise_prices(2.5);
DROP PROCEDURE IF EXISTS raise_prices;

DELIMITER //

CREATE PROCEDURE raise_prices(IN percent DECIMAL(5, 2))
MODIFIES SQL DATA
BEGIN
    UPDATE product SET price = raised_price(price, percent);
END//

DELIMITER ;
