-- Protects what is billed by weight.
SELECT CONCAT('parcel ', parcel, ' of ', CAST(weight_kg AS VARCHAR), ' kg') AS bad_row
FROM staged
WHERE weight_kg <= 0
