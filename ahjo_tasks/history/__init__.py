"""The history of a database: which runs changed it, what each file left in it, and the texts that were deployed."""
