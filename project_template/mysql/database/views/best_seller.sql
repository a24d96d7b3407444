-- Uses product_sales, whose file comes later by name: files are deployed in the order that their SQL asks for.
CREATE OR REPLACE VIEW best_seller AS
SELECT product_id, name, sold, revenue
FROM product_sales
WHERE sold = (SELECT MAX(sold) FROM product_sales);
