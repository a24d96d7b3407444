-- EXEC dbo.raise_prices @percent = 2.5;
DROP PROCEDURE IF EXISTS dbo.raise_prices;
GO

CREATE PROCEDURE dbo.raise_prices @percent decimal(5, 2)
AS
BEGIN
    SET NOCOUNT ON;

    UPDATE dbo.product SET price = dbo.raised_price(price, @percent);
END;
GO
