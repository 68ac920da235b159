"""A web application in which each user reaches the database as themselves."""
