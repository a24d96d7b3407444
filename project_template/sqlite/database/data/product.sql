-- Can be run again at any time: rows are added or changed, and none is deleted that a purchase may refer to.
INSERT INTO product (id, name, price) VALUES
    (1, 'Kettle', 39.90),
    (2, 'Teapot', 24.50),
    (3, 'Teacup', 8.00)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, price = excluded.price;
