"""A Django project that asks its database who it is."""
