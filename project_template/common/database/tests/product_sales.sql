-- A row passes when its column result says OK. These hold with any data, so they can run after every release.
SELECT
    'product_sales counts every purchase' AS test_name,
    'sold is not the sum of the purchases' AS issue,
    CASE
        WHEN (SELECT COALESCE(SUM(sold), 0) FROM product_sales) = (SELECT COALESCE(SUM(quantity), 0) FROM purchase)
            THEN 'OK'
        ELSE 'FAIL'
    END AS result
UNION ALL
SELECT
    'nothing outsells the best seller',
    'best_seller is not the product sold most',
    CASE
        WHEN EXISTS (SELECT 1 FROM product_sales WHERE sold > (SELECT MAX(sold) FROM best_seller)) THEN 'FAIL'
        ELSE 'OK'
    END;
