-- Test data may be deleted and written again: nothing refers to a purchase.
DELETE FROM purchase;

INSERT INTO purchase (product_id, quantity, purchased_on) VALUES
    (1, 3, '2025-01-03'),
    (2, 1, '2025-01-03'),
    (2, 4, '2025-01-07'),
    (3, 2, '2025-01-09');
