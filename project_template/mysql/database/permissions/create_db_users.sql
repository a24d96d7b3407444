-- Run by create-db-users. A new user is locked until the server's administrator sets a password and unlocks it.

-- CREATE USER IF NOT EXISTS `$(reader_user)`@`%` ACCOUNT LOCK;
